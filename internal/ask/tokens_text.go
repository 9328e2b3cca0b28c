package ask

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"r8scan/internal/door"
	"r8scan/internal/terminal"
	"r8scan/report"
	"r8scan/rules"
	"r8scan/verifier"
)

// name returns the name of a token in the output. It shows nothing of a text that
// is no token: that may be a password.
func (t tested) name() string {
	if !t.Askable {
		return fmt.Sprintf("a text of %d characters", utf8.RuneCountInString(t.Secret.Reveal()))
	}
	return t.Secret.Mask()
}

// id returns the token id, "" for a text that is no token: the text behind the
// hash of a short text can be guessed.
func (t tested) id() string {
	if !t.Askable {
		return ""
	}
	return t.Secret.ID()
}

// Advise says what the verdict on a token means and what to do, in one sentence
// each.
func Advise(d rules.Diagnosis, v verifier.Verdict) (meaning, next string) {
	return tested{Diagnosis: d, status: report.Status(v.Status), verdict: v}.advise()
}

// advise is Advise for a text that may be malformed. The kind of the token may know
// better: see Kind.
func (t tested) advise() (meaning, next string) {
	v := t.verdict
	switch {
	case t.status == StatusMalformed:
		return "Replicate's API cannot accept this, so it was not sent.", "Copy the whole token again, or create a new one at " + rules.TokensPage + "."
	case t.status == report.StatusRevoked:
		return "Replicate does not accept this token (HTTP 401): it was disabled, or never existed.", "Create a new token at " + rules.TokensPage + ", and copy all of it."
	case t.status == report.StatusLive && v.HTTP == http.StatusPaymentRequired:
		return "The token is accepted, but its account has no billing (HTTP 402).", "Set up billing for the account on replicate.com."
	case t.status == report.StatusLive && v.HTTP == http.StatusForbidden:
		return "The token is accepted, but lacks permission (HTTP 403).", "Check which account or organization it belongs to, and that billing is set up there."
	case t.status == report.StatusLive && t.Wrapped:
		return "The token works, but this text is more than the token: a client that sends it fails.", "Remove the quotes, spaces or \"Bearer\"."
	case t.status == report.StatusLive:
		return "The token works.", "Keep it out of files that git tracks. If somebody else may have seen it, disable it at " + rules.TokensPage + "."
	case v.Requests == 0:
		return "The token was not sent, so nothing is known about it.", "Read the reason. Check --api-url, " + URLVariable + ", the network and HTTPS_PROXY."
	case v.HTTP == http.StatusTooManyRequests:
		return "There were too many requests from here or with this token (HTTP 429).", "Wait a minute and test again."
	case v.HTTP == http.StatusNotFound:
		return "The server has no account endpoint (HTTP 404).", "Check --api-url and " + URLVariable + "."
	case v.HTTP >= 500:
		return fmt.Sprintf("The server has a problem (HTTP %d), which says nothing about the token.", v.HTTP), "Read Replicate's status page, and test again later."
	case v.HTTP == 0:
		return "There was no answer, which says nothing about the token.", "Check the network, HTTPS_PROXY and the clock, and test again."
	}
	return fmt.Sprintf("Something other than Replicate answered (HTTP %d), which says nothing about the token.", v.HTTP), "Check for a proxy, a firewall, or a network with a login page."
}

// Answer is one that the API may give, what it means, and what to do.
type Answer struct{ Answer, Meaning, Next string }

// Answers are those that users meet, in the words of advise.
func Answers() []Answer {
	var out []Answer
	for _, a := range []struct {
		name   string
		status verifier.Status
		http   int
	}{
		{"200 OK", verifier.Live, http.StatusOK},
		{"401 Unauthorized", verifier.Revoked, http.StatusUnauthorized},
		{"402 Payment Required", verifier.Live, http.StatusPaymentRequired},
		{"403 Forbidden", verifier.Live, http.StatusForbidden},
		{"404 Not Found", verifier.Unknown, http.StatusNotFound},
		{"429 Too Many Requests", verifier.Unknown, http.StatusTooManyRequests},
		{"5xx, such as 503", verifier.Unknown, http.StatusServiceUnavailable},
		{"no answer", verifier.Unknown, 0},
		{"a page in HTML", verifier.Unknown, http.StatusForbidden},
	} {
		meaning, next := Advise(rules.Diagnosis{}, verifier.Verdict{Status: a.status, HTTP: a.http, Requests: 1})
		out = append(out, Answer{a.name, meaning, next})
	}
	return out
}

// WriteText writes a block of text per token.
func (r *Tested) WriteText(w io.Writer, color bool) error {
	var b strings.Builder
	for i, t := range r.tokens {
		if i > 0 {
			b.WriteByte('\n')
		}
		t.write(&b, r.kind, color)
	}
	if r.latency != nil {
		r.latency.write(&b, color)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t tested) write(b *strings.Builder, kind *Kind, color bool) {
	title := t.name()
	if id := t.id(); id != "" {
		title += "  id " + id
	}
	fmt.Fprintln(b, title)
	line := func(label, text string) { fmt.Fprintf(b, "  %-9s %s\n", label, door.Printable(text)) }
	provider := t.Provider
	if provider == "" {
		provider = "not recognized"
	}
	line("provider", provider)
	if len(t.Problems) == 0 {
		line("format", "ok")
	}
	for _, p := range t.Problems {
		line("format", p)
	}
	fmt.Fprintf(b, "  %-9s %s\n", "verdict", paintStatus(t.status, color))
	if a := t.verdict.Account; a != nil {
		owner := a.Type + " " + a.Username
		if a.Name != "" {
			owner += " (" + a.Name + ")"
		}
		line("account", owner)
	}
	if t.verdict.Reason != "" {
		line("reason", t.verdict.Reason)
	}
	if t.verdict.HTTP != 0 {
		line("answer", fmt.Sprintf("HTTP %d in %s", t.verdict.HTTP, Millis(t.verdict.Timing.Total)))
	}
	meaning, next := kind.advise(t)
	line("means", meaning)
	line("next", next)
}

func paintStatus(s report.Status, color bool) string {
	code := terminal.BrightRed
	switch s {
	case report.StatusLive:
		code = terminal.Green
	case report.StatusUnknown:
		code = terminal.Yellow
	}
	return terminal.Paint(color, code, string(s))
}

// barWidth is the length of the longest bar, in columns.
const barWidth = 30

// write writes a table, with bars for the medians if bars is true.
func (l *latency) write(b *strings.Builder, bars bool) {
	fmt.Fprintf(b, "\nlatency of %d requests, each on a new connection", len(l.runs))
	if l.failed > 0 {
		fmt.Fprintf(b, " (%d more failed)", l.failed)
	}
	fmt.Fprintf(b, "\n  %-10s %10s %10s %10s\n", "", "min", "median", "p95")
	longest := l.parts[len(l.parts)-1].median // of the total
	for _, p := range l.parts {
		fmt.Fprintf(b, "  %-10s %10s %10s %10s", p.name, Millis(p.minimum), Millis(p.median), Millis(p.p95))
		if bars && longest > 0 {
			if n := int((p.median*barWidth + longest/2) / longest); n > 0 {
				b.WriteString("  " + strings.Repeat("█", n))
			}
		}
		b.WriteByte('\n')
	}
}

// Millis returns d in milliseconds, below 100 with one decimal.
func Millis(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	if ms < 100 {
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.0f ms", ms)
}

type (
	// TokensDocument is what verify -f json writes.
	TokensDocument struct {
		Schema    string         `json:"schema"`
		Tool      report.Tool    `json:"tool"`
		Rule      string         `json:"rule"` // what kind of token was tested: a rule's id
		Host      string         `json:"host"`
		CheckedAt time.Time      `json:"checked_at"`
		Tokens    []verifyToken  `json:"tokens"`
		Latency   *verifyLatency `json:"latency,omitempty"`
		Handling  string         `json:"handling"` // what was done with the tokens
	}
	verifyToken struct {
		Token        string              `json:"token,omitempty"` // the mask; left out if the text is no token
		TokenID      string              `json:"token_id,omitempty"`
		Provider     string              `json:"provider,omitempty"`
		Problems     []string            `json:"problems"` // of the format
		Verification report.Verification `json:"verification"`
		HTTPStatus   int                 `json:"http_status,omitempty"`
		Requests     int                 `json:"requests"`
		TimingMS     *TimingMS           `json:"timing_ms,omitempty"`
		Meaning      string              `json:"meaning"`
		Next         string              `json:"next"`
	}
	// TimingMS is a verifier.Timing in milliseconds.
	TimingMS struct {
		DNS       float64 `json:"dns"`
		Connect   float64 `json:"connect"`
		TLS       float64 `json:"tls"`
		FirstByte float64 `json:"first_byte"`
		Total     float64 `json:"total"`
	}
	verifyLatency struct {
		Requests int         `json:"requests"`
		Failed   int         `json:"failed"`
		MinMS    TimingMS    `json:"min_ms"`
		MedianMS TimingMS    `json:"median_ms"`
		P95MS    TimingMS    `json:"p95_ms"`
		RunsMS   []*TimingMS `json:"runs_ms"` // of each request, in their order
	}
)

// WriteJSON writes what verify -f json writes.
func (r *Tested) WriteJSON(w io.Writer, tool report.Tool) error {
	return door.EncodeJSON(w, r.Document(tool))
}

// Document returns what WriteJSON writes, not yet masked: a server's text may be
// in it.
func (r *Tested) Document(tool report.Tool) TokensDocument {
	doc := TokensDocument{
		Schema:    "r8scan-verify/1",
		Tool:      tool,
		Rule:      r.kind.rule.ID,
		Host:      r.host,
		CheckedAt: r.at,
		Tokens:    make([]verifyToken, 0, len(r.tokens)),
		Handling:  handling,
	}
	for _, t := range r.tokens {
		out := verifyToken{
			TokenID:      t.id(),
			Provider:     t.Provider,
			Problems:     append([]string{}, t.Problems...),
			Verification: Verification(t.verdict),
			HTTPStatus:   t.verdict.HTTP,
			Requests:     t.verdict.Requests,
		}
		out.Verification.Status = t.status
		out.Meaning, out.Next = r.kind.advise(t)
		if t.Askable {
			out.Token = t.name()
		}
		if t.verdict.Requests > 0 {
			out.TimingMS = timingMS(t.verdict.Timing)
		}
		doc.Tokens = append(doc.Tokens, out)
	}
	if l := r.latency; l != nil {
		doc.Latency = &verifyLatency{
			Requests: len(l.runs),
			Failed:   l.failed,
			MinMS:    l.row(func(p part) time.Duration { return p.minimum }),
			MedianMS: l.row(func(p part) time.Duration { return p.median }),
			P95MS:    l.row(func(p part) time.Duration { return p.p95 }),
		}
		for _, run := range l.runs {
			doc.Latency.RunsMS = append(doc.Latency.RunsMS, timingMS(run))
		}
	}
	return doc
}

func (l *latency) row(of func(part) time.Duration) TimingMS {
	return *timingMS(verifier.Timing{DNS: of(l.parts[0]), Connect: of(l.parts[1]), TLS: of(l.parts[2]), FirstByte: of(l.parts[3]), Total: of(l.parts[4])})
}

func timingMS(t verifier.Timing) *TimingMS {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return &TimingMS{ms(t.DNS), ms(t.Connect), ms(t.TLS), ms(t.FirstByte), ms(t.Total)}
}
