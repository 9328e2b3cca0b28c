package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"r8scan/internal/ask"
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
result has no tokens, only their ids, so r8scan has to find the tokens again.

It cannot ask about a token that is gone from its places. That token may still work,
unless it was revoked before: look for its mask in the account.

Exit codes:
  0  every token is revoked
  1  a token is live
  2  wrong usage, or the result or its target could not be read
  3  none is known to be live, but some could not be checked`,
		Example: `  r8scan audit --verify -f json -o leak.json
  r8scan recheck leak.json
  r8scan recheck leak.json --dir ~/src/app -f json -o after.json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("recheck takes one result, a file that -f json wrote or - for standard input: see r8scan recheck --help")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return c.runRecheck(cmd.Context(), f, args[0]) },
	}
	addAnswer(cmd, &f.format, &f.apiURL)
	addOutput(cmd, &f.output)
	cmd.Flags().StringVar(&f.dir, "dir", ".", "the `folder` that the scan ran in, if it was not this one")
	f.work.add(cmd)
	return cmd
}

func (c command) runRecheck(ctx context.Context, f recheckFlags, path string) error {
	if err := textOrJSON("recheck", f.format); err != nil {
		return err
	}
	opts, err := f.work.options()
	if err != nil {
		return err
	}
	v, err := ask.NewVerifier(f.apiURL, version, verifier.Config{})
	if err != nil {
		return err
	}
	doc, err := c.readResult(path)
	if err != nil {
		return err
	}
	res, err := ask.Recheck(ctx, v, doc, f.dir, opts)
	if err != nil {
		return fmt.Errorf("%w (--dir says where the scan ran)", err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.writeAnswer(ctx, f.format, f.output, res); err != nil {
		return err
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
