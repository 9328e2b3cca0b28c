package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"r8scan/internal/output"
	"r8scan/internal/policy"
	"r8scan/result"
	"r8scan/scanner"
)

func (c command) baseline() *cobra.Command {
	var f scanFlags
	cmd := &cobra.Command{
		Use:   "baseline [REPO]",
		Short: "Write the ids of all tokens found; --baseline then reports only new ones",
		Long: `Scan what audit scans and write a line for each token found: its id, which is safe
to publish, and its rule. A scan with --baseline and this file reports only others.

With -o, new tokens are added to the file. All its lines stay, with their reasons and
comments, even if the token is gone. Delete a line to have its token reported again.

Exit codes:
  0  written, and everything was read
  2  wrong usage, or the run could not start
  3  written, but something could not be read and may have more tokens`,
		Example: `  r8scan baseline -o .r8scan-baseline
  r8scan audit --baseline .r8scan-baseline`,
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.runBaseline(cmd.Context(), f, args)
		},
	}
	cmd.Flags().StringVarP(&f.output, "output", "o", "", "add to this `file`, which is written whole or not at all")
	f.addReading(cmd)
	return cmd
}

// runBaseline scans as audit does, and writes a baseline instead of a report.
func (c command) runBaseline(ctx context.Context, f scanFlags, args []string) error {
	base := policy.NewBaseline()
	if f.output != "" {
		var err error
		if base, err = policy.LoadBaseline(f.output); err != nil {
			return fmt.Errorf("--output %w", err)
		}
	}
	shown := f.watch(ctx, c.err)
	defer shown.Stop()
	doc, res, err := c.collect(ctx, f, shown, args, func(ctx context.Context, args []string, opts scanner.Options) (*result.Result, error) {
		return scanner.Audit(ctx, onlyArg(args), opts)
	})
	if err != nil {
		return err
	}
	shown.Stop()
	added := 0
	for _, finding := range doc.Findings {
		if base.Add(finding.TokenID, finding.Rule) {
			added++
		}
	}
	write := func(w io.Writer) error { _, err := w.Write(base.Bytes()); return err }
	if f.output == "" {
		err = write(c.out)
	} else {
		err = output.WriteFile(ctx, f.output, write) // with the user's own lines
	}
	if err != nil {
		return err
	}
	if !f.quiet {
		if err := c.summarize(doc, res, f); err != nil {
			return err
		}
		fmt.Fprintf(c.err, "token ids in the baseline: %d, new: %d\n", base.Len(), added)
	}
	return verdict(doc, failOnNone)
}
