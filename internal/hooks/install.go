// Package hooks installs r8scan as git hooks, in one repository or for all of the
// user's, and keeps existing hooks working. It also reads which commits a git hook
// or a GitHub workflow runs for.
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

// Installer installs and uninstalls hooks, and prints what it did.
type Installer struct {
	Out io.Writer // what was done goes here
	Err io.Writer // why something was not done goes here
}

// ErrLeft says that something was not done. Installer.Err says why.
var ErrLeft = errors.New("hooks were left as they are")

// ErrUnknown says that r8scan cannot be a hook of that name.
var ErrUnknown = errors.New("unknown hook")

// chosenKinds returns the kinds with these names, nil without names.
func chosenKinds(names []string) ([]*kind, error) {
	var chosen []*kind
	for _, name := range names {
		k := kindByName(name)
		if k == nil {
			return nil, fmt.Errorf("%w %q: use %s", ErrUnknown, name, kindNames())
		}
		if !slices.Contains(chosen, k) {
			chosen = append(chosen, k)
		}
	}
	return chosen, nil
}

// tell prints a line about what was done. A path in it may hold any character.
func (i Installer) tell(format string, args ...any) {
	fmt.Fprintln(i.Out, door.Printable(fmt.Sprintf(format, args...)))
}

// complain prints why something was not done, in one or more lines.
func (i Installer) complain(text string) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for n, line := range lines {
		lines[n] = door.Printable(line)
	}
	fmt.Fprintf(i.Err, "r8scan: %s\n", strings.Join(lines, "\n"))
}

// Install installs the hooks with these names in the repository around path.
// Without names it installs all that check commits and pushes, or pre-receive in a
// bare repository. It installs none if one of them may not be installed.
func (i Installer) Install(ctx context.Context, path string, names []string) error {
	chosen, err := chosenKinds(names)
	if err != nil {
		return err
	}
	binary, err := OwnBinary()
	if err != nil {
		return err
	}
	r, err := openTarget(ctx, path)
	if err != nil {
		return err
	}
	if chosen == nil {
		chosen = usual(r.top == "")
	}
	if r.shared() {
		return i.installShared(r, chosen)
	}
	hooks, err := r.openHooks(chosen)
	if err != nil {
		return err
	}
	if m := managerOf(r, hooks); m != nil {
		return i.leaveTo(m, r)
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

// leaveTo says what to add to the configuration of the tool that manages the hooks.
func (i Installer) leaveTo(m *manager, r *target) error {
	if r.top != "" && m.runsUs(r.top) {
		i.tell("%s runs r8scan already, as its configuration says: set it up with %s", m.name, m.then)
		return nil
	}
	or := ""
	if m.into != nil {
		or = "or let r8scan add it: r8scan install --into " + m.name + "\n"
	}
	i.complain(fmt.Sprintf("not installed, because %s manages the hooks here: %s%sthen run: %s", m.name, m.add, or, m.then))
	return ErrLeft
}

// InstallInto adds r8scan to the configuration of the tool that manages the hooks of
// the repository around path.
func (i Installer) InstallInto(ctx context.Context, path, name string) error {
	m := managerByName(name)
	if m == nil || m.into == nil {
		return fmt.Errorf("--into %s: use husky, lefthook or pre-commit", name)
	}
	r, err := openTarget(ctx, path)
	if err != nil {
		return err
	}
	if r.top == "" {
		return fmt.Errorf("--into %s: a bare repository has no such configuration: run r8scan install", name)
	}
	if !m.isConfigured(r.top) {
		return fmt.Errorf("--into %s: %s has no configuration of %[1]s: create it first, or run r8scan install", name, r.top)
	}
	changed, err := m.into(ctx, r.top)
	switch {
	case errors.Is(err, errByHand):
		i.complain(fmt.Sprintf("not added: %s\n%s", err, m.add))
		return ErrLeft
	case err != nil:
		return fmt.Errorf("--into %s: %w", name, err)
	case len(changed) == 0:
		i.tell("%s runs r8scan already, as its configuration says", name)
	}
	for _, file := range changed {
		i.tell("added to: %s", file)
	}
	i.tell("set it up with: %s", m.then)
	return nil
}

// installShared says what to do if many repositories share one folder of hooks:
// an install in one repository must not change it.
func (i Installer) installShared(r *target, chosen []*kind) error {
	dir, err := globalHooksDir()
	if err != nil || r.hooks != dir {
		return fmt.Errorf("git takes the hooks of all repositories from %s (core.hooksPath, %s configuration): %s, or first give this repository its own hooks with git config --local core.hooksPath %s",
			r.hooks, r.scope, linesToAdd(chosen), shell.Quoted(filepath.ToSlash(r.own)))
	}
	for _, g := range chosen {
		if text, err := regular.ReadFollowed(filepath.Join(dir, g.name), maxHook); err != nil || !isCheck(text) {
			return fmt.Errorf("git takes the hooks of all repositories from r8scan's folder %s: add this one with r8scan install --global --hook %s", dir, g.name)
		}
	}
	i.tell("already installed for all of your repositories: undo with r8scan uninstall --global")
	return nil
}

// linesToAdd says what to add to hooks that r8scan does not write.
func linesToAdd(chosen []*kind) string {
	var add []string
	for _, g := range chosen {
		add = append(add, fmt.Sprintf("add the line `r8scan %s` to its %s", g.command, g.name))
	}
	return strings.Join(add, " and ")
}

// openHooks inspects hooks in the folder where git looks for them.
func (r *target) openHooks(chosen []*kind) ([]*file, error) {
	if info, err := os.Stat(r.hooks); err == nil && !info.IsDir() || r.scope != "" && r.setTo == "" {
		return nil, fmt.Errorf("core.hooksPath is %q, which is not a folder, so git runs no hooks here: unset it first", r.setTo)
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

// installHook installs one hook and prints what it did.
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
		return fmt.Errorf("install %s: %w: run it as a user who may write there", h.path, err)
	case !done:
		i.tell("already installed: %s", h.path)
	default:
		i.tell("installed: %s", h.path)
	}
	switch {
	case h.kept == "":
	case !executable(h.kept):
		i.tell("  your earlier hook is now %s; git did not run it, because it is not executable", h.kept)
	default:
		i.tell("  your earlier hook keeps working; it is now %s", h.kept)
	}
	return nil
}

// Uninstall removes r8scan's hooks from the repository around path. It also looks
// in the repository's own folder, because core.hooksPath may have been set later.
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
		i.tell("r8scan has no hooks in %s", strings.Join(dirs, " or "))
	}
	return i.leftAlone(left)
}

// uninstallHook removes one hook and prints what it did. It returns false if
// there was nothing to do.
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

// leftAlone prints what an uninstall had to leave. It returns nil if that is
// nothing.
func (i Installer) leftAlone(left []error) error {
	for _, err := range left {
		i.complain(err.Error())
	}
	if len(left) > 0 {
		return ErrLeft
	}
	return nil
}
