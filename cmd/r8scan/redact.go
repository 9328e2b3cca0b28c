package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"r8scan/internal/door"
	"r8scan/rules"
)

func (c command) redact() *cobra.Command {
	var verbose bool
	cmd := &cobra.Command{
		Use:   "redact",
		Short: "Copy standard input to standard output with every token masked",
		Long: `Copy standard input to standard output and mask every token in it, also those that
may be placeholders. A mask is as long as its token; all other bytes stay as they are.
Each line comes out as soon as it is complete, and memory stays the same however much
comes. A token that is broken over two lines is not seen.

Exit codes:
  0  all was copied
  2  wrong usage, or something could not be read or written`,
		Example: `  tail -f app.log | r8scan redact
  r8scan redact < trace.har > trace-to-share.har`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			tokens, err := rules.RedactStream(door.Under(c.out), c.in) // all other bytes stay as they are
			if err != nil {
				return fmt.Errorf("redact standard input: %w", err)
			}
			if verbose {
				fmt.Fprintf(c.err, "masked: %d\n", tokens)
			}
			return nil
		},
	}
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "say on standard error how many tokens were masked")
	return cmd
}
