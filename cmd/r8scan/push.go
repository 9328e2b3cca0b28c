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
		Short: "Scan what a push brings: for a pre-push hook, or by hand before a push",
		Long: `Scan what a push adds to the remote: what each pushed commit adds, annotated tags,
and the names of new refs.

As a pre-push hook it reads the lines that git writes to the hook's standard input;
with no line nothing is pushed. Under the pre-commit framework PRE_COMMIT_FROM_REF,
PRE_COMMIT_TO_REF and the like say what is pushed. With neither hook input nor these,
or in a terminal, it scans what the current branch has and REMOTE has not (by default
the remote that git push uses).

What the remote has is known from git's lines, if these commits are in this clone,
and from refs/remotes/REMOTE as of the last fetch or push.
` + exitCodes,
		Example: `  r8scan push                     what git push would bring
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

// runPush scans what is to be pushed to the remote that args name.
func (c command) runPush(ctx context.Context, f scanFlags, args []string) error {
	hook := gitHook{report.Push, "to push anyway: git push --no-verify"}
	if terminal.Input(c.in) != nil { // by hand: nothing is being pushed
		hook = gitHook{}
	}
	return c.runScan(ctx, f, args, func(ctx context.Context, args []string, opts scanner.Options) (*result.Result, error) {
		return hooks.ScanPush(ctx, c.in, args, opts)
	}, hook)
}
