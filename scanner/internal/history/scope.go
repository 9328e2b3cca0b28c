package history

import (
	"slices"

	"github.com/r8scan/r8scan/scanner/internal/odb"
)

// Scope is a range of commits: those in it, and those whose content is known
// already and so is not news.
type Scope struct {
	in, out []bool // by number of the commit
	tags    []odb.Obj
}

// Range returns the scope of what can be reached from with and from none of
// without, and tags. If symmetric, with names two commits, and the scope is
// what one of them reaches and the other does not.
func (g *Graph) Range(with, without, tags []odb.Obj, symmetric bool) *Scope {
	s := &Scope{in: make([]bool, len(g.commits)), tags: tags}
	if symmetric {
		a, b := g.reach(g.numbers(with[:1])), g.reach(g.numbers(with[1:]))
		s.out = make([]bool, len(g.commits))
		for i := range a {
			s.in[i], s.out[i] = a[i] != b[i], a[i] && b[i]
		}
		return s
	}
	from := g.reach(g.numbers(with))
	s.out = g.reach(g.numbers(without))
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
	return ok && s.in[i] || slices.Contains(s.tags, o)
}

// Knows reports whether o is a commit of the graph. One that could not be read
// is none.
func (g *Graph) Knows(o odb.Obj) bool {
	_, ok := g.commitAt(o)
	return ok
}
