package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"r8scan/internal/terminal"
	"r8scan/result"
)

// axis places days on a drawing. All drawings of a page have the same one.
type axis struct{ from, to time.Time }

// gitBegan is when git was first used. An earlier date in a commit is wrong, and
// would squeeze all others.
var gitBegan = time.Date(2005, 4, 7, 0, 0, 0, 0, time.UTC)

// axisOf returns the axis from the first event in any token's life to the scan.
func axisOf(doc *Document) axis {
	a := axis{to: doc.StartedAt}
	a.from = a.to
	for _, f := range doc.Findings {
		if f.History == nil {
			continue
		}
		for _, e := range []*result.Event{f.History.Introduced, f.History.Removed} {
			if e != nil && e.Date.After(gitBegan) && e.Date.Before(a.from) {
				a.from = e.Date
			}
		}
	}
	if a.to.Sub(a.from) < 24*time.Hour {
		a.from = a.to.Add(-24 * time.Hour)
	}
	return a
}

// share returns where t is between the ends, from 0 to 1. What is outside is at an
// end.
func (a axis) share(t time.Time) float64 {
	return max(0, min(1, float64(t.Sub(a.from))/float64(a.to.Sub(a.from))))
}

// at returns where t is in per cent of the width.
func (a axis) at(t time.Time) string { return percent(a.share(t)) }

func percent(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) }

// life is what happened to a token in git, as a drawing and in words.
type life struct {
	Label    string      // all of it in a sentence
	In, Tail *stretch    // in the files at HEAD, and only in the history; nil if it was not
	Marks    []lifeMark  // none if no day is known
	Events   []lifeEvent // in order
}

// stretch is a part of the axis.
type stretch struct{ From, To string }

// lifeMark is a mark of a kind: in, moved, out or reach.
type lifeMark struct{ X, Kind string }

type lifeEvent struct {
	Kind, Words string
	Commit      *htmlLink
	By          string
}

type htmlLink struct{ Text, URL string }

// lifeOf returns the life of a token, nil if no commit has it.
func lifeOf(doc *Document, f Finding, span axis) *life {
	h := f.History
	if h == nil {
		return nil
	}
	l := &life{Label: upperFirst(strings.Join(storyParts(h, false), ", ")) + "."}
	add := func(kind, words, id string, when time.Time, by string) {
		e := lifeEvent{Kind: kind, Words: words, By: by}
		if id != "" {
			e.Commit = &htmlLink{short(id), commitLink(doc.Target, h, id)}
		}
		l.Events = append(l.Events, e)
		if !when.IsZero() {
			l.Marks = append(l.Marks, lifeMark{span.at(when), kind})
		}
	}
	if e := h.Introduced; e != nil {
		words := "Came in on " + e.Date.Format("2006-01-02")
		if e.Path != "" {
			words += " as " + terminal.Safe(e.Path)
		}
		add("in", words, e.Commit, e.Date, terminal.Safe(e.Author))
	} else {
		add("in", "No commit is known that has it", "", time.Time{}, "")
	}
	moves := movesOf(f)
	for _, m := range moves[:min(len(moves), openPlaces)] {
		add("moved", "Moved or copied on "+m.Committed.Format("2006-01-02")+" to "+terminal.Safe(m.Path), m.Commit, m.Committed, "")
	}
	if rest := len(moves) - openPlaces; rest > 0 {
		add("moved", "Moved or copied to "+terminal.Plural(int64(rest), "more file"), "", time.Time{}, "")
	}
	switch e := h.Removed; {
	case h.AtHead:
		add("head", "Still in the files at HEAD", "", time.Time{}, "")
	case e != nil:
		add("out", "Went out on "+e.Date.Format("2006-01-02"), e.Commit, e.Date, terminal.Safe(e.Author))
	default:
		add("out", "In no file at HEAD", "", time.Time{}, "")
	}
	if h.Reachable {
		add("reach", "Still reachable: "+reach(h, openRefs, false), "", span.to, "")
	} else {
		add("gone", upperFirst(reach(h, openRefs, false)), "", time.Time{}, "")
	}
	l.stretch(h, span)
	return l
}

// stretch fills in how long the token was where.
func (l *life) stretch(h *result.History, span axis) {
	if h.Introduced == nil {
		l.Marks = nil
		return
	}
	from, end := span.at(h.Introduced.Date), percent(1)
	switch {
	case h.AtHead:
		l.In = &stretch{from, end}
	case h.Removed != nil:
		out := span.at(h.Removed.Date)
		l.In = &stretch{from, out}
		if h.Reachable {
			l.Tail = &stretch{out, end}
		}
	case h.Reachable:
		l.Tail = &stretch{from, end}
	}
}

// movesOf returns the first place in each file but the one that the token came in
// with, in the order of their commits.
func movesOf(f Finding) []result.Location {
	first := map[string]result.Location{}
	var paths []string
	for _, l := range f.Locations {
		if l.Kind != result.KindBlob || l.Path == "" || l.Committed.IsZero() {
			continue
		}
		was, seen := first[l.Path]
		if !seen {
			paths = append(paths, l.Path)
		}
		if !seen || l.Committed.Before(was.Committed) {
			first[l.Path] = l
		}
	}
	var moves []result.Location
	for _, path := range paths {
		if in := f.History.Introduced; in == nil || in.Path != path && in.Commit != first[path].Commit {
			moves = append(moves, first[path])
		}
	}
	slices.SortFunc(moves, func(a, b result.Location) int {
		return cmp.Or(a.Committed.Compare(b.Committed), cmp.Compare(a.Path, b.Path))
	})
	return moves
}
