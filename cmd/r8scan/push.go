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
		Long: `Scan what a push is to bring and the remote does not have: what each commit adds
that is pushed, not only the last one, annotated tags and the names of new refs.

As a pre-push hook it takes from standard input the lines that git gives one; with
no line nothing is pushed. Under the pre-commit framework PRE_COMMIT_FROM_REF,
PRE_COMMIT_TO_REF and their like say what is pushed. In a terminal, and without
both, it scans what the current branch has and REMOTE has not (by default the
remote that git push takes).

What the remote has is what git says of the refs that are pushed, as far as it is
here, and what refs/remotes/REMOTE had after the last fetch or push.
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
