package history

import (
	"slices"

	"r8scan/internal/git/odb"
)

// Span is a range: the commits that can be reached from With and not from
// Without. Also has tags, and trees and blobs without a commit, which are in
// the range themselves. Known has tags, trees and blobs that are not new.
type Span struct {
	With, Without []odb.Obj
	Also, Known   []odb.Obj
	Symmetric     bool // With has two commits: the range is what only one of them reaches
}

// Scope is a range of commits, with the commits whose content is known and
// therefore not new.
type Scope struct {
	in, out     []bool // by commit number
	also, known []odb.Obj
}

// Range returns the scope of a span.
func (l *commitList) Range(span *Span) *Scope {
	s := &Scope{in: make([]bool, len(l.commits)), also: span.Also, known: span.Known}
	if span.Symmetric {
		a, b := l.reach(l.numbersOf(span.With[:1])), l.reach(l.numbersOf(span.With[1:]))
		s.out = make([]bool, len(l.commits))
		for i := range a {
			s.in[i], s.out[i] = a[i] != b[i], a[i] && b[i]
		}
		return s
	}
	from := l.reach(l.numbersOf(span.With))
	s.out = l.reach(l.numbersOf(span.Without))
	for i := range from {
		s.in[i] = from[i] && !s.out[i]
	}
	return s
}

func (l *commitList) numbersOf(commits []odb.Obj) []int32 {
	var out []int32
	for _, o := range commits {
		if i, ok := l.commitAt(o); ok {
			out = append(out, i)
		}
	}
	return out
}

// Commits returns the commits in the scope, parents before children.
func (l *commitList) Commits(s *Scope) []odb.Obj {
	var out []odb.Obj
	for i, in := range s.in {
		if in {
			out = append(out, l.commits[i].obj)
		}
	}
	return out
}

// Has reports whether o is a commit or a tag in the scope.
func (l *commitList) Has(s *Scope, o odb.Obj) bool {
	i, ok := l.commitAt(o)
	return ok && s.in[i] || slices.Contains(s.also, o)
}

// Knows reports whether o is a commit of the graph. An unreadable commit is
// not.
func (l *commitList) Knows(o odb.Obj) bool {
	_, ok := l.commitAt(o)
	return ok
}
