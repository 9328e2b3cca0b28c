package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"r8scan/internal/agentsettings"
	"r8scan/internal/hooks"
)

func (c command) install() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "install [REPO]",
		Short: "Make git check commits and pushes with r8scan",
		Long: `Install git hooks in REPO, or in the repository that you are in: pre-commit and
pre-merge-commit (r8scan staged), commit-msg (r8scan commit-msg) and pre-push (r8scan
push); in a bare repository, pre-receive (r8scan receive). It respects core.hooksPath.
Your earlier hooks keep working, from a folder next to the hooks, and r8scan uninstall
puts them back.

If husky, lefthook, pre-commit, simple-git-hooks, yorkie, overcommit or captainhook is
configured, it would overwrite these hooks. Then install changes nothing, and says
what to add to its configuration; --into adds it.

With --global, install hooks for all of your repositories: with git 2.54 or newer in
git's configuration, else in a folder that core.hooksPath names, with scripts that
also run each repository's own hooks.

Hooks run this r8scan or, if it is gone, the one on PATH. Without either they refuse.

With --agent, add r8scan agent to the settings of a coding agent instead: in the
repository's own, which others use too, or with --global in yours. Everything else in
the file stays as it is.

Exit codes:
  0  installed, or already installed
  2  not installed`,
		Example: `  r8scan install
  r8scan install --hook pre-push ~/src/app
  r8scan install --into lefthook
  r8scan install --global
  r8scan install --agent claude`,
		Args: atMostOne,
	}
	var names []string
	cmd.Flags().StringArrayVar(&names, "hook", nil, "only this `hook`, such as pre-push (repeatable)")
	i := c.installer()
	var into string
	cmd.Flags().StringVar(&into, "into", "", "add r8scan to the configuration of this hook `manager`: husky, lefthook or pre-commit")
	return forHooks(cmd, c.forAgent(cmd, agentsettings.Installer.Install, agentsettings.Installer.InstallGlobal), func(ctx context.Context, repo string) error {
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
repositories. A hook that was changed since is left alone. With --agent, remove
r8scan agent from the settings of a coding agent.

Exit codes:
  0  no hook of r8scan is left
  2  a hook is left, or the run could not start`,
		Example: `  r8scan uninstall
  r8scan uninstall --global
  r8scan uninstall --agent claude`,
		Args: atMostOne,
	}
	i := c.installer()
	return forHooks(cmd, c.forAgent(cmd, agentsettings.Installer.Uninstall, agentsettings.Installer.UninstallGlobal), i.Uninstall, i.UninstallGlobal)
}

// hookJob changes hooks: of one repository or, with global, for all.
type hookJob func(ctx context.Context, global bool, repo string) error

// forAgent adds the flag that names a coding agent. It returns the job for its
// settings, nil without the flag.
func (c command) forAgent(cmd *cobra.Command, one func(agentsettings.Installer, context.Context, string) error, all func(agentsettings.Installer, context.Context) error) func() hookJob {
	name := cmd.Flags().String("agent", "", "the `agent` whose settings to change: "+strings.Join(agentsettings.Names(), ", "))
	return func() hookJob {
		if !cmd.Flags().Changed("agent") {
			return nil
		}
		return func(ctx context.Context, global bool, repo string) error {
			for _, other := range []string{"hook", "into"} {
				if cmd.Flags().Changed(other) {
					return fmt.Errorf("--agent and --%s do not go together: --%[1]s is for git's hooks", other)
				}
			}
			binary, err := hooks.OwnBinary()
			if err != nil {
				return err
			}
			i := agentsettings.Installer{Out: c.out, Agent: *name, Binary: binary}
			if global {
				return all(i, ctx)
			}
			return one(i, ctx, repo)
		}
	}
}

// forHooks makes cmd run one in a repository or, with --global, all; with --agent,
// the agent's job. An error that was already printed becomes an exit code.
func forHooks(cmd *cobra.Command, agent func() hookJob, one func(ctx context.Context, repo string) error, all func(context.Context) error) *cobra.Command {
	global := cmd.Flags().Bool("global", false, "for all of your repositories")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		job := agent()
		switch {
		case *global && len(args) > 0:
			err = fmt.Errorf("--global takes no REPO, because it is for all repositories: see %s --help", cmd.CommandPath())
		case job != nil:
			err = job(cmd.Context(), *global, onlyArg(args))
		case *global:
			err = all(cmd.Context())
		default:
			err = one(cmd.Context(), onlyArg(args))
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
