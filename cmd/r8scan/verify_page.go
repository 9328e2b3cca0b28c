package main

import (
	"context"
	"errors"

	"r8scan/internal/ask"
	"r8scan/internal/keypage"
	"r8scan/internal/terminal"
	"r8scan/verifier"
)

// servePage is verify --page: it tests tokens on a page, until Ctrl-C or until nobody
// uses it.
func (c command) servePage(ctx context.Context, f verifyFlags) error {
	if f.format != "text" || f.from != ask.FromAuto {
		return errors.New("--page takes the token in the page: leave out --format and --from")
	}
	if f.cog {
		return errors.New("--page tests API tokens only: r8scan verify --cog asks in the terminal")
	}
	v, err := ask.APITokens.NewVerifier(f.apiURL, tool.Version, verifier.Config{FreshConnections: true})
	if err != nil {
		return err
	}
	p := keypage.Page{Verifier: v, Tool: tool, Runs: f.requests, MaxRuns: maxBenchmark, Idle: keypage.Idle, Out: c.out, Err: c.err}
	if terminal.Is(c.err) {
		p.Open = keypage.Browser
	}
	return p.Serve(ctx)
}
