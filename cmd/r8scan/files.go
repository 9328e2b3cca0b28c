package main

import (
	"context"

	"github.com/spf13/cobra"

	"r8scan/result"
	"r8scan/scanner"
)

func (c command) files() *cobra.Command {
	return c.scan(&cobra.Command{
		Use:   "files [PATH...]",
		Short: "Scan files and folders; - is standard input",
		Long: `Scan files and folders, by default the current folder; - is standard input. It
skips .git/objects, where git keeps compressed content: audit and history read it.
` + exitCodes,
		Example: `  r8scan files
  r8scan files dist .env
  kubectl logs app | r8scan files -`,
	}, func(ctx context.Context, args []string, opts scanner.Options) (*result.Result, error) {
		if len(args) == 0 {
			args = []string{"."}
		}
		return scanner.Files(ctx, args, c.in, opts)
	})
}
