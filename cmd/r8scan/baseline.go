package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"r8scan/internal/output"
	"r8scan/internal/regular"
	"r8scan/report"
	"r8scan/scanner"
)

func (c command) baseline() *cobra.Command {
	var f scanFlags
	cmd := &cobra.Command{
		Use:   "baseline [REPO]",
		Short: "Write the ids of all tokens found, for --baseline to leave alone",
		Long: `Scan what audit scans and write a line for each token found: its id, which is safe
to publish, and its rule. With --baseline and that file a scan reports what is new.

A file that is there is added to: its lines stay, with the reasons and comments
in them, also where the token is gone. Delete a line to have its token reported.

Exit codes:
  0  written, and everything was read
  2  wrong usage, or the run could not start
  3  written, but something could not be read and may hold further tokens`,
		Example: `  r8scan baseline -o .r8scan-baseline
  r8scan audit --baseline .r8scan-baseline`,
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.runBaseline(cmd.Context(), f, onlyArg(args))
		},
	}
	cmd.Flags().StringVarP(&f.output, "output", "o", "", "add to this `file`, which is written whole or not at all")
	f.addReading(cmd)
	return cmd
}

// runBaseline scans as audit does and writes a baseline in a report's place.
func (c command) runBaseline(ctx context.Context, f scanFlags, repo string) error {
	opts, err := f.options()
	if err != nil {
		return err
	}
	old, err := readOld(f.output)
	if err != nil {
		return err
	}
	bar, show := c.progress(f)
	opts.Progress = show
	started := time.Now()
	res, err := scanner.Audit(ctx, repo, opts)
	bar.Clear()
	if err != nil {
		return err
	}
	text, all, added, err := scanner.MergeBaseline(old, res.Findings)
	if err != nil {
		return fmt.Errorf("--output %s:%w", f.output, err)
	}
	write := func(w io.Writer) error { _, err := w.Write(text); return err }
	if f.output == "" {
		err = write(c.out)
	} else {
		err = output.WriteFile(ctx, f.output, write) // the user's own lines in it stay as they are
	}
	if err != nil {
		return err
	}
	doc := report.New(*res, report.Tool{Name: "r8scan", Version: version}, started, time.Since(started))
	if !f.quiet {
		if err := c.summarize(doc, res, f); err != nil {
			return err
		}
		fmt.Fprintf(c.err, "token ids in the baseline: %d, of them new: %d\n", all, added)
	}
	if !doc.Complete {
		return exitError(exitIncomplete)
	}
	return nil
}

// maxBaseline bounds a baseline, as where it is read with --baseline.
const maxBaseline = 256 << 20

// readOld returns the baseline that is to be added to, nil if there is none.
// One that is malformed is an error before the scan, and is not written over:
// it may be something else.
func readOld(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil, nil // it is new, or a pipe or the like; writing tells what is wrong with it
	}
	old, err := regular.ReadFollowed(path, maxBaseline)
	if err != nil {
		return nil, fmt.Errorf("--output %w: name a file that can be read and written", err)
	}
	if _, _, _, err := scanner.MergeBaseline(old, nil); err != nil {
		return nil, fmt.Errorf("--output %s:%w", path, err)
	}
	return old, nil
}
