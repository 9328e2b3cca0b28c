// Package ask asks Replicate about tokens: about those that a scan has found,
// about those that somebody wants tested, and again about those of a saved
// result. It says what each answer means and what to do.
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

// TokenVariable is what Replicate's clients read.
const TokenVariable = "REPLICATE_API_TOKEN"

// URLVariable names another server than Replicate's. It comes from the user: no
// file of a scanned repository is asked.
const URLVariable = "R8SCAN_API_URL"

// NewVerifier returns a verifier of the server at url, or, if that is empty, of
// the one that URLVariable names. version is that of r8scan, which the server is
// told.
func NewVerifier(url, version string, cfg verifier.Config) (*verifier.Verifier, error) {
	cfg.BaseURL, cfg.UserAgent = cmp.Or(url, os.Getenv(URLVariable)), "r8scan/"+version
	return verifier.New(cfg)
}

// Verification puts a verdict into the form of a result.
func Verification(v verifier.Verdict) report.Verification {
	out := report.Verification{Status: report.Status(v.Status), Reason: v.Reason, CheckedAt: v.CheckedAt.Truncate(time.Second)}
	if v.Account != nil {
		out.Account = &report.Account{Type: v.Account.Type, Username: v.Account.Username, Name: v.Account.Name}
	}
	return out
}

// askable reports whether Replicate can be asked about a finding: other
// credentials than API tokens are not this API's to know.
func askable(f result.Finding) bool {
	r := rules.ByID(f.Rule)
	return r != nil && r.Askable
}

// Findings asks about findings, from which doc was made in the same order, and
// notes the answers in doc. The error is ctx's.
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

// handling is what a verifying run does with tokens.
const handling = "sent to no other host; not stored, not logged"

// batch is what is asked about in one go.
type batch struct {
	secrets []rules.Secret
	answers []func(verifier.Verdict) // what to do with the verdict on each
}

func (b *batch) add(s rules.Secret, answer func(verifier.Verdict)) {
	b.secrets, b.answers = append(b.secrets, s), append(b.answers, answer)
}

// ask asks, hands out the verdicts and counts them.
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
