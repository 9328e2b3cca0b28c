// Package search finds credentials in texts and tells where in them they stand.
// A text is a file or a git object, and what is in it if it is a container. The
// package knows bytes and names, and nothing of files or of git.
package search

import (
	"r8scan/internal/archive"
	"r8scan/internal/budget"
	"r8scan/rules"
)

// Searcher searches one text after the other. A goroutine has one of its own.
type Searcher struct {
	rules   *rules.Set // what is searched for; nil for the default ones
	found   int64      // bytes that what is found in a run may take
	work    int64      // and what must be held to read one text
	limits  archive.Limits
	memory  *budget.Account
	windows []*window // to use again
	text    Text
}

// New returns a searcher for a set of rules that accounts for its memory in an
// account of b.
func New(set *rules.Set, b *budget.Budget, memory *budget.Account) *Searcher {
	limits := archive.LimitsOf(b)
	limits.Account = memory
	return &Searcher{rules: set, found: b.Found, work: b.Work, limits: limits, memory: memory}
}

// Rules returns what is searched for.
func (s *Searcher) Rules() *rules.Set { return s.rules }

// Quota returns the quota for one text.
func (s *Searcher) Quota() Quota { return NewQuota(s.found, s.memory) }

// Text returns what searches one text. A searcher has one at a time. unread is
// told of what cannot be read in a container, by its path in there.
func (s *Searcher) Text(unread func(member, reason string)) *Text {
	s.text = Text{s: s, unread: unread, Hits: s.text.Hits[:0], quota: s.Quota()}
	return &s.text
}

// window returns a window for a new text; release takes it back.
func (s *Searcher) window() *window {
	k := len(s.windows) - 1
	if k < 0 {
		return &window{buf: make([]byte, WindowLen), quota: &s.text.quota, rules: s.rules}
	}
	w := s.windows[k]
	s.windows = s.windows[:k]
	*w = window{buf: w.buf, matches: w.matches, hits: w.hits[:0], quota: &s.text.quota, rules: s.rules}
	return w
}

func (s *Searcher) release(w *window) { s.windows = append(s.windows, w) }
