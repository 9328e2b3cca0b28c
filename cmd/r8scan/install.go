package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"r8scan/internal/regular"
	"r8scan/report"
	"r8scan/rules"
)

func (c command) install() *cobra.Command {
	var global bool
	var names []string
	cmd := &cobra.Command{
		Use:   "install [REPO]",
		Short: "Make git check commits and pushes with r8scan",
		Long: `Install the git hooks pre-commit (r8scan staged) and pre-push (r8scan push) in the
repository that holds the current folder, or in REPO; in a bare repository install
pre-receive (r8scan receive). core.hooksPath is respected. A hook that is there goes
on working and comes back with r8scan uninstall. Where husky, lefthook or pre-commit
manages the hooks, nothing is changed, and you are told what to add for them.

With --global, install hooks for all of your repositories: in git's configuration
where git is 2.54 or newer, else in a folder that core.hooksPath is set to, with hooks
that also run each repository's own.

Hooks run this r8scan, or the one on PATH if this one is gone. If there is none they
refuse.

Exit codes:
  0  installed, or was already
  2  not installed`,
		Example: `  r8scan install
  r8scan install --hook pre-push ~/src/app
  r8scan install --global`,
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			chosen, err := chosenGuards(names)
			if err != nil {
				return err
			}
			if global {
				if err := noRepoWithGlobal(cmd, args); err != nil {
					return err
				}
				return c.installGlobal(cmd.Context(), chosen)
			}
			return c.installHere(cmd.Context(), onlyArg(args), chosen)
		},
	}
	cmd.Flags().BoolVar(&global, "global", false, "for all of your repositories")
	cmd.Flags().StringArrayVar(&names, "hook", nil, "only this `hook`: pre-commit, pre-push or pre-receive (repeatable)")
	return cmd
}

func (c command) uninstall() *cobra.Command {
	var global bool
	cmd := &cobra.Command{
		Use:   "uninstall [REPO]",
		Short: "Take away what r8scan install has made, and nothing else",
		Long: `Take away the hooks that r8scan install has made in the repository that holds the
current folder, or in REPO, and put back those that were there before; with --global,
those for all of your repositories. A hook that was changed since is left alone.

Exit codes:
  0  nothing of r8scan install is left
  2  something is, or the run could not start`,
		Example: `  r8scan uninstall
  r8scan uninstall --global`,
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			if global {
				if err := noRepoWithGlobal(cmd, args); err != nil {
					return err
				}
				return c.uninstallGlobal(cmd.Context())
			}
			return c.uninstallHere(cmd.Context(), onlyArg(args))
		},
	}
	cmd.Flags().BoolVar(&global, "global", false, "those for all of your repositories")
	return cmd
}

func noRepoWithGlobal(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("--global is for all repositories, and takes no REPO: see %s --help", cmd.CommandPath())
	}
	return nil
}

// chosenGuards returns the guards with these names, nil if there are none.
func chosenGuards(names []string) ([]*guard, error) {
	var chosen []*guard
	for _, name := range names {
		g := guardNamed(name)
		if g == nil {
			return nil, fmt.Errorf("--hook: unknown hook %q: use pre-commit, pre-push or pre-receive", name)
		}
		if !slices.Contains(chosen, g) {
			chosen = append(chosen, g)
		}
	}
	return chosen, nil
}

// tell prints a line about what was done. Paths may hold anything.
func (c command) tell(format string, args ...any) {
	fmt.Fprintln(c.out, report.Printable(rules.Redact(fmt.Sprintf(format, args...))))
}

// installHere installs the chosen guards in the repository around path, or
// those that it is used for if none was chosen. Either all may be installed or
// none is.
func (c command) installHere(ctx context.Context, path string, chosen []*guard) error {
	binary, err := ownBinary()
	if err != nil {
		return err
	}
	r, err := openRepository(ctx, path)
	if err != nil {
		return err
	}
	if chosen == nil {
		chosen = []*guard{guardNamed("pre-commit"), guardNamed("pre-push")}
		if r.top == "" {
			chosen = []*guard{guardNamed("pre-receive")}
		}
	}
	if r.shared() {
		return c.installShared(r, chosen)
	}
	hooks, err := r.openHooks(chosen)
	if err != nil {
		return err
	}
	if m := managerOf(r.hooks, hooks); m != nil {
		fmt.Fprintf(c.err, "r8scan: nothing was installed, because %s manages the hooks here; %s", m.name, m.add)
		return exitError(exitUsage)
	}
	for _, h := range hooks {
		if err := h.mayInstall(); err != nil {
			return err
		}
	}
	for _, h := range hooks {
		if err := c.installHook(h, guardScript(h.guard, chainKept, binary)); err != nil {
			return err
		}
	}
	if r.tracked() {
		c.tell("note: core.hooksPath is a folder in the work tree, so git shows the hooks as changes")
	}
	undo := "r8scan uninstall"
	if path != "." {
		undo += " " + shellQuote(path)
	}
	c.tell("undo with: %s", undo)
	return nil
}

// installShared tells what to do where git looks for hooks in one folder for
// many repositories: that is not this repository's to change.
func (c command) installShared(r *repository, chosen []*guard) error {
	dir, err := globalHooksDir()
	if err != nil || r.hooks != dir {
		return fmt.Errorf("git looks for the hooks of all repositories in %s (core.hooksPath, %s configuration): %s, or first give this one its own with git config --local core.hooksPath %s",
			r.hooks, r.scope, linesToAdd(chosen), shellQuote(filepath.ToSlash(r.own)))
	}
	for _, g := range chosen {
		if text, err := regular.ReadFollowed(filepath.Join(dir, g.name), maxHook); err != nil || !isGuard(text) {
			return fmt.Errorf("git looks for the hooks of all repositories in %s, which r8scan has made: r8scan install --global --hook %s adds this one", dir, g.name)
		}
	}
	c.tell("already installed for all of your repositories, this one included: undo with r8scan uninstall --global")
	return nil
}

// linesToAdd tells what to add to hooks that r8scan does not write.
func linesToAdd(chosen []*guard) string {
	var add []string
	for _, g := range chosen {
		add = append(add, fmt.Sprintf("add the line `r8scan %s` to its %s", g.command, g.name))
	}
	return strings.Join(add, " and ")
}

// openHooks looks at hooks in the folder that git looks in.
func (r *repository) openHooks(chosen []*guard) ([]*hookFile, error) {
	if info, err := os.Stat(r.hooks); err == nil && !info.IsDir() || r.scope != "" && r.setTo == "" {
		return nil, fmt.Errorf("core.hooksPath is %q, which is no folder: git runs no hooks here; unset it first", r.setTo)
	}
	var hooks []*hookFile
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
func (c command) installHook(h *hookFile, script []byte) error {
	err := os.MkdirAll(filepath.Dir(h.path), 0o755)
	done := false
	if err == nil {
		done, err = h.install(script)
	}
	switch {
	case err != nil:
		return fmt.Errorf("install %s: %w: install as somebody who may write there", h.path, err)
	case !done:
		c.tell("already installed: %s", h.path)
	default:
		c.tell("installed: %s", h.path)
	}
	switch {
	case !h.isKept:
	case !executable(h.kept()):
		c.tell("  the hook that was there is kept in %s; git did not run it, as it is not executable", filepath.Base(h.kept()))
	default:
		c.tell("  the hook that was there goes on working; it is kept in %s", filepath.Base(h.kept()))
	}
	return nil
}

// uninstallHere takes r8scan's hooks out of the repository around path: also
// out of its own folder, if core.hooksPath was set after they were installed.
func (c command) uninstallHere(ctx context.Context, path string) error {
	r, err := openRepository(ctx, path)
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
		for i := range guards {
			was, err := c.uninstallHook(dir, &guards[i])
			if err != nil {
				left = append(left, err)
			}
			done = done || was
		}
	}
	if !done && left == nil {
		c.tell("no hooks of r8scan in %s", strings.Join(dirs, " and "))
	}
	return c.leftAlone(left)
}

// uninstallHook takes one hook away and tells of it. It returns false if it was
// not there.
func (c command) uninstallHook(dir string, g *guard) (bool, error) {
	h, err := openHook(dir, g)
	if err == nil {
		err = h.mayUninstall()
	}
	if err != nil {
		return false, err
	}
	done, err := h.uninstall()
	switch {
	case err != nil:
		return false, fmt.Errorf("uninstall %s: %w", h.path, err)
	case done && h.isKept:
		c.tell("put back: %s", h.path)
	case done:
		c.tell("removed: %s", h.path)
	}
	return done, nil
}

// leftAlone tells what an uninstall had to leave, and returns nil if nothing.
func (c command) leftAlone(left []error) error {
	for _, err := range left {
		fmt.Fprintf(c.err, "r8scan: %s\n", report.Printable(rules.Redact(err.Error())))
	}
	if len(left) > 0 {
		return exitError(exitUsage)
	}
	return nil
}
