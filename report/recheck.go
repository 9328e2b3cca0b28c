package report

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"r8scan/internal/terminal"
	"r8scan/rules"
)

// Rechecked says of which scan a Document is the recheck. Its own StartedAt,
// DurationMS, Tool, Coverage and Asked are the recheck's; Target, Allowed and
// LeftOut are the scan's.
type Rechecked struct {
	ScannedAt    time.Time `json:"scanned_at"` // the scan's StartedAt
	ScannedBy    Tool      `json:"scanned_by"`
	ScanComplete bool      `json:"scan_complete"`
	Gone         int       `json:"gone"`   // tokens in this state
	Unread       int       `json:"unread"` // likewise
}

// Recheck is what became of a finding since it was recorded. Its Verification is
// the new one.
type Recheck struct {
	State  RecheckState `json:"state"`
	Places int          `json:"places"` // where the token was found now, of which there may be others than Locations
	Before Verification `json:"before"` // see Before
}

// RecheckState says whether a recorded token was found again.
type RecheckState string

// The states. Nobody can be asked about a token that was not found: a result holds
// no tokens.
const (
	RecheckThere  RecheckState = "there"
	RecheckGone   RecheckState = "gone"   // its places were read and do not hold it
	RecheckUnread RecheckState = "unread" // its places could not all be read
)

// Before returns what to say of a finding's past, once its status is now: the last
// clear answer that was another one, so that a recheck of a recheck still tells
// that a token was live; else the last clear answer, or what is recorded.
func Before(f Finding, now Status) Verification {
	past := []Verification{f.Verification}
	if f.Recheck != nil {
		past = append(past, f.Recheck.Before)
	}
	for _, differs := range []bool{true, false} {
		for _, v := range past {
			if clear := v.Status == StatusLive || v.Status == StatusRevoked; clear && (v.Status != now || !differs) {
				return v
			}
		}
	}
	return f.Verification
}

// check finds what no recheck writes.
func (r *Recheck) check() error {
	switch r.State {
	case RecheckThere, RecheckGone, RecheckUnread:
	default:
		return errors.New("unknown state of the recheck")
	}
	if !r.Before.Status.known() {
		return errors.New("unknown verification status before the recheck")
	}
	if r.Places < 0 {
		return errors.New("a negative number of places in the recheck")
	}
	return nil
}

// recheckLine says in a line of terminal-safe text what a recheck found out about
// a finding, and what is next: "was live on 2026-11-20, now revoked: no action
// needed". It is "" for the finding of a scan.
func recheckLine(f Finding) string {
	if f.Recheck == nil {
		return ""
	}
	then := f.Recheck.Before
	line := "not asked before, "
	if then.Status != StatusUnchecked {
		line = "was " + terminal.Safe(string(then.Status))
		if !then.CheckedAt.IsZero() {
			line += " on " + then.CheckedAt.Format(time.DateOnly)
		}
		line += ", "
	}
	page, disable := remedyPage(f), disableIt(f)
	switch now := f.Verification.Status; {
	case now == StatusRevoked && then.Status == StatusRevoked:
		return line + "and still is: no action needed"
	case now == StatusRevoked && then.Account != nil:
		return line + "now revoked (" + terminal.Safe(then.Account.Type+" "+then.Account.Username) + "): no action needed"
	case now == StatusRevoked:
		return line + "now revoked: no action needed"
	case f.Recheck.State == RecheckGone:
		return line + "now gone from its places: that does not disable it; look for it by its mask" + page
	case f.Recheck.State == RecheckUnread:
		return line + "and its places could not be read: make them readable and recheck, or look for it by its mask" + page
	case now == StatusLive && then.Status == StatusLive:
		return line + "and still is: " + disable + ", then recheck"
	case now == StatusLive:
		return line + "now live: " + disable + ", then recheck"
	}
	if then.Status == StatusUnknown {
		line += "and still is"
	} else {
		line += "now unknown"
	}
	return line + ": recheck later, or look for it by its mask" + page
}

// remedyPage says where tokens are listed with their masks, "" if that is not known of
// a finding's rule.
func remedyPage(f Finding) string {
	if r := f.ruleValue(); r != nil && r != rules.APIToken {
		return ""
	}
	return " at " + rules.TokensPage
}

// disableIt is an order to disable a live token, without its period.
func disableIt(f Finding) string {
	a, page := f.Verification.Account, remedyPage(f)
	switch {
	case page == "" && a != nil:
		return remedyOf(f).Short + " (" + owner(a) + ")"
	case page == "":
		return remedyOf(f).Short
	case a != nil:
		return "disable it as " + terminal.Safe(a.Username) + page
	}
	return "disable it" + page
}

// recheckSummary says in a line how a recheck went, "" for a scan.
func recheckSummary(doc *Document) string {
	if doc.Rechecked == nil {
		return ""
	}
	n := map[Status]int{}
	for _, f := range doc.Findings {
		n[f.Verification.Status]++
	}
	var why []string
	for _, reason := range []struct {
		n     int
		words string
	}{{doc.Rechecked.Gone, "gone from their places"}, {doc.Rechecked.Unread, "in places that could not be read"}} {
		if reason.n > 0 {
			why = append(why, terminal.Count(int64(reason.n))+" "+reason.words)
		}
	}
	line := fmt.Sprintf("rechecked the scan of %s: %s live, %s revoked, %s unknown", doc.Rechecked.ScannedAt.Format(time.DateOnly),
		terminal.Count(int64(n[StatusLive])), terminal.Count(int64(n[StatusRevoked])), terminal.Count(int64(n[StatusUnknown]+n[StatusUnchecked])))
	if len(why) > 0 {
		line += " (" + strings.Join(why, ", ") + ")"
	}
	if !doc.Rechecked.ScanComplete {
		line += "; that scan was incomplete"
	}
	return line + "\n"
}
