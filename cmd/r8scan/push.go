package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"r8scan/internal/hooks"
	"r8scan/internal/terminal"
	"r8scan/report"
	"r8scan/result"
	"r8scan/scanner"
)

func (c command) push() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "push [REMOTE [URL]]",
		Short: "Scan what a push adds: the pre-push hook, also by hand before a push",
		Long: `Scan what a push adds to the remote: what each pushed commit adds, annotated tags,
and the names of new refs.

As a pre-push hook it reads git's lines from standard input; with no line nothing is
pushed. Under the pre-commit framework it uses PRE_COMMIT_FROM_REF, PRE_COMMIT_TO_REF
and similar variables. With none of these, or in a terminal, it scans what the
current branch has and REMOTE does not. REMOTE is by default the remote that git push
uses.

It knows what the remote has from git's lines, if these commits are in this clone,
and from refs/remotes/REMOTE as of the last fetch or push.
` + exitCodes,
		Example: `  r8scan push                     what git push would add
  exec r8scan push "$@"           in .git/hooks/pre-push`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 2 {
				return fmt.Errorf("push takes a remote and its URL at most: see %s --help", cmd.CommandPath())
			}
			return nil
		},
	}
	var f scanFlags
	f.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return c.runPush(cmd.Context(), f, args) }
	return cmd
}

// runPush scans what is pushed to the remote in args.
func (c command) runPush(ctx context.Context, f scanFlags, args []string) error {
	hook := gitHook{report.Push, "to push anyway: git push --no-verify"}
	if terminal.Input(c.in) != nil { // by hand: nothing is being pushed
		hook = gitHook{}
	}
	return c.runScan(ctx, f, args, func(ctx context.Context, args []string, opts scanner.Options) (*result.Result, error) {
		return hooks.ScanPush(ctx, c.in, args, opts)
	}, hook)
}
