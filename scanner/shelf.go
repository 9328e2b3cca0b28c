package scanner

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"r8scan/internal/budget"
	"r8scan/rules"
)

// What is found takes memory, so there are limits to it. Which of it is kept
// must not depend on what came first, as workers are not equally fast: a shelf
// keeps what is first in an order of its own.

// shelf keeps of what it is given the first, in order, that there is room for.
// It holds twice as much at most.
type shelf[T any] struct {
	room    int64 // bytes
	compare func(a, b T) int
	cost    func(T) int64

	items []T
	bytes int64
	lost  int64 // how many were not kept
	last  *T    // what is behind it has no room
}

func (s *shelf[T]) add(x T) {
	if s.last != nil && s.compare(x, *s.last) > 0 {
		s.lost++
		return
	}
	s.items = append(s.items, x)
	if s.bytes += s.cost(x); s.bytes > 2*s.room {
		s.cut()
	}
}

// cut drops what there is no room for, and puts the rest in order.
func (s *shelf[T]) cut() {
	slices.SortFunc(s.items, s.compare)
	s.bytes = 0
	for i, x := range s.items {
		if s.bytes+s.cost(x) > s.room {
			s.lost += int64(len(s.items) - i)
			clear(s.items[i:])
			s.items = s.items[:i]
			if last := x; i > 0 {
				last = s.items[i-1]
				s.last = &last
			} else {
				s.last = &last
			}
			return
		}
		s.bytes += s.cost(x)
	}
}

// all returns what is kept, in order.
func (s *shelf[T]) all() []T {
	s.cut()
	return s.items
}

// hits keeps matches: of each token the first places, and of the tokens the
// first. So no flood of places of one token hides another, and none of low
// confidence one that is surer.
type hits[H any] struct {
	mu        sync.Mutex
	match     func(*H) *rules.Match
	place     func(a, b H) int
	cost      func(H) int64
	high, low tokenShelf[H]
}

// tokenShelf is a shelf of tokens.
type tokenShelf[H any] struct {
	room   int64
	tokens map[findingKey]*tokenHits[H]
	bytes  int64       // that are held
	lost   int64       // of the tokens that are not kept
	last   *findingKey // what is behind it has no room
}

// tokenHits are the places of one token.
type tokenHits[H any] struct {
	shelf[H]
	seen int64 // bytes of all, with those that were lost
}

// tokenCost is what a token takes beside its places.
const tokenCost = 384

func newHits[H any](found int64, match func(*H) *rules.Match, place func(a, b H) int, cost func(H) int64) *hits[H] {
	return &hits[H]{match: match, place: place, cost: cost, high: tokenShelf[H]{room: found / 3}, low: tokenShelf[H]{room: found / 16}}
}

// add takes a match.
func (h *hits[H]) add(x H) {
	m := h.match(&x)
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &h.high
	if m.Confidence == rules.Low {
		s = &h.low
	}
	key := findingKey{m.Rule.ID, m.Secret.Reveal()}
	if s.last != nil && compareKeys(key, *s.last) > 0 {
		s.lost++
		return
	}
	t := s.tokens[key]
	if t == nil {
		t = &tokenHits[H]{shelf: shelf[H]{room: s.room / 8, compare: h.place, cost: h.cost}, seen: tokenCost}
		if s.tokens == nil {
			s.tokens = map[findingKey]*tokenHits[H]{}
		}
		s.tokens[key] = t
		s.bytes += tokenCost
	} else if len(t.items) > 0 {
		m.Secret = h.match(&t.items[0]).Secret // one copy of it is enough
	}
	before := t.bytes
	t.add(x)
	t.seen += h.cost(x)
	if s.bytes += t.bytes - before; s.bytes > 2*s.room {
		s.cut()
	}
}

func compareKeys(a, b findingKey) int {
	return cmp.Or(cmp.Compare(a.rule, b.rule), cmp.Compare(a.secret, b.secret))
}

// cut drops the tokens that there is no room for and returns the others in
// order. What a token takes is counted with what it has lost: that only grows,
// so a token that has no room now never has.
func (s *tokenShelf[H]) cut() (keys []findingKey) {
	keys = slices.SortedFunc(maps.Keys(s.tokens), compareKeys)
	weight := int64(0)
	s.bytes = 0
	for i, key := range keys {
		t := s.tokens[key]
		if weight += min(t.seen, t.room+tokenCost); weight > s.room {
			last := keys[max(0, i-1)]
			s.last = &last
			s.drop(keys[i:])
			return keys[:i]
		}
		t.cut()
		s.bytes += t.bytes + tokenCost
	}
	return keys
}

func (s *tokenShelf[H]) drop(keys []findingKey) {
	for _, key := range keys {
		s.lost += int64(len(s.tokens[key].items)) + s.tokens[key].shelf.lost
		delete(s.tokens, key)
	}
}

// all returns what is kept, in order, and how many matches are not.
func (h *hits[H]) all() (list []H, lost int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range []*tokenShelf[H]{&h.high, &h.low} {
		for _, key := range s.cut() {
			list = append(list, s.tokens[key].items...)
			lost += s.tokens[key].shelf.lost
		}
		lost += s.lost
	}
	return list, lost
}

// quota bounds the matches in one file or object, which are held until all of
// it is read. Matches of low confidence have a quota of their own.
type quota struct {
	memory    *budget.Account
	high, low int // that may still come
	held      int64
}

// hitLen is what a match takes until it is on a shelf.
const hitLen = 512

func newQuota(found int64, memory *budget.Account) quota {
	return quota{memory: memory, high: int(found >> 10), low: int(found >> 13)}
}

// takes reports whether one more match may be kept.
func (q *quota) takes(m rules.Match) bool {
	left := &q.high
	if m.Confidence == rules.Low {
		left = &q.low
	}
	if *left == 0 {
		return false
	}
	*left--
	q.held += hitLen
	q.memory.Take(hitLen)
	return true
}

// done gives back the memory of matches that are on a shelf now.
func (q *quota) done() {
	q.memory.Give(q.held)
	q.held = 0
}

// tooMany says that matches were not kept.
const tooMany = "there are more tokens in what was read than a result can hold; those here are not all listed: --max-memory sets the limit"

// firsts are the values of the first keys in order, some number of them at most.
type firsts[V any] struct {
	most int
	m    map[string]V
	last string // if full: what is behind it has no room
	full bool
}

// admits reports whether a key may have a value. The caller sets it in m.
func (f *firsts[V]) admits(key string) bool {
	if f.full && key > f.last {
		return false
	}
	if f.m == nil {
		f.m = map[string]V{}
	}
	if len(f.m) >= 2*f.most {
		f.cut()
	}
	return !f.full || key <= f.last
}

// cut drops the keys that there is no room for.
func (f *firsts[V]) cut() {
	if len(f.m) <= f.most {
		return
	}
	keys := slices.Sorted(maps.Keys(f.m))
	for _, key := range keys[f.most:] {
		delete(f.m, key)
	}
	f.full, f.last = true, keys[f.most-1]
}
