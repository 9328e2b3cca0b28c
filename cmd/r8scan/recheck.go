package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"r8scan/internal/ask"
	"r8scan/internal/terminal"
	"r8scan/report"
	"r8scan/scanner"
	"r8scan/verifier"
)

type recheckFlags struct {
	format, output, dir, apiURL string
	jobs                        int
	memory                      memorySize
}

func (c command) recheck() *cobra.Command {
	var f recheckFlags
	cmd := &cobra.Command{
		Use:   "recheck RESULT.json",
		Short: "Ask again about the tokens of a saved result: what still has to be disabled",
		Long: `Read a result of -f json (- is standard input), find its tokens again where they
stood (old commits and other git objects included), and ask Replicate whether they
still work. A result holds no tokens, only their ids: what is found is known by those.

A token that is gone from its places cannot be asked about. It may work all the same,
unless it was said to be revoked before: look for it in the account by its mask.

Exit codes:
  0  every token is revoked
  1  a token is live
  2  wrong usage, or the result or its target could not be read
  3  none is known to be live, but of some it is not known`,
		Example: `  r8scan audit --verify -f json -o leak.json
  r8scan recheck leak.json
  r8scan recheck leak.json --dir ~/src/app -f json -o after.json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("recheck takes one result, a file of -f json or - for standard input: see r8scan recheck --help")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return c.runRecheck(cmd.Context(), f, args[0]) },
	}
	fs := cmd.Flags()
	fs.StringVarP(&f.format, "format", "f", "text", "text or json")
	fs.StringVarP(&f.output, "output", "o", "", "write the result to this `file`, whole or not at all")
	fs.StringVar(&f.dir, "dir", ".", "the `folder` that the scan ran in, if it was not this one")
	fs.IntVarP(&f.jobs, "jobs", "j", 0, "workers (default: one a core)")
	f.memory.add(cmd)
	addAPIURL(cmd, &f.apiURL)
	return cmd
}

func (c command) runRecheck(ctx context.Context, f recheckFlags, path string) error {
	if f.format != "text" && f.format != "json" {
		return fmt.Errorf("unknown format %q: recheck writes text or json", f.format)
	}
	if f.jobs < 0 || f.jobs > maxJobs {
		return fmt.Errorf("--jobs %d: use 1 to %d, or 0 for one a core", f.jobs, maxJobs)
	}
	v, err := newVerifier(f.apiURL, verifier.Config{})
	if err != nil {
		return err
	}
	doc, err := c.readResult(path)
	if err != nil {
		return err
	}
	f.memory.limit()
	opts := scanner.Options{Cache: (&scanFlags{}).cacheDir(), Jobs: f.jobs, MaxMemory: int64(f.memory)}
	res, err := ask.Recheck(ctx, v, doc, f.dir, opts)
	if err != nil {
		return fmt.Errorf("%w (--dir says where the scan ran)", err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	render := func(w io.Writer) error { return res.WriteText(w, f.output == "" && terminal.Colors(c.out)) }
	if f.format == "json" {
		render = func(w io.Writer) error { return res.WriteJSON(w, tool()) }
	}
	if err := c.write(ctx, f.output, render); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	fmt.Fprintln(c.err, res.Summary())
	switch res.Worst() {
	case ask.Live:
		return exitError(exitFound)
	case ask.Revoked:
		return nil
	}
	return exitError(exitIncomplete)
}

func (c command) readResult(path string) (*report.Document, error) {
	if path == "-" {
		return report.Read(c.in)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: name a file that r8scan -f json wrote", err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	return report.Read(f)
}
