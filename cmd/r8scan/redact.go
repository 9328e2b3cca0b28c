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
		Long: `Copy standard input to standard output and mask every token, also possible
placeholders, in each form that a scan knows: encoded, colored, over several lines. A
mask is as long as what it hides, and all other bytes stay as they are. What may be
the start of a token waits for what follows, 200 ms and 2 KB at most. Everything else
comes out at once. Memory stays constant.

Exit codes:
  0  everything was copied
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
