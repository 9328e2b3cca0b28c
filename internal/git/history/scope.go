package history

import (
	"slices"

	"r8scan/internal/git/odb"
)

// Span names a range: what can be reached from any commit of With and from none
// of Without. Also are tags, and trees and blobs that are named without a
// commit, which count themselves; Known are those that are no news.
type Span struct {
	With, Without []odb.Obj
	Also, Known   []odb.Obj
	Symmetric     bool // With has two commits: what one of them reaches and the other does not
}

// Scope is a range of commits: those in it, and those whose content is known
// already and so is not news.
type Scope struct {
	in, out     []bool // by number of the commit
	also, known []odb.Obj
}

// Range returns the scope of a span.
func (g *Graph) Range(span *Span) *Scope {
	s := &Scope{in: make([]bool, len(g.commits)), also: span.Also, known: span.Known}
	if span.Symmetric {
		a, b := g.reach(g.numbers(span.With[:1])), g.reach(g.numbers(span.With[1:]))
		s.out = make([]bool, len(g.commits))
		for i := range a {
			s.in[i], s.out[i] = a[i] != b[i], a[i] && b[i]
		}
		return s
	}
	from := g.reach(g.numbers(span.With))
	s.out = g.reach(g.numbers(span.Without))
	for i := range from {
		s.in[i] = from[i] && !s.out[i]
	}
	return s
}

func (g *Graph) numbers(commits []odb.Obj) []int32 {
	var out []int32
	for _, o := range commits {
		if i, ok := g.commitAt(o); ok {
			out = append(out, i)
		}
	}
	return out
}

// Commits returns the commits in the scope, parents before children.
func (g *Graph) Commits(s *Scope) []odb.Obj {
	var out []odb.Obj
	for i, in := range s.in {
		if in {
			out = append(out, g.commits[i].obj)
		}
	}
	return out
}

// Has reports whether o is a commit or a tag in the scope.
func (g *Graph) Has(s *Scope, o odb.Obj) bool {
	i, ok := g.commitAt(o)
	return ok && s.in[i] || slices.Contains(s.also, o)
}

// Knows reports whether o is a commit of the graph. One that could not be read
// is none.
func (g *Graph) Knows(o odb.Obj) bool {
	_, ok := g.commitAt(o)
	return ok
}
