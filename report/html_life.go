package report

import (
	"cmp"
	"fmt"
	"slices"
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
	Lines  []lifeLine // in the files at HEAD, then only in the history; none if no day is known
	Moves  []string   // where on the axis
	Events []lifeEvent
}

// lifeLine is a part of the axis. Its class says what is drawn at its ends.
type lifeLine struct{ Class, From, To string }

type lifeEvent struct {
	Words  string
	Commit *htmlLink // nil for none
	By     string
}

type htmlLink struct{ Text, URL string }

// lifeOf returns the life of a token, nil if no commit has it.
func lifeOf(doc *Document, f Finding, span axis) *life {
	h := f.History
	if h == nil {
		return nil
	}
	l := &life{Lines: lifeLines(h, span)}
	add := func(words string) { l.Events = append(l.Events, lifeEvent{Words: words}) }
	in := func(words, id, author string) {
		l.Events = append(l.Events, lifeEvent{words, &htmlLink{short(id), commitOf(doc, f, id)}, terminal.Safe(author)})
	}
	if e := h.Introduced; e == nil {
		add("No commit is known that has it")
	} else {
		words := "Came in on " + e.Date.Format("2006-01-02")
		if h.Repository != "" {
			words += ", first in " + repositoryName(h.Repository)
		}
		if e.Path != "" {
			words += " as " + terminal.Safe(e.Path)
		}
		in(words, e.Commit, e.Author)
	}
	moves := movesOf(f)
	for _, m := range moves[:min(len(moves), openPlaces)] {
		in("Moved or copied on "+m.Committed.Format("2006-01-02")+" to "+terminal.Safe(m.Path), m.Commit, "")
		if len(l.Lines) > 0 {
			l.Moves = append(l.Moves, span.at(m.Committed))
		}
	}
	if rest := len(moves) - openPlaces; rest > 0 {
		add("Moved or copied to " + terminal.Plural(int64(rest), "more file"))
	}
	switch e := h.Removed; {
	case h.AtHead:
		add("Still in the files at HEAD")
	case e != nil:
		in("Went out on "+e.Date.Format("2006-01-02"), e.Commit, e.Author)
	default:
		add("In no file at HEAD")
	}
	words := upperFirst(reach(h, openRefs, false))
	if h.Reachable {
		words = "Still reachable: " + lowerFirst(words)
	}
	add(words)
	if others := elsewhere(f, false); others != "" {
		add(upperFirst(others))
	}
	return l
}

// lifeLines draws how long a token was in the files, and since when only the history
// has it.
func lifeLines(h *result.History, span axis) []lifeLine {
	if h.Introduced == nil {
		return nil
	}
	from, end, to := span.at(h.Introduced.Date), percent(1), ""
	if h.Reachable {
		to = " to-reach"
	}
	switch {
	case h.AtHead:
		return []lifeLine{{"head from-in" + to, from, end}}
	case h.Removed == nil:
		return []lifeLine{{"tail from-in" + to, from, end}}
	}
	out := span.at(h.Removed.Date)
	lines := []lifeLine{{"head from-in to-out", from, out}}
	if h.Reachable {
		lines = append([]lifeLine{{"tail" + to, out, end}}, lines...) // the mark of the other one is above it
	}
	return lines
}

// movesOf returns the first place in each file but the one that the token came in
// with, in the order of their commits.
func movesOf(f Finding) []result.Location {
	first := map[string]result.Location{}
	var paths []string
	for _, l := range f.Locations {
		if l.Kind != result.KindBlob || l.Path == "" || l.Committed.IsZero() || l.Repository != f.History.Repository {
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
