// Package hooks installs r8scan as git hooks, in one repository or for all of
// the user's, beside the hooks that are there; and it reads what git tells a
// hook, and GitHub a workflow, about the commits that they run for.
package hooks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"r8scan/internal/door"
	"r8scan/internal/regular"
	"r8scan/internal/shell"
)

// Installer installs and uninstalls hooks, and tells of each what it did.
type Installer struct {
	Out     io.Writer // what was done goes here
	Err     io.Writer // and why something was not
	Version string    // of r8scan, for what is added to others' configuration
}

// ErrLeft says that not all was done, and that Installer.Err says why.
var ErrLeft = errors.New("hooks were left as they are")

// ErrUnknown says that a name is that of no hook which r8scan can be.
var ErrUnknown = errors.New("unknown hook")

// chosenKinds returns the kinds with these names, nil if there are none.
func chosenKinds(names []string) ([]*kind, error) {
	var chosen []*kind
	for _, name := range names {
		k := kindByName(name)
		if k == nil {
			return nil, fmt.Errorf("%w %q: use pre-commit, pre-push or pre-receive", ErrUnknown, name)
		}
		if !slices.Contains(chosen, k) {
			chosen = append(chosen, k)
		}
	}
	return chosen, nil
}

// tell prints a line about what was done. Paths may hold anything.
func (i Installer) tell(format string, args ...any) {
	fmt.Fprintln(i.Out, door.Printable(fmt.Sprintf(format, args...)))
}

// complain says in one line or more why something was not done.
func (i Installer) complain(text string) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for n, line := range lines {
		lines[n] = door.Printable(line)
	}
	fmt.Fprintf(i.Err, "r8scan: %s\n", strings.Join(lines, "\n"))
}

// Install installs the hooks with these names in the repository around path;
// without names, those that it is used for. Either all may be installed or none
// is.
func (i Installer) Install(ctx context.Context, path string, names []string) error {
	chosen, err := chosenKinds(names)
	if err != nil {
		return err
	}
	binary, err := ownBinary()
	if err != nil {
		return err
	}
	r, err := openTarget(ctx, path)
	if err != nil {
		return err
	}
	if chosen == nil {
		chosen = []*kind{kindByName("pre-commit"), kindByName("pre-push")}
		if r.top == "" {
			chosen = []*kind{kindByName("pre-receive")}
		}
	}
	if r.shared() {
		return i.installShared(r, chosen)
	}
	hooks, err := r.openHooks(chosen)
	if err != nil {
		return err
	}
	if m := managerOf(r.hooks, hooks); m != nil {
		i.complain(fmt.Sprintf("nothing was installed, because %s manages the hooks here; %s", m.name, m.add(i.Version)))
		return ErrLeft
	}
	for _, h := range hooks {
		if err := h.mayInstall(); err != nil {
			return err
		}
	}
	for _, h := range hooks {
		if err := i.installHook(h, h.script(binary)); err != nil {
			return err
		}
	}
	if r.tracked() {
		i.tell("note: core.hooksPath is a folder in the work tree, so git shows the hooks as changes")
	}
	undo := "r8scan uninstall"
	if path != "." {
		undo += " " + shell.Quoted(path)
	}
	i.tell("undo with: %s", undo)
	return nil
}

// installShared tells what to do where git looks for hooks in one folder for
// many repositories: that is not this repository's to change.
func (i Installer) installShared(r *target, chosen []*kind) error {
	dir, err := globalHooksDir()
	if err != nil || r.hooks != dir {
		return fmt.Errorf("git looks for the hooks of all repositories in %s (core.hooksPath, %s configuration): %s, or first give this one its own with git config --local core.hooksPath %s",
			r.hooks, r.scope, linesToAdd(chosen), shell.Quoted(filepath.ToSlash(r.own)))
	}
	for _, g := range chosen {
		if text, err := regular.ReadFollowed(filepath.Join(dir, g.name), maxHook); err != nil || !isCheck(text) {
			return fmt.Errorf("git looks for the hooks of all repositories in %s, which r8scan has made: r8scan install --global --hook %s adds this one", dir, g.name)
		}
	}
	i.tell("already installed for all of your repositories, this one included: undo with r8scan uninstall --global")
	return nil
}

// linesToAdd tells what to add to hooks that r8scan does not write.
func linesToAdd(chosen []*kind) string {
	var add []string
	for _, g := range chosen {
		add = append(add, fmt.Sprintf("add the line `r8scan %s` to its %s", g.command, g.name))
	}
	return strings.Join(add, " and ")
}

// openHooks looks at hooks in the folder that git looks in.
func (r *target) openHooks(chosen []*kind) ([]*file, error) {
	if info, err := os.Stat(r.hooks); err == nil && !info.IsDir() || r.scope != "" && r.setTo == "" {
		return nil, fmt.Errorf("core.hooksPath is %q, which is no folder: git runs no hooks here; unset it first", r.setTo)
	}
	var hooks []*file
	for _, g := range chosen {
		h, err := openHook(r.hooks, g)
		if err != nil {
			return nil, err
		}
		hooks = append(hooks, h)
	}
	return hooks, nil
}

// installHook installs one hook and tells of it.
func (i Installer) installHook(h *file, script []byte) error {
	err := os.MkdirAll(filepath.Dir(h.path), 0o755)
	done := false
	if err == nil {
		done, err = h.install(script)
	}
	if err == nil && h.kept != "" {
		err = h.shelf.link()
	}
	switch {
	case err != nil:
		return fmt.Errorf("install %s: %w: install as somebody who may write there", h.path, err)
	case !done:
		i.tell("already installed: %s", h.path)
	default:
		i.tell("installed: %s", h.path)
	}
	switch {
	case h.kept == "":
	case !executable(h.kept):
		i.tell("  the hook that was there is kept as %s; git did not run it, as it is not executable", h.kept)
	default:
		i.tell("  the hook that was there goes on working; it is kept as %s", h.kept)
	}
	return nil
}

// Uninstall takes r8scan's hooks out of the repository around path: also
// out of its own folder, if core.hooksPath was set after they were installed.
func (i Installer) Uninstall(ctx context.Context, path string) error {
	r, err := openTarget(ctx, path)
	if err != nil {
		return err
	}
	dirs := []string{r.own}
	if info, err := os.Stat(r.hooks); r.hooks != r.own && !r.shared() && err == nil && info.IsDir() {
		dirs = append(dirs, r.hooks)
	}
	var left []error
	done := false
	for _, dir := range dirs {
		for k := range kinds {
			was, err := i.uninstallHook(dir, &kinds[k])
			if err != nil {
				left = append(left, err)
			}
			done = done || was
		}
	}
	if !done && left == nil {
		i.tell("no hooks of r8scan in %s", strings.Join(dirs, " and "))
	}
	return i.leftAlone(left)
}

// uninstallHook takes one hook away and tells of it. It returns false if it was
// not there.
func (i Installer) uninstallHook(dir string, g *kind) (bool, error) {
	h, err := openHook(dir, g)
	if err == nil {
		err = h.mayUninstall()
	}
	if err != nil {
		return false, err
	}
	done, err := h.uninstall()
	switch {
	case done && h.kept != "":
		i.tell("put back: %s", h.path)
	case done:
		i.tell("removed: %s", h.path)
	}
	if err != nil {
		return done, fmt.Errorf("uninstall %s: %w", h.path, err)
	}
	return done, nil
}

// leftAlone tells what an uninstall had to leave, and returns nil if nothing.
func (i Installer) leftAlone(left []error) error {
	for _, err := range left {
		i.complain(err.Error())
	}
	if len(left) > 0 {
		return ErrLeft
	}
	return nil
}
