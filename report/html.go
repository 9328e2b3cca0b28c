package report

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	advise "r8scan/internal/advice"
	"r8scan/internal/page"
	"r8scan/internal/terminal"
)

// htmlPage is what the template "report" shows. Texts of the scanned repository in
// it are terminal-safe; the template escapes them for HTML.
type htmlPage struct {
	page.Head
	Heading    string // what was found
	About      string // what was scanned, and when
	Headline   string
	Incomplete string // "" if everything was read
	Notes      []string
	Groups     []htmlGroup
	Timeline   *timeline // nil without a history
	Filters    []htmlFilter
	Lives      bool   // some tokens have a drawing
	From       string // the day at which drawings begin
	Count      string
	Tokens     iter.Seq[htmlToken]
	Facts      []htmlFact
	Lists      []htmlList
	Made       string
}

// htmlGroup is what to do about tokens with the same steps.
type htmlGroup struct {
	Class  string // bad, quiet, or "" for what lies between
	Head   string
	Steps  []advise.Step
	Old    string
	Tokens []htmlRow
	More   string
}

// htmlRow is a token in the list of its group.
type htmlRow struct{ Mask, Owner, Anchor, Where string }

type htmlFact struct {
	Name   string
	Values []string
}

// htmlList has things that were not read, or not reported.
type htmlList struct {
	ID, Title   string
	Items, Rest []htmlItem // Rest is behind a click
	More        string
}

type htmlItem struct{ What, Why string }

// How much of a list a page shows at once. Of places and of what was not read all is
// there.
const (
	openPlaces = 5
	openRefs   = 10
	openItems  = 20
	rowBytes   = 120 // of a place in the list of a group
)

// writeHTML writes one page for the one who must act: what to do, as a checklist;
// when tokens came in and went out; each token with its owner, places and life; and
// what was not read. It loads nothing, runs no script, and shows the same whatever
// Options say.
func writeHTML(w io.Writer, doc *Document, _ Options) error {
	all := groups(doc.Run, doc.Findings)
	span := axisOf(doc)
	p := &htmlPage{
		Head:     page.Head{Title: "r8scan: " + title(doc)},
		Heading:  upperFirst(title(doc)),
		About:    fmt.Sprintf("In %s, scanned on %s", terminal.Safe(cmp.Or(doc.Target.Remote, doc.Target.Path)), doc.StartedAt.Format("2006-01-02")),
		Headline: headline(all) + ".",
		Timeline: timelineOf(doc, span),
		Filters:  filtersOf(doc.Findings),
		Count:    terminal.Plural(int64(len(doc.Findings)), "token"),
		Facts:    factsOf(doc),
		Lists:    listsOf(doc),
		From:     span.from.Format("2006-01-02"),
		Made:     fmt.Sprintf("Made by %s on %s.", terminal.Safe(strings.TrimSpace(doc.Tool.Name+" "+doc.Tool.Version)), doc.StartedAt.Format("2006-01-02")),
	}
	if doc.Found() == 0 {
		p.Headline = upperFirst(title(doc)) + "."
	}
	if len(doc.Findings) == 0 {
		p.Count = ""
	}
	if n := len(doc.Coverage.Unread); n > 0 {
		p.Incomplete = fmt.Sprintf("The scan is incomplete: %s could not be read and may hold further tokens.", terminal.Plural(int64(n), "thing"))
	}
	for _, note := range []string{howToAsk(doc.Run, doc.Findings), notListed(doc.NotListed)} {
		if note != "" {
			p.Notes = append(p.Notes, note)
		}
	}
	for _, g := range all {
		p.Groups = append(p.Groups, htmlGroupOf(g))
	}
	p.Lives = p.Timeline != nil
	owners := ownersOf(doc.Findings)
	p.Tokens = func(yield func(htmlToken) bool) {
		for _, f := range doc.Findings {
			if !yield(htmlTokenOf(doc, f, span, owners)) {
				return
			}
		}
	}
	return page.Write(w, "report", p)
}

func htmlGroupOf(g *group) htmlGroup {
	out := htmlGroup{Head: g.head(), Steps: g.steps()}
	order := g.order()
	switch {
	case order == noAction || order == noDisabling:
		out.Class = "quiet"
	case order == disableNow && !doubtful(g.findings[0]):
		out.Class = "bad"
	}
	if order != noAction {
		out.Old = old(g.run, g.findings...)
	}
	shown := g.findings[:min(len(g.findings), shownFindings)]
	for _, f := range shown {
		spots := spotsOf(f.Locations, false)
		row := htmlRow{Mask: terminal.Safe(f.Token), Anchor: anchorOf(f), Where: clip(place(spots[0].at), rowBytes)}
		if rest := len(spots) - 1; rest > 0 {
			row.Where += " and " + terminal.Plural(int64(rest), "more place")
		}
		if a := f.Verification.Account; a != nil {
			row.Owner = owner(a)
		}
		out.Tokens = append(out.Tokens, row)
	}
	if rest := len(g.findings) - len(shown); rest > 0 {
		out.More = fmt.Sprintf("And %s in the list below.", terminal.Plural(int64(rest), "more token"))
	}
	return out
}

// anchorOf names a finding within the page: a link to it survives a new scan.
func anchorOf(f Finding) string { return "t-" + f.TokenID + "-" + terminal.Safe(f.Rule) }

// factsOf says what was scanned, when and by what, and what Replicate answered.
func factsOf(doc *Document) []htmlFact {
	var facts []htmlFact
	add := func(name string, values ...string) {
		values = slices.DeleteFunc(values, func(s string) bool { return s == "" })
		for i := range values {
			values[i] = terminal.Safe(values[i])
		}
		if len(values) > 0 {
			facts = append(facts, htmlFact{name, values})
		}
	}
	t := doc.Target
	add("Scanned", cmp.Or(t.Remote, t.Path))
	add("Branch", t.Branch)
	add("Commit", t.Head)
	add("Range", t.Range)
	add("Date", doc.StartedAt.Format("2006-01-02 15:04 MST"))
	if r := doc.Rechecked; r != nil {
		add("Rechecks", "the scan of "+r.ScannedAt.Format("2006-01-02 15:04 MST")+" by "+strings.TrimSpace(r.ScannedBy.Name+" "+r.ScannedBy.Version))
	}
	add("Read", readLine(doc.Coverage)+" in "+duration(doc.DurationMS))
	if a := doc.Asked; a != nil {
		add("Asked", fmt.Sprintf("%s: %s live, %s revoked, %s unknown;", a.hosts(), terminal.Count(int64(a.Live)), terminal.Count(int64(a.Revoked)), terminal.Count(int64(a.Unknown))), a.Told())
	}
	if doc.Complete {
		add("Not read", "nothing")
	}
	return facts
}

// listsOf returns what was not read, and what was found and not reported.
func listsOf(doc *Document) []htmlList {
	var lists []htmlList
	add := func(id, title string, items []htmlItem) {
		if len(items) == 0 {
			return
		}
		l := htmlList{ID: id, Title: fmt.Sprintf("%s (%s)", title, terminal.Count(int64(len(items)))), Items: items}
		if len(items) > openItems {
			l.Items, l.Rest = items[:openItems], items[openItems:]
			l.More = terminal.Count(int64(len(l.Rest))) + " more"
		}
		lists = append(lists, l)
	}
	var unread, accepted, allowed, left []htmlItem
	for _, u := range doc.Coverage.Unread {
		unread = append(unread, htmlItem{terminal.Safe(u.What), terminal.Safe(u.Reason)})
	}
	for _, a := range doc.Coverage.Accepted {
		accepted = append(accepted, htmlItem{terminal.Safe(a.What), terminal.Safe(a.Reason + " (" + a.Because + ")")})
	}
	for _, a := range changesFirst(doc.Allowed) {
		allowed = append(allowed, htmlItem{terminal.Safe(a.TokenID), upperFirst(warningOf(a)) + allowedWhy(a)})
	}
	for _, why := range slices.Sorted(maps.Keys(doc.LeftOut)) {
		left = append(left, htmlItem{terminal.Safe(why), terminal.Count(int64(doc.LeftOut[why]))})
	}
	add("unread", "Not read: what may hold further tokens", unread)
	add("", "Not read, as --config accepts", accepted)
	add("", "Allowed tokens, which are not listed", allowed)
	add("", "Below --min-confidence, by reason", left)
	return lists
}
