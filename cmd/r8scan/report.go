package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"r8scan/internal/terminal"
	"r8scan/report"
)

type reportFlags struct {
	format, output    string
	verbose, onlyLive bool
}

func (c command) report() *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:   "report [RESULT.json]",
		Short: "Render a saved result in another format",
		Long: `Read a result of -f json, from a file or from standard input (-, or nothing), and
write it in another format. Nothing is scanned, and nobody is asked.

Exit codes:
  0  rendered, whatever is in the result
  2  wrong usage, or the result could not be read or written`,
		Example: `  r8scan audit -f json -o leak.json
  r8scan report leak.json
  r8scan report leak.json -f sarif -o leak.sarif
  r8scan report leak.json -f markdown >> "$GITHUB_STEP_SUMMARY"`,
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "-"
			if len(args) > 0 {
				path = args[0]
			}
			return c.runReport(cmd.Context(), f, path)
		},
	}
	addFormat(cmd, &f.format)
	addOutput(cmd, &f.output)
	cmd.Flags().BoolVar(&f.onlyLive, "only-live", false, "list only live tokens, and count the others")
	cmd.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "name every location and ref")
	return cmd
}

func (c command) runReport(ctx context.Context, f reportFlags, path string) error {
	render, err := report.For(f.format, f.output)
	if err != nil {
		return fmt.Errorf("--format: %w", err)
	}
	if path == "-" && terminal.Input(c.in) != nil {
		return errors.New("no result to render: name a file that r8scan -f json wrote, or pipe it in")
	}
	doc, err := c.readResult(path)
	if err != nil {
		return err
	}
	opts := c.look(f.output, "", f.verbose, f.onlyLive)
	return c.write(ctx, f.output, func(w io.Writer) error { return render(w, doc, opts) })
}
