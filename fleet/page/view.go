package page

import (
	"cmp"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"r8scan/fleet/ledger"
	"r8scan/internal/door"
	look "r8scan/internal/page"
	"r8scan/internal/terminal"
	"r8scan/report"
)

// safe returns a text from outside as a page may show it: without tokens, and with
// everything escaped that changes how others are shown. The templates escape it for HTML.
func safe(s string) string { return door.Printable(s) }

// frame is what all pages have. All texts of views are safe.
type frame struct {
	look.Head
	Here   string // the part of the page that is shown
	Person string
	Leaves bool   // the person can log out
	Seal   string // of forms
	Said   string // what has just been done
}

// said is what a page says after an act.
func said(done string) string {
	switch done {
	case "arrived":
		return "Recorded as arrived."
	case "again":
		return "It is sent again."
	case "recheck":
		return "Replicate is asked about this token. Reload the page to see the answer."
	case "forgot":
		return "Forgotten."
	}
	return ""
}

// stamp is a time.
type stamp struct{ Text, Machine, Ago string }

// stampOf returns a time of the database's clock; nil for none.
func stampOf(ms, now int64) *stamp {
	if ms <= 0 {
		return nil
	}
	t := time.UnixMilli(ms).UTC()
	return &stamp{t.Format("2006-01-02 15:04"), t.Format(time.RFC3339), distance(ms, now)}
}

// distance says how far a time is from now.
func distance(ms, now int64) string {
	d, form := time.Duration(now-ms)*time.Millisecond, "%s ago"
	if d < 0 {
		d, form = -d, "in %s"
	}
	switch {
	case d < time.Minute:
		return "now"
	case d < time.Hour:
		return fmt.Sprintf(form, terminal.Plural(int64(d/time.Minute), "minute"))
	case d < 48*time.Hour:
		return fmt.Sprintf(form, terminal.Plural(int64(d/time.Hour), "hour"))
	}
	return fmt.Sprintf(form, terminal.Plural(int64(d/(24*time.Hour)), "day"))
}

// problemView says why a request was not done.
type problemView struct {
	frame
	Text   string
	Inside bool // the person sees other pages
}

// loginView asks for the token.
type loginView struct {
	frame
	To     string // where to go then
	Secure bool
}

// link leads to another page of a list.
type link struct{ Text, URL string }

// tab is one of several lists.
type tab struct {
	link
	Here bool
}

// tokenView is a token in a list.
type tokenView struct {
	ID, URL, Mask, Class, Status, Owner, Where string
	Public                                     bool
	First, Checked                             *stamp
}

func tokenOf(t ledger.ListedToken, now int64) tokenView {
	v := tokenView{
		ID: safe(t.ID), URL: tokenURL(t.ID), Mask: safe(t.Mask), Class: "s-" + safe(string(t.Status)), Status: statusWords(t.Status),
		Owner: ownerWords(t.Account, t.Status), Public: t.Public, First: stampOf(t.FirstSeen, now), Checked: stampOf(t.Checked, now),
		Where: safe(t.First),
	}
	if v.Where == "" {
		v.Where = "in no repository: others have told of it"
	}
	if t.Repos > 1 {
		v.Where += " and " + terminal.Plural(t.Repos-1, "more repository")
	}
	return v
}

func tokenURL(id string) string { return "/tokens/" + url.PathEscape(id) }

// statusWords says what Replicate says of a token.
func statusWords(s report.Status) string {
	switch s {
	case report.StatusUnchecked:
		return "not asked"
	case report.StatusUnknown:
		return "not known whether live"
	case report.StatusRevoked:
		return "dead"
	}
	return safe(string(s))
}

// ownerWords says whose a token is.
func ownerWords(a *report.Account, s report.Status) string {
	if a == nil {
		return "not known"
	}
	words := strings.TrimSpace(safe(a.Type) + " " + safe(a.Username))
	if a.Name != "" {
		words += " (" + safe(a.Name) + ")"
	}
	if s != report.StatusLive {
		words += ", when it was live"
	}
	return words
}

// placesView is what one repository has of a token.
type placesView struct {
	Repository, URL string // URL is "" if it is no page
	First, Gone     *stamp
	Spots           []spotView
	More            string
}

// spotView is one place.
type spotView struct{ Where, Notes, URL string }

// maxSpots is how many places of one repository a story shows.
const maxSpots = 20

func placesOf(p ledger.TokenPlace, now int64) placesView {
	v := placesView{Repository: safe(p.URL), URL: webPage(p.URL), First: stampOf(p.FirstSeen, now), Gone: stampOf(p.Gone, now)}
	for _, l := range p.Finding.Locations[:min(len(p.Finding.Locations), maxSpots)] {
		where := cmp.Or(safe(l.Path), safe(l.Kind))
		if l.Member != "" {
			where += "!" + safe(l.Member)
		}
		if l.Line > 0 {
			where += fmt.Sprintf(":%d:%d", l.Line, l.Column)
		}
		var notes []string
		if l.Kind != "" && l.Path != "" {
			notes = append(notes, safe(l.Kind))
		}
		if l.Commit != "" {
			notes = append(notes, "commit "+safe(l.Commit[:min(10, len(l.Commit))]))
		}
		if l.Current {
			notes = append(notes, "at HEAD")
		}
		l.Repository = p.URL
		v.Spots = append(v.Spots, spotView{where, strings.Join(notes, ", "), webPage(report.Link(l))})
	}
	if rest := len(p.Finding.Locations) - len(v.Spots); rest > 0 {
		v.More = terminal.Plural(int64(rest), "more place")
	}
	return v
}

// webPage returns an address that a browser may open, "" for any other.
func webPage(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || safe(address) != address {
		return ""
	}
	return u.String()
}

// verdictView is the same answer, once or several times in a row.
type verdictView struct {
	Status, Class, Reason, Times string
	From, To                     *stamp // To is nil if it was once
}

// verdictsOf joins equal answers that follow each other. The last ones come first.
func verdictsOf(all []ledger.Verdict, now int64) []verdictView {
	var out []verdictView
	for end := len(all); end > 0; {
		last, from := all[end-1], end-1
		for from > 0 && all[from-1].Status == last.Status && all[from-1].Reason == last.Reason {
			from--
		}
		v := verdictView{Status: statusWords(last.Status), Class: "s-" + safe(string(last.Status)), Reason: safe(last.Reason), From: stampOf(all[from].At, now)}
		if n := end - from; n > 1 {
			v.To, v.Times = stampOf(last.At, now), terminal.Plural(int64(n), "answer")
		}
		out = append(out, v)
		end = from
	}
	return out
}

// toldView is what others say.
type toldView struct {
	Source, Kind, Address string
	At                    *stamp
}

// noticeView is an act.
type noticeView struct {
	ID, Path, Title, State, Meaning, Error, Tries string
	Waits                                         bool // for a person
	Since, Due                                    *stamp
	Token                                         *tokenView // nil on the token's own page
	Seal                                          string
}

func noticeOf(n ledger.Notice, seal string, now int64) noticeView {
	v := noticeView{
		ID: safe(n.ID), Path: "/acts/" + url.PathEscape(n.ID), Title: channelWords(n.Channel), State: safe(n.State), Meaning: stateWords(n.State, n.Channel),
		Error: safe(n.Error), Waits: n.State == ledger.Uncertain || n.State == ledger.Refused, Since: stampOf(n.Since, now), Due: stampOf(n.Due, now), Seal: seal,
	}
	if n.Tries > 0 {
		v.Tries = terminal.Plural(n.Tries, "attempt")
	}
	return v
}

// channelWords says what an act is.
func channelWords(channel string) string {
	switch channel {
	case ledger.Disable:
		return "Disable it"
	case ledger.Mail:
		return "Mail to its owner"
	}
	return "Webhook " + safe(channel)
}

// stateWords says what a state means.
func stateWords(state, channel string) string {
	switch state {
	case ledger.Planned:
		return "A dry run: it is done once the configuration has act: true."
	case ledger.Due:
		return "It is sent when its time comes."
	case ledger.Sending:
		return "A process sends it now."
	case ledger.Sent:
		return "It has arrived."
	case ledger.Refused:
		return "It cannot be sent. Remove the cause and send it again, or say that it arrived another way."
	case ledger.Uncertain:
		if channel == ledger.Disable {
			return "Nobody knows whether the endpoint got it. Look there, then decide."
		}
		return "Nobody knows whether it has arrived. Ask its receiver, then decide: sent again, it may arrive twice."
	}
	return ""
}

// entryView is an entry of the log.
type entryView struct {
	At                                 *stamp
	Who, Act, Token, URL, Channel, Why string
}

func entryOf(e ledger.Entry, now int64) entryView {
	v := entryView{At: stampOf(e.At, now), Who: safe(e.Who), Act: safe(e.Act), Token: safe(e.Token), Channel: safe(e.Channel), Why: safe(e.Why)}
	if e.Token != "" {
		v.URL = tokenURL(e.Token)
	}
	return v
}

// repoView is a repository.
type repoView struct {
	Name, URL, State, Class, Problem, Tokens, Forget string
	Public                                           bool
	Scanned, Due                                     *stamp
}

func repoOf(r ledger.Visited, now int64) repoView {
	v := repoView{
		Name: safe(r.URL), URL: webPage(r.URL), State: safe(r.State), Public: r.Public, Scanned: stampOf(r.Scanned, now), Due: stampOf(r.Due, now),
		Problem: safe(strings.TrimPrefix(r.Error, r.URL+": ")), Forget: "/repositories/" + url.PathEscape(r.ID) + "/forget",
	}
	switch r.State {
	case ledger.Done:
		v.State, v.Class = "visited", "s-revoked"
		if r.Partly {
			v.Problem = "some of it could not be read: see r8scan-fleet status"
		}
	case ledger.Failed:
		v.Class = "s-live"
	case ledger.Aside:
		v.State, v.Class = "put aside", "s-live"
		v.Problem = strings.TrimPrefix(v.Problem+"; r8scan-fleet add tries it again", "; ")
	}
	if r.State != ledger.Done && r.State != ledger.Failed {
		v.Due = nil
	}
	if r.Tokens > 0 {
		v.Tokens = terminal.Plural(r.Tokens, "token")
	}
	return v
}

// cursorOf reads where a list goes on.
func cursorOf(q url.Values) ledger.Cursor {
	at, err := strconv.ParseInt(q.Get("at"), 10, 64)
	if err != nil {
		return ledger.Cursor{}
	}
	return ledger.Cursor{At: at, ID: q.Get("id")}
}

// listURL leads to the part of a list behind a cursor.
func listURL(path string, c ledger.Cursor, more ...string) string {
	q := url.Values{"at": {strconv.FormatInt(c.At, 10)}, "id": {c.ID}}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return path + "?" + q.Encode()
}
