package ask

import (
	"fmt"
	"io"
	"strings"
	"time"

	"r8scan/internal/door"
	"r8scan/internal/terminal"
	"r8scan/report"
	"r8scan/result"
	"r8scan/rules"
)

// masked reports whether a recorded path has a mask in the place of a token or of
// a part of one.
func masked(path string) bool { return strings.Contains(path, strings.Repeat("*", 7)) }

// next says what to do about the token.
func (t rechecked) next() string {
	switch t.state {
	case Live:
		whose := ""
		if a := t.Verification.Account; a != nil {
			whose = " as " + a.Username
		}
		return "disable it at " + rules.TokensPage + whose + ", then run this again"
	case Revoked:
		return "no action needed: it no longer works"
	case Unknown:
		return "run this again later, or look for it at " + rules.TokensPage
	case NotFound:
		return "make its places readable and run this again, or look for it at " + rules.TokensPage
	}
	return "look for its mask at " + rules.TokensPage + ": removing it did not disable it"
}

// since says what has changed since the scan, "" if nothing has.
func (t rechecked) since() string {
	if t.state == string(t.was.Status) || t.was.Status == report.StatusUnchecked {
		return ""
	}
	s := "was " + string(t.was.Status)
	if !t.was.CheckedAt.IsZero() {
		s += " on " + t.was.CheckedAt.Format(time.DateOnly)
	}
	if t.state == Revoked {
		s += ", revoked since"
	}
	return s
}

// WriteText writes a block of text per token.
func (r *Rechecked) WriteText(w io.Writer, color bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "rechecked %s, of the scan of %s\n", r.at.Format(time.RFC3339), r.of.StartedAt.Format(time.RFC3339))
	for _, t := range r.tokens {
		state := t.state
		code := terminal.Yellow
		switch t.state {
		case Live:
			code = terminal.BrightRed
		case Revoked:
			code = terminal.Green
		}
		state = terminal.Paint(color, code, state)
		fmt.Fprintf(&b, "\n%s  id %s\n", door.Printable(t.Token), door.Printable(t.TokenID))
		fmt.Fprintf(&b, "  state    %s\n", state)
		if s := t.since(); s != "" {
			fmt.Fprintf(&b, "  before   %s\n", door.Printable(s))
		}
		if a := t.Verification.Account; a != nil {
			fmt.Fprintf(&b, "  account  %s %s\n", door.Printable(a.Type), door.Printable(a.Username))
		}
		if t.state != Gone && t.state != NotFound && t.Verification.Reason != "" {
			fmt.Fprintf(&b, "  reason   %s\n", door.Printable(t.Verification.Reason))
		}
		fmt.Fprintf(&b, "  places   %d now, %d recorded\n", t.places, len(t.Locations))
		fmt.Fprintf(&b, "  next     %s\n", door.Printable(t.next()))
	}
	for _, u := range r.unread {
		fmt.Fprintf(&b, "\nnot read: %s: %s", door.Printable(u.What), door.Printable(u.Reason))
	}
	if len(r.unread) > 0 {
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Summary counts the states, and says what was done with the tokens.
func (r *Rechecked) Summary() string {
	counts := map[string]int{}
	for _, t := range r.tokens {
		counts[t.state]++
	}
	s := fmt.Sprintf("%d live, %d revoked, %d unknown, %d gone, %d not found", counts[Live], counts[Revoked], counts[Unknown], counts[Gone], counts[NotFound])
	return "asked " + r.asked.Host + ": " + s + "; " + r.asked.Told()
}

type (
	// RecheckDocument is what recheck -f json writes.
	RecheckDocument struct {
		Schema    string            `json:"schema"`
		Tool      report.Tool       `json:"tool"`
		CheckedAt time.Time         `json:"checked_at"`
		ScannedAt time.Time         `json:"scanned_at"` // of the result that was rechecked
		Target    result.Target     `json:"target"`
		Unread    []result.Unread   `json:"unread"`
		Asked     report.Asked      `json:"asked"`
		Tokens    []recheckedInJSON `json:"tokens"`
	}
	recheckedInJSON struct {
		Token        string              `json:"token"` // the mask
		TokenID      string              `json:"token_id"`
		Rule         string              `json:"rule"`
		State        string              `json:"state"`
		Verification report.Verification `json:"verification"` // now, or as recorded if it could not be asked
		Before       report.Verification `json:"before"`
		Places       int                 `json:"places"` // now
		Recorded     int                 `json:"recorded_places"`
		Next         string              `json:"next"`
	}
)

// WriteJSON writes what recheck -f json writes.
func (r *Rechecked) WriteJSON(w io.Writer, tool report.Tool) error {
	doc := RecheckDocument{
		Schema:    "r8scan-recheck/1",
		Tool:      tool,
		CheckedAt: r.at,
		ScannedAt: r.of.StartedAt,
		Target:    r.of.Target,
		Unread:    append([]result.Unread{}, r.unread...),
		Asked:     r.asked,
		Tokens:    make([]recheckedInJSON, 0, len(r.tokens)),
	}
	for _, t := range r.tokens {
		doc.Tokens = append(doc.Tokens, recheckedInJSON{
			Token: t.Token, TokenID: t.TokenID, Rule: t.Rule, State: t.state, Verification: t.Verification, Before: t.was,
			Places: t.places, Recorded: len(t.Locations), Next: t.next(),
		})
	}
	return door.EncodeJSON(w, doc)
}
