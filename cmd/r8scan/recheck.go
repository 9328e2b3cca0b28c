package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"r8scan/internal/ask"
	"r8scan/internal/progress"
	"r8scan/internal/terminal"
	"r8scan/report"
	"r8scan/verifier"
)

type recheckFlags struct {
	format, output, dir, apiURL string
	work                        workFlags
}

func (c command) recheck() *cobra.Command {
	var f recheckFlags
	cmd := &cobra.Command{
		Use:   "recheck RESULT.json",
		Short: "Ask again about the tokens of a saved result: which are still to disable",
		Long: `Read a result that -f json wrote (- is standard input), find its tokens again in
their places, old commits included, and ask Replicate whether they still work. A
result has no tokens, only their ids, so r8scan has to find the tokens again. It
writes a result too, with what each token was before and is now.

It cannot ask about a token that is gone from its places. That token may still work,
unless it was revoked before: look for its mask in the account.

Exit codes:
  0  every token is revoked
  1  a token is live
  2  wrong usage, or the result or its target could not be read
  3  none is known to be live, but some could not be checked`,
		Example: `  r8scan audit --verify -f json -o leak.json
  r8scan recheck leak.json
  r8scan recheck leak.json --dir ~/src/app -o after.json
  r8scan report after.json -f markdown   the same again, in another format`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("recheck takes one result, a file that -f json wrote or - for standard input: see r8scan recheck --help")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return c.runRecheck(cmd.Context(), f, args[0]) },
	}
	addFormat(cmd, &f.format)
	addAPIURL(cmd, &f.apiURL)
	addOutput(cmd, &f.output)
	cmd.Flags().StringVar(&f.dir, "dir", ".", "the `folder` that the scan ran in, if it was not this one")
	f.work.add(cmd)
	return cmd
}

func (c command) runRecheck(ctx context.Context, f recheckFlags, path string) error {
	render, err := report.For(f.format, f.output)
	if err != nil {
		return fmt.Errorf("--format: %w", err)
	}
	opts, err := f.work.options()
	if err != nil {
		return err
	}
	shown := progress.Watch(ctx, c.err, true, false)
	defer shown.Stop()
	opts.Progress = &shown.Scan
	from, err := ask.NewReplicate(f.apiURL, tool.Version, verifier.Config{Asked: shown.Asked})
	if err != nil {
		return err
	}
	doc, err := c.readResult(path)
	if err != nil {
		return err
	}
	after, err := ask.Recheck(ctx, from, doc, f.dir, opts, tool)
	shown.Stop()
	if err != nil {
		return fmt.Errorf("%w (--dir says where the scan ran)", err)
	}
	look := c.look(f.output, f.dir, false, false)
	if err := c.write(ctx, f.output, func(w io.Writer) error { return render(w, after, look) }); err != nil {
		return err
	}
	if err := report.Summary(c.err, after, report.Options{Color: terminal.Colors(c.err)}); err != nil {
		return err
	}
	switch ask.Worst(after) {
	case report.StatusLive:
		return exitError(exitFound)
	case report.StatusRevoked:
		return nil
	}
	return exitError(exitIncomplete)
}
