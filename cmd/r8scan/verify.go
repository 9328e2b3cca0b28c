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

// Exit codes of verify. They say whether tokens work.
const (
	exitLive    = 0 // every token is live
	exitNotLive = 1 // a token is not live
	exitUnknown = 3 // there is no clear answer for a token, and none is known not to be live
)

// maxBenchmark bounds -n.
const maxBenchmark = 100

type verifyFlags struct {
	format, from, apiURL string
	requests             int
	cog, page            bool
}

func (c command) verify() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Test tokens: format, whether they work, whose they are, and the API's latency",
		Long: `Test Replicate API tokens. They come from standard input, one per line; if that is
empty or a terminal, from REPLICATE_API_TOKEN; or from a prompt without echo. They
are never arguments: other programs can see those, and shells save them.

For each token it says what is wrong with its format, whether Replicate accepts it,
whose account it is, and what to do. A token is sent only to the API, after the API
has refused a fake one. Nothing is stored or logged.

With --cog, they are tokens of cog login, from standard input or COG_TOKEN; also the auth
of r8.im in a Docker configuration. They are sent only to r8.im, in the same way.

With --page, a page in the browser asks for the token and shows all this. Only this
computer can open it. It ends with Ctrl-C, or when nobody has used it for ten minutes.

Exit codes, with several tokens the first that applies of 2, 1, 3 and 0:
  0  live (also with something else pasted around the token), or the page has ended
  1  not live: revoked, never valid, or not a token
  2  wrong usage
  3  unknown: no clear answer`,
		Example: `  r8scan verify                        asks for the token, or tests REPLICATE_API_TOKEN
  r8scan verify < tokens.txt           one token per line
  pbpaste | r8scan verify -n 10        with the latency of ten requests
  r8scan verify --from env -f json
  r8scan verify --cog                  tests a token of cog login
  r8scan verify --page                 tests tokens on a page in the browser`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return errors.New("verify takes no arguments: other programs can see them, and shells save them; pipe the token in, or run r8scan verify and paste it")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return c.runVerify(cmd.Context(), f) },
	}
	// cobra's message repeats the argument, which may be a token.
	cmd.SetFlagErrorFunc(func(*cobra.Command, error) error {
		return errors.New("a flag is unknown, or its value is missing or wrong: see r8scan verify --help")
	})
	addAnswer(cmd, &f.format, &f.apiURL)
	fs := cmd.Flags()
	fs.BoolVar(&f.cog, "cog", false, "test tokens of cog login, and ask Replicate's registry, r8.im")
	fs.StringVar(&f.from, "from", ask.FromAuto, "`source` of the tokens: stdin, env (REPLICATE_API_TOKEN, or COG_TOKEN), prompt, or auto for the first that has one")
	fs.IntVarP(&f.requests, "requests", "n", 1, "measure the latency of this `number` of requests, with one token")
	fs.BoolVar(&f.page, "page", false, "serve a page on this computer that asks for the token, and open it in the browser")
	return cmd
}

func (c command) runVerify(ctx context.Context, f verifyFlags) error {
	if err := textOrJSON("verify", f.format); err != nil {
		return err
	}
	if f.requests < 1 || f.requests > maxBenchmark {
		return fmt.Errorf("-n %d: use 1 to %d", f.requests, maxBenchmark)
	}
	if f.page {
		return c.servePage(ctx, f)
	}
	kind := ask.APITokens
	if f.cog {
		kind = ask.CogTokens
	}
	v, err := kind.NewVerifier(f.apiURL, tool.Version, verifier.Config{FreshConnections: f.requests > 1})
	if err != nil {
		return err
	}
	texts, err := ask.Input{Kind: kind, In: c.in, Err: c.err}.Texts(ctx, f.from)
	if err != nil {
		return err
	}
	if f.requests > 1 && len(texts) != 1 {
		return fmt.Errorf("-n measures with one token, and there are %d", len(texts))
	}
	res := ask.Tokens(ctx, v, kind, texts, f.requests)
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
