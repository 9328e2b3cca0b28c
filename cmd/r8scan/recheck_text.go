package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"r8scan/report"
	"r8scan/scanner"
)

// masked reports whether a recorded path holds a mask in a token's place, or in
// that of what a cut has left of one.
func masked(path string) bool { return strings.Contains(path, strings.Repeat("*", 7)) }

// next says what has to be done about the token.
func (t rechecked) next() string {
	switch t.state {
	case stateLive:
		whose := ""
		if a := t.Verification.Account; a != nil {
			whose = " as " + a.Username
		}
		return "disable it at " + tokensPage + whose + ", then run this again"
	case stateRevoked:
		return "nothing: nobody can use it any more"
	case stateUnknown:
		return "run this again later, or look for it at " + tokensPage
	case stateNotFound:
		return "make its places readable and run this again, or look for it at " + tokensPage
	}
	return "look for it by its mask at " + tokensPage + ": being gone does not disable it"
}

// since says what has changed, "" if nothing has.
func (t rechecked) since() string {
	if t.state == string(t.was.Status) || t.was.Status == report.StatusUnchecked {
		return ""
	}
	s := "was " + string(t.was.Status)
	if !t.was.CheckedAt.IsZero() {
		s += " on " + t.was.CheckedAt.Format(time.DateOnly)
	}
	if t.state == stateRevoked {
		s += ", revoked since"
	}
	return s
}

func writeRecheckText(w io.Writer, res recheckResult, color bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "rechecked %s, of the scan of %s\n", res.at.Format(time.RFC3339), res.of.StartedAt.Format(time.RFC3339))
	for _, t := range res.tokens {
		state := t.state
		if color {
			code := map[string]string{stateLive: "1;31", stateRevoked: "32"}[t.state]
			if code == "" {
				code = "33"
			}
			state = "\x1b[" + code + "m" + state + "\x1b[0m"
		}
		fmt.Fprintf(&b, "\n%s  id %s\n", report.Printable(t.Token), report.Printable(t.TokenID))
		fmt.Fprintf(&b, "  state    %s\n", state)
		if s := t.since(); s != "" {
			fmt.Fprintf(&b, "  before   %s\n", report.Printable(s))
		}
		if a := t.Verification.Account; a != nil {
			fmt.Fprintf(&b, "  account  %s %s\n", report.Printable(a.Type), report.Printable(a.Username))
		}
		if t.state != stateGone && t.state != stateNotFound && t.Verification.Reason != "" {
			fmt.Fprintf(&b, "  reason   %s\n", report.Printable(t.Verification.Reason))
		}
		fmt.Fprintf(&b, "  places   %d now, %d recorded\n", t.places, len(t.Locations))
		fmt.Fprintf(&b, "  next     %s\n", report.Printable(t.next()))
	}
	for _, u := range res.unread {
		fmt.Fprintf(&b, "\nnot read: %s: %s", report.Printable(u.What), report.Printable(u.Reason))
	}
	if len(res.unread) > 0 {
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// summary counts the states and says what was done with tokens.
func (r recheckResult) summary() string {
	counts := map[string]int{}
	for _, t := range r.tokens {
		counts[t.state]++
	}
	s := fmt.Sprintf("%d live, %d revoked, %d unknown, %d gone, %d not found", counts[stateLive], counts[stateRevoked], counts[stateUnknown], counts[stateGone], counts[stateNotFound])
	if r.asked.Live+r.asked.Revoked+r.asked.Unknown == 0 {
		return s + "; no token was sent, stored or logged"
	}
	return fmt.Sprintf("%s; tokens were sent to %s only, and not stored or logged", s, r.asked.Host)
}

// The JSON of recheck.
type (
	recheckDocument struct {
		Schema    string            `json:"schema"`
		Tool      report.Tool       `json:"tool"`
		CheckedAt time.Time         `json:"checked_at"`
		ScannedAt time.Time         `json:"scanned_at"` // of the result that was rechecked
		Target    scanner.Target    `json:"target"`
		Unread    []scanner.Unread  `json:"unread"`
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

func writeRecheckJSON(w io.Writer, res recheckResult) error {
	doc := recheckDocument{
		Schema:    "r8scan-recheck/1",
		Tool:      report.Tool{Name: "r8scan", Version: version},
		CheckedAt: res.at,
		ScannedAt: res.of.StartedAt,
		Target:    res.of.Target,
		Unread:    append([]scanner.Unread{}, res.unread...),
		Asked:     res.asked,
		Tokens:    make([]recheckedInJSON, 0, len(res.tokens)),
	}
	for _, t := range res.tokens {
		doc.Tokens = append(doc.Tokens, recheckedInJSON{
			Token: t.Token, TokenID: t.TokenID, Rule: t.Rule, State: t.state, Verification: t.Verification, Before: t.was,
			Places: t.places, Recorded: len(t.Locations), Next: t.next(),
		})
	}
	return report.EncodeJSON(w, doc)
}
