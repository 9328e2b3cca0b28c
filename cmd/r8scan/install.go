package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"r8scan/internal/hooks"
)

func (c command) install() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "install [REPO]",
		Short: "Make git check commits and pushes with r8scan",
		Long: `Install the git hooks pre-commit (r8scan staged) and pre-push (r8scan push) in the
repository that holds the current folder, or in REPO; in a bare repository install
pre-receive (r8scan receive). core.hooksPath is respected. A hook that is there goes
on working, under its own name in a folder next to its own, and comes back with
r8scan uninstall. Where husky, lefthook or pre-commit manages the hooks, nothing is
changed, and you are told what to add for them.

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
	}
	var names []string
	cmd.Flags().StringArrayVar(&names, "hook", nil, "only this `hook`: pre-commit, pre-push or pre-receive (repeatable)")
	i := c.installer()
	return forHooks(cmd, func(ctx context.Context, repo string) error {
		return i.Install(ctx, repo, names)
	}, func(ctx context.Context) error {
		return i.InstallGlobal(ctx, names)
	})
}

func (c command) uninstall() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "uninstall [REPO]",
		Short: "Remove what r8scan install has made, and nothing else",
		Long: `Remove the hooks that r8scan install has made in the repository that holds the
current folder, or in REPO, and put back those that were there before; with --global,
those for all of your repositories. A hook that was changed since is left alone.

Exit codes:
  0  nothing of r8scan install is left
  2  something is, or the run could not start`,
		Example: `  r8scan uninstall
  r8scan uninstall --global`,
		Args: atMostOne,
	}
	i := c.installer()
	return forHooks(cmd, i.Uninstall, i.UninstallGlobal)
}

// forHooks makes cmd do one thing in a repository, and with --global another for
// all of them. What the user has been told about becomes an exit code.
func forHooks(cmd *cobra.Command, one func(ctx context.Context, repo string) error, all func(context.Context) error) *cobra.Command {
	global := cmd.Flags().Bool("global", false, "for all of your repositories")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		switch {
		case !*global:
			err = one(cmd.Context(), onlyArg(args))
		case len(args) > 0:
			err = fmt.Errorf("--global is for all repositories, and takes no REPO: see %s --help", cmd.CommandPath())
		default:
			err = all(cmd.Context())
		}
		switch {
		case errors.Is(err, hooks.ErrLeft):
			return exitError(exitUsage)
		case errors.Is(err, hooks.ErrUnknown):
			return fmt.Errorf("--hook: %w", err)
		}
		return err
	}
	return cmd
}

// installer installs hooks and tells of it.
func (c command) installer() hooks.Installer {
	return hooks.Installer{Out: c.out, Err: c.err, Version: version}
}
