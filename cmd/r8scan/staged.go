package main

import (
	"context"

	"github.com/spf13/cobra"

	"r8scan/internal/hooks"
	"r8scan/report"
	"r8scan/result"
	"r8scan/scanner"
)

func (c command) staged() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "staged [REPO]",
		Short: "Scan what the next commit would add: the pre-commit hook",
		Long: `Scan what the next commit would add. It reads the index, not the work tree: that
of REPO, of the repository that git runs a hook for, or of the one that you are in.
A token that HEAD has at the same path is not new: audit finds it. Nothing is sent
without --verify. In the pre-push stage of the pre-commit framework, which has one
command for all stages, it does what push does.
` + exitCodes,
		Example: `  r8scan staged
  printf '#!/bin/sh\nexec r8scan staged\n' > .git/hooks/pre-commit
  chmod +x .git/hooks/pre-commit`,
		Args: atMostOne,
	}
	var f scanFlags
	f.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 && hooks.PreCommitPushes() {
			return c.runPush(cmd.Context(), f, nil)
		}
		return c.runScan(cmd.Context(), f, args, func(ctx context.Context, args []string, opts scanner.Options) (*result.Result, error) {
			path := ""
			if len(args) > 0 {
				path = args[0]
			}
			return scanner.Staged(ctx, path, opts)
		}, gitHook{report.Staged, "to commit anyway: git commit --no-verify"})
	}
	return cmd
}
