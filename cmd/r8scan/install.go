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
		Long: `Install git hooks in REPO, or in the repository that you are in: pre-commit and
pre-merge-commit (r8scan staged), commit-msg (r8scan commit-msg) and pre-push (r8scan
push); in a bare repository, pre-receive (r8scan receive). It respects core.hooksPath. Your earlier hooks keep working, from a
folder next to the hooks, and r8scan uninstall puts them back.

If husky, lefthook, pre-commit, simple-git-hooks, yorkie, overcommit or captainhook is
configured, it would overwrite these hooks. Then install changes nothing, and says
what to add to its configuration; --into adds it.

With --global, install hooks for all of your repositories: with git 2.54 or newer in
git's configuration, else in a folder that core.hooksPath names, with scripts that
also run each repository's own hooks.

Hooks run this r8scan or, if it is gone, the one on PATH. Without either they refuse.

Exit codes:
  0  installed, or already installed
  2  not installed`,
		Example: `  r8scan install
  r8scan install --hook pre-push ~/src/app
  r8scan install --into lefthook
  r8scan install --global`,
		Args: atMostOne,
	}
	var names []string
	cmd.Flags().StringArrayVar(&names, "hook", nil, "only this `hook`, such as pre-push (repeatable)")
	i := c.installer()
	var into string
	cmd.Flags().StringVar(&into, "into", "", "add r8scan to the configuration of this hook `manager`: husky, lefthook or pre-commit")
	return forHooks(cmd, func(ctx context.Context, repo string) error {
		switch {
		case into == "":
			return i.Install(ctx, repo, names)
		case names != nil:
			return errors.New("--into adds all hooks: leave out --hook")
		}
		return i.InstallInto(ctx, repo, into)
	}, func(ctx context.Context) error {
		if into != "" {
			return errors.New("--into is for one repository: leave out --global")
		}
		return i.InstallGlobal(ctx, names)
	})
}

func (c command) uninstall() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "uninstall [REPO]",
		Short: "Remove what r8scan install wrote, and nothing else",
		Long: `Remove the hooks that r8scan install wrote in REPO, or in the repository that you are
in, and put your earlier hooks back. With --global, remove the hooks for all of your
repositories. A hook that was changed since is left alone.

Exit codes:
  0  no hook of r8scan is left
  2  a hook is left, or the run could not start`,
		Example: `  r8scan uninstall
  r8scan uninstall --global`,
		Args: atMostOne,
	}
	i := c.installer()
	return forHooks(cmd, i.Uninstall, i.UninstallGlobal)
}

// forHooks makes cmd run one in a repository or, with --global, all. An error that
// was already printed becomes an exit code.
func forHooks(cmd *cobra.Command, one func(ctx context.Context, repo string) error, all func(context.Context) error) *cobra.Command {
	global := cmd.Flags().Bool("global", false, "for all of your repositories")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		switch {
		case !*global:
			err = one(cmd.Context(), onlyArg(args))
		case len(args) > 0:
			err = fmt.Errorf("--global takes no REPO, because it is for all repositories: see %s --help", cmd.CommandPath())
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

// installer returns an installer that prints to the command's streams.
func (c command) installer() hooks.Installer {
	return hooks.Installer{Out: c.out, Err: c.err}
}
