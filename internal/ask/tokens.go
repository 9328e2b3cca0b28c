package ask

import (
	"context"
	"fmt"
	"time"

	"r8scan/report"
	"r8scan/rules"
	"r8scan/verifier"
)

// StatusMalformed means that the text cannot be a token and was not sent.
const StatusMalformed report.Status = "malformed"

// tested is one text with its diagnosis and verdict.
type tested struct {
	rules.Diagnosis
	status  report.Status
	verdict verifier.Verdict // zero if the text is malformed
}

// Tested is the result of verify.
type Tested struct {
	kind    *Kind
	host    string
	at      time.Time
	tokens  []tested
	latency *latency // nil if it was not asked for, or could not be measured
}

// Tokens tests texts that may be tokens of a kind, for which v is. If requests is more
// than one, it measures how long they take; there must be only one text then.
func Tokens(ctx context.Context, v *verifier.Verifier, kind *Kind, texts []string, requests int) *Tested {
	res := &Tested{kind: kind, host: v.Host(), at: time.Now().UTC().Truncate(time.Second), tokens: test(ctx, v, kind, texts)}
	if requests > 1 {
		res.latency = measure(ctx, v, res.tokens[0], requests)
	}
	return res
}

// test diagnoses each text and asks about those that can be tokens.
func test(ctx context.Context, v *verifier.Verifier, kind *Kind, texts []string) []tested {
	out := make([]tested, len(texts))
	var b batch
	for i, text := range texts {
		t := &out[i]
		*t = tested{Diagnosis: kind.diagnose(text), status: StatusMalformed}
		if t.Askable {
			b.add(t.Secret, func(v verifier.Verdict) { t.status, t.verdict = report.Status(v.Status), v })
		}
	}
	b.ask(ctx, v)
	return out
}

// Worst returns the worst status: not live is worse than unknown. All that is not
// live counts as malformed.
func (r *Tested) Worst() report.Status {
	worst := report.StatusLive
	for _, t := range r.tokens {
		switch t.status {
		case report.StatusLive:
		case report.StatusUnknown:
			if worst == report.StatusLive {
				worst = report.StatusUnknown
			}
		default:
			worst = StatusMalformed
		}
	}
	return worst
}

// Summary counts the verdicts, and says what was done with the tokens.
func (r *Tested) Summary() string {
	var live, unknown, sent int
	for _, t := range r.tokens {
		switch t.status {
		case report.StatusLive:
			live++
		case report.StatusUnknown:
			unknown++
		}
		if t.verdict.Requests > 0 {
			sent++
		}
	}
	counts := fmt.Sprintf("%d live, %d not live, %d unknown", live, len(r.tokens)-live-unknown, unknown)
	if sent == 0 {
		return counts + "; no token was sent, stored or logged"
	}
	return fmt.Sprintf("%s; tokens were sent to %s only, and not stored or logged", counts, r.host)
}
