// Package ask asks Replicate about tokens: those that a scan found, those that a
// user wants to test, and those of a saved result. It says what each answer means
// and what to do.
package ask

import (
	"cmp"
	"context"
	"os"
	"time"

	"r8scan/report"
	"r8scan/result"
	"r8scan/rules"
	"r8scan/verifier"
)

// TokenVariable is the variable that Replicate's clients read.
const TokenVariable = "REPLICATE_API_TOKEN"

// URLVariable names another server to ask. Only the user's environment can set it,
// no file of a scanned repository.
const URLVariable = "R8SCAN_API_URL"

// NewVerifier returns a verifier for the server at url or, if that is empty, at
// URLVariable. version is r8scan's, for the User-Agent.
func NewVerifier(url, version string, cfg verifier.Config) (*verifier.Verifier, error) {
	cfg.BaseURL, cfg.UserAgent = cmp.Or(url, os.Getenv(URLVariable)), "r8scan/"+version
	return verifier.New(cfg)
}

// Verification converts a verdict.
func Verification(v verifier.Verdict) report.Verification {
	out := report.Verification{Status: report.Status(v.Status), Reason: v.Reason, CheckedAt: v.CheckedAt.Truncate(time.Second)}
	if v.Account != nil {
		out.Account = &report.Account{Type: v.Account.Type, Username: v.Account.Username, Name: v.Account.Name}
	}
	return out
}

// askable reports whether Replicate can be asked about a finding: its API knows
// API tokens only.
func askable(f result.Finding) bool {
	r := rules.ByID(f.Rule)
	return r != nil && r.Askable
}

// Findings asks about findings and writes the answers into doc, which has the same
// findings in the same order. The error is ctx's.
func Findings(ctx context.Context, v *verifier.Verifier, doc *report.Document, findings []result.Finding) error {
	var b batch
	for i, f := range findings {
		if askable(f) {
			b.add(f.Secret, func(verdict verifier.Verdict) { doc.Findings[i].Verification = Verification(verdict) })
		}
	}
	doc.Asked = b.ask(ctx, v)
	return ctx.Err()
}

// handling says what a run does with the tokens that it sends.
const handling = "sent to no other host; not stored, not logged"

// batch is a list of tokens to ask about.
type batch struct {
	secrets []rules.Secret
	answers []func(verifier.Verdict) // what to do with the verdict on each
}

func (b *batch) add(s rules.Secret, answer func(verifier.Verdict)) {
	b.secrets, b.answers = append(b.secrets, s), append(b.answers, answer)
}

// ask asks about the tokens, passes each verdict on, and counts.
func (b *batch) ask(ctx context.Context, v *verifier.Verifier) *report.Asked {
	asked := &report.Asked{Host: v.Host(), Handling: handling}
	for i, verdict := range v.Verify(ctx, b.secrets) {
		b.answers[i](verdict)
		if verdict.Requests > 0 {
			asked.Sent++
		}
		switch verdict.Status {
		case verifier.Live:
			asked.Live++
		case verifier.Revoked:
			asked.Revoked++
		default:
			asked.Unknown++
		}
	}
	return asked
}
