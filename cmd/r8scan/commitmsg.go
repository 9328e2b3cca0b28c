package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"r8scan/report"
	"r8scan/result"
	"r8scan/scanner"
)

func (c command) commitMsg() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "commit-msg FILE",
		Short: "Scan the message of the next commit: the commit-msg hook",
		Long: `Scan the message of the next commit, in FILE. It reads what git commits of it: no
comment lines, and nothing below the scissors line of git commit -v, as commit.cleanup
and core.commentChar say.
` + exitCodes,
		Example: `  r8scan commit-msg .git/COMMIT_EDITMSG
  printf '#!/bin/sh\nexec r8scan commit-msg "$1"\n' > .git/hooks/commit-msg
  chmod +x .git/hooks/commit-msg`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("name one file, as git does for a commit-msg hook: r8scan commit-msg .git/COMMIT_EDITMSG")
			}
			return nil
		},
	}
	var f scanFlags
	f.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.runScan(cmd.Context(), f, args, func(ctx context.Context, args []string, opts scanner.Options) (*result.Result, error) {
			return scanner.Message(ctx, args[0], opts)
		}, gitHook{report.Message, "to commit anyway: git commit --no-verify"})
	}
	return cmd
}
