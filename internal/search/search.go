// Package search finds credentials in texts and their positions. A text is a
// file or a git object, with the members of a container. The package handles
// bytes and names. It knows nothing of files or git.
package search

import (
	"r8scan/internal/archive"
	"r8scan/internal/budget"
	"r8scan/rules"
)

// Searcher searches texts one after the other. Each goroutine needs its own.
type Searcher struct {
	rules   *rules.Set // what is searched for; nil for the default ones
	found   int64      // bytes that what is found in a run may take
	work    int64      // and what must be held to read one text
	limits  archive.Limits
	memory  *budget.Account
	windows []*window // to use again
	text    Text
}

// New returns a searcher for a set of rules. It accounts for its memory in an
// account of b.
func New(set *rules.Set, b *budget.Budget, memory *budget.Account) *Searcher {
	limits := archive.LimitsOf(b)
	limits.Account = memory
	return &Searcher{rules: set, found: b.Found, work: b.Work, limits: limits, memory: memory}
}

// Rules returns the rules of the search.
func (s *Searcher) Rules() *rules.Set { return s.rules }

// Quota returns the quota for one text.
func (s *Searcher) Quota() Quota { return NewQuota(s.found, s.memory) }

// Text returns the search of one text. A searcher has one Text at a time.
// unread is called for what cannot be read in a container, with its path in the
// container.
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

func (s *Searcher) release(w *window) {
	if cap(w.hits) > keepHits {
		w.hits = nil
	}
	s.windows = append(s.windows, w)
}
