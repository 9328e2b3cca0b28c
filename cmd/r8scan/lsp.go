package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"r8scan/internal/door"
	"r8scan/internal/lsp"
	"r8scan/internal/policy"
	"r8scan/result"
)

func (c command) lsp() *cobra.Command {
	o := lsp.Options{Version: tool.Version}
	var confidence string
	cmd := &cobra.Command{
		Use:   "lsp",
		Short: "Mark tokens in an editor as you type them (a language server)",
		Long: `Speak the language server protocol on standard input and output: an editor starts
it. It marks tokens in the texts that the editor has open, also in unsaved ones, says
what to do, and offers to replace a token by its environment variable or to allow it.
It reads texts from the editor only, asks no other host, and logs nothing.

Exit codes:
  0  the editor has shut it down
  1  the editor has ended it without a shutdown
  2  wrong usage, or a message could not be read`,
		Example: "  r8scan lsp",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.MinConfidence.UnmarshalText([]byte(confidence)); err != nil {
				return fmt.Errorf("--min-confidence: %w", err)
			}
			if _, err := policy.Load(o.Baseline, o.Config, o.Rules); err != nil { // say so at once
				return err
			}
			return c.runLSP(cmd.Context(), o)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&o.Baseline, "baseline", "", "mark only tokens that this `file` does not list")
	fs.StringVar(&o.Config, "config", "", "use this configuration `file` instead of the workspace's "+result.AllowedByOwn)
	fs.StringVar(&confidence, "min-confidence", "medium", "mark tokens of this `level` and above: high, medium or low")
	fs.Bool("stdio", true, "use standard input and output, as always: some editors add this flag")
	return cmd
}

func (c command) runLSP(ctx context.Context, o lsp.Options) error {
	err := lsp.Serve(ctx, c.in, door.Under(c.out), o) // which masks each message itself
	if errors.Is(err, lsp.ErrNoShutdown) {
		return exitError(exitFound)
	}
	return err
}
