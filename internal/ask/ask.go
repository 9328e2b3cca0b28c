// Package ask asks Replicate about tokens: those that a scan found, those that a
// user wants to test, and those of a saved result. It says what each answer means
// and what to do.
package ask

import (
	"context"
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

// Replicate is who is asked about tokens: its API about API tokens, its registry about
// those of cog login. Neither gets the other's.
type Replicate struct{ api, registry *verifier.Verifier }

// NewReplicate returns both, at their own addresses or both at another server: see
// Kind.NewVerifier.
func NewReplicate(url, version string, cfg verifier.Config) (*Replicate, error) {
	api, err := APITokens.NewVerifier(url, version, cfg)
	if err != nil {
		return nil, err
	}
	registry, err := CogTokens.NewVerifier(url, version, cfg)
	if err != nil {
		return nil, err
	}
	return &Replicate{api, registry}, nil
}

// Verification converts a verdict.
func Verification(v verifier.Verdict) report.Verification {
	out := report.Verification{Status: report.Status(v.Status), Reason: v.Reason, CheckedAt: v.CheckedAt.Truncate(time.Second)}
	if v.Account != nil {
		out.Account = &report.Account{Type: v.Account.Type, Username: v.Account.Username, Name: v.Account.Name}
	}
	return out
}

// Findings asks about findings and writes the answers into doc, which has the same
// findings in the same order. The error is ctx's.
func Findings(ctx context.Context, from *Replicate, doc *report.Document, findings []result.Finding) error {
	var b batches
	for i, f := range findings {
		b.add(f, func(verdict verifier.Verdict) { doc.Findings[i].Verification = Verification(verdict) })
	}
	doc.Asked = b.ask(ctx, from)
	return ctx.Err()
}

// handling says what a run does with the tokens that it sends.
const handling = "sent to no other host; not stored, not logged"

// batches are findings to ask about, by who knows them.
type batches struct{ api, registry batch }

// add adds a finding, unless Replicate answers no question about its kind. It reports
// whether it did.
func (b *batches) add(f result.Finding, answer func(verifier.Verdict)) bool {
	switch r := rules.ByID(f.Rule); {
	case r == nil || !r.Askable:
		return false
	case r == rules.CogToken:
		b.registry.add(f.Secret, answer)
	default:
		b.api.add(f.Secret, answer)
	}
	return true
}

// ask asks about all of them. The API counts as asked even if there was nothing to ask.
func (b *batches) ask(ctx context.Context, from *Replicate) *report.Asked {
	if len(b.registry.secrets) == 0 {
		return b.api.ask(ctx, from.api)
	}
	if len(b.api.secrets) == 0 {
		return b.registry.ask(ctx, from.registry)
	}
	asked, also := b.api.ask(ctx, from.api), b.registry.ask(ctx, from.registry)
	if also.Host != asked.Host {
		asked.Also = also.Host
	}
	asked.Live, asked.Revoked, asked.Unknown, asked.Sent = asked.Live+also.Live, asked.Revoked+also.Revoked, asked.Unknown+also.Unknown, asked.Sent+also.Sent
	return asked
}

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
