package main

import (
	"context"

	"github.com/spf13/cobra"

	"r8scan/result"
	"r8scan/scanner"
)

func (c command) audit() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit [REPO]",
		Short: "Scan everything a repository holds: files, index, all git objects, refs, config",
		Long: `Scan everything in REPO, or in the repository that you are in: work trees, index,
every git object (reachable or not), refs, reflogs and other texts in .git,
submodules and alternates. Outside a repository, audit scans the files; of a URL, it
scans what r8scan history does.
` + exitCodes,
		Example: `  r8scan audit
  r8scan audit ~/src/app -f sarif -o app.sarif
  r8scan audit --exclude 'testdata/**'`,
		Args: atMostOne,
	}
	checked, most := addCheckIDs(cmd), addMaxSize(cmd)
	return c.scan(cmd, func(ctx context.Context, args []string, opts scanner.Options) (*result.Result, error) {
		opts.CheckIDs, opts.MaxSize = *checked, *most
		return scanner.Audit(ctx, onlyArg(args), opts)
	})
}
