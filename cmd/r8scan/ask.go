package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"r8scan/internal/ask"
	"r8scan/internal/terminal"
	"r8scan/report"
	"r8scan/result"
	"r8scan/verifier"
)

// What --fail-on counts.
const (
	failOnAny  = "any"
	failOnLive = "live"
	failOnNone = "none"
)

// askFlags are the flags of a scan that concern Replicate's answer.
type askFlags struct {
	verify         bool
	failOn, apiURL string
}

func (f *askFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.BoolVar(&f.verify, "verify", false, "ask Replicate whether the tokens are live: sends them there")
	fs.StringVar(&f.failOn, "fail-on", failOnAny, "exit with 1 for `any` token, for live ones only (with --verify), or for none")
	addAPIURL(cmd, &f.apiURL)
}

// asker returns what asks Replicate, nil if no token is to be sent.
func (f askFlags) asker() (*verifier.Verifier, error) {
	switch f.failOn {
	case failOnAny, failOnNone:
	case failOnLive:
		if !f.verify {
			return nil, errors.New("--fail-on live needs --verify: only Replicate knows which tokens are live")
		}
	default:
		return nil, fmt.Errorf("--fail-on %q: use any, live or none", f.failOn)
	}
	if !f.verify {
		return nil, nil
	}
	return newVerifier(f.apiURL, verifier.Config{})
}

// ask asks about the findings, from which doc was made in the same order, and
// notes the answers in doc. A nil asker asks nothing. The error is ctx's.
func (c command) ask(ctx context.Context, asker *verifier.Verifier, doc *report.Document, findings []result.Finding, quiet bool) error {
	if asker == nil {
		return nil
	}
	if n := ask.Askable(findings); n > 0 && !quiet && terminal.Is(c.err) {
		fmt.Fprintf(c.err, "asking %s about %d of the tokens found\n", asker.Host(), n)
	}
	ask.Findings(ctx, asker, doc, findings)
	return ctx.Err()
}

// verdict is the exit code of a scan. Tokens in files that git ignores are
// where a token may live, and do not count. Of a token without a clear answer
// it is not known whether --fail-on live counts it: that is no clean run.
func verdict(doc *report.Document, failOn string) error {
	complete := doc.Complete
	for _, f := range doc.Findings {
		switch {
		case f.Exposure == result.ExposureIgnored || failOn == failOnNone:
		case failOn == failOnAny || f.Verification.Status == report.StatusLive:
			return exitError(exitFound)
		case f.Verification.Status == report.StatusUnknown:
			complete = false
		}
	}
	if !complete {
		return exitError(exitIncomplete)
	}
	return nil
}
