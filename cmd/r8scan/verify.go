package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"r8scan/internal/ask"
	"r8scan/report"
	"r8scan/verifier"
)

// Exit codes of verify. Those of a scan say whether tokens were found, these
// whether tokens work.
const (
	exitLive    = 0 // every token is live
	exitNotLive = 1 // a token is not
	exitUnknown = 3 // of a token it is not known, and none is known not to be
)

// maxBenchmark bounds -n.
const maxBenchmark = 100

type verifyFlags struct {
	format, from, apiURL string
	requests             int
}

func (c command) verify() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Test tokens: their form, whether they are live, whose they are, how fast the API is",
		Long: `Test Replicate API tokens. They come one a line from standard input; from
REPLICATE_API_TOKEN if that is empty or a terminal; or from a prompt that does not
show them. They are never taken from the command line, which other programs can see
and shells write down.

For each one it says what is wrong with its form, whether Replicate accepts it, whose
account it belongs to, and what to do. A token is sent to the API only, and only after
the API has refused a made-up one. Nothing is stored or logged.

Exit codes, with several tokens the first that applies of 2, 1, 3 and 0:
  0  live (also if something was pasted along with a token that is live)
  1  not live: revoked, never valid, or no token at all
  2  wrong usage
  3  unknown: no clear answer`,
		Example: `  r8scan verify                        asks for the token, or tests REPLICATE_API_TOKEN
  r8scan verify < tokens.txt           one token a line
  pbpaste | r8scan verify -n 10        with the latency of ten requests
  r8scan verify --from env -f json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return errors.New("verify takes no arguments, and a token least of all: other programs can see it there, and the shell writes it down; give it on standard input, or run r8scan verify and paste it")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return c.runVerify(cmd.Context(), f) },
	}
	// The usual message repeats the argument, and it may be a token.
	cmd.SetFlagErrorFunc(func(*cobra.Command, error) error {
		return errors.New("verify has no such flag, or its value is missing or wrong: see r8scan verify --help")
	})
	addAnswer(cmd, &f.format, &f.apiURL)
	fs := cmd.Flags()
	fs.StringVar(&f.from, "from", ask.FromAuto, "`source` of the tokens: stdin, env (REPLICATE_API_TOKEN), prompt, or auto for the first that has one")
	fs.IntVarP(&f.requests, "requests", "n", 1, "measure the latency of this `number` of requests, with one token")
	return cmd
}

func (c command) runVerify(ctx context.Context, f verifyFlags) error {
	if err := textOrJSON("verify", f.format); err != nil {
		return err
	}
	if f.requests < 1 || f.requests > maxBenchmark {
		return fmt.Errorf("-n %d: use 1 to %d", f.requests, maxBenchmark)
	}
	v, err := ask.NewVerifier(f.apiURL, version, verifier.Config{FreshConnections: f.requests > 1})
	if err != nil {
		return err
	}
	texts, err := ask.Input{In: c.in, Err: c.err}.Texts(ctx, f.from)
	if err != nil {
		return err
	}
	if f.requests > 1 && len(texts) != 1 {
		return fmt.Errorf("-n measures with one token, and there are %d", len(texts))
	}
	res := ask.Tokens(ctx, v, texts, f.requests)
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.writeAnswer(f.format, res); err != nil {
		return err
	}
	fmt.Fprintln(c.err, res.Summary())
	return exitOf(res.Worst())
}

// exitOf returns the exit code for the worst status of a token.
func exitOf(worst report.Status) error {
	switch worst {
	case report.StatusLive:
		return nil
	case report.StatusUnknown:
		return exitError(exitUnknown)
	}
	return exitError(exitNotLive)
}
