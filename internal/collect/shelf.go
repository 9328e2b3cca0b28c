package collect

import (
	"maps"
	"slices"
	"sync"

	"r8scan/internal/search"
	"r8scan/rules"
)

// The memory for matches is limited. Which ones are kept must not depend on the
// speed of the workers, so a shelf keeps the first in a fixed order.

// shelf keeps the first values, in order, that it has room for. It holds at most
// twice as much.
type shelf[T any] struct {
	room    int64 // bytes
	compare func(a, b T) int
	cost    func(T) int64

	items []T
	bytes int64
	lost  int64 // how many were not kept
	last  *T    // values after it have no room
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

// cut sorts the values and drops those without room.
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

// all returns the values, in order.
func (s *shelf[T]) all() []T {
	s.cut()
	return s.items
}

// hits keeps matches: the first tokens, and the first places of each. So many
// places of one token do not hide another token, and many tokens of low confidence
// do not hide one of higher.
type hits struct {
	mu        sync.Mutex
	high, low tokenShelf
}

// tokenShelf is a shelf of tokens.
type tokenShelf struct {
	room   int64
	each   int64 // bytes for the places of one token
	tokens map[search.Key]*tokenHits
	bytes  int64       // held now
	lost   int64       // matches of tokens that were dropped
	last   *search.Key // tokens after it have no room
}

// tokenHits are the places of one token.
type tokenHits struct {
	shelf[Hit]
	seen int64 // bytes of all places, also of dropped ones
}

// tokenCost is the memory of a token, beside its places: its secret, its entry in a
// map and its shelf.
const tokenCost = 288

func newHits(room int64) *hits {
	return &hits{high: tokenShelf{room: room, each: room / 24}, low: tokenShelf{room: room / 16, each: room / 128}}
}

// add adds a match.
func (h *hits) add(x Hit) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &h.high
	if x.Match.Confidence == rules.Low {
		s = &h.low
	}
	key := x.Key()
	if s.last != nil && key.Compare(*s.last) > 0 {
		s.lost++
		return
	}
	t := s.tokens[key]
	if t == nil {
		t = &tokenHits{shelf: shelf[Hit]{room: s.each, compare: compareHits, cost: Hit.cost}, seen: tokenCost}
		if s.tokens == nil {
			s.tokens = map[search.Key]*tokenHits{}
		}
		s.tokens[key] = t
		s.bytes += tokenCost
	} else if len(t.items) > 0 {
		x.Match.Secret = t.items[0].Match.Secret // one copy is enough
	}
	before := t.bytes
	t.add(x)
	t.seen += x.cost()
	if s.bytes += t.bytes - before; s.bytes > s.most() {
		s.cut()
	}
}

// most is how many bytes a shelf may hold until it is cut.
func (s *tokenShelf) most() int64 { return s.room + s.room/8 }

// cut drops the tokens without room and returns the others in order. A token's
// bytes include its dropped places. They only grow, so a token without room now
// never has room.
func (s *tokenShelf) cut() (keys []search.Key) {
	keys = slices.SortedFunc(maps.Keys(s.tokens), search.Key.Compare)
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

func (s *tokenShelf) drop(keys []search.Key) {
	for _, key := range keys {
		s.lost += int64(len(s.tokens[key].items)) + s.tokens[key].shelf.lost
		delete(s.tokens, key)
	}
}

// all returns the matches, in order, and how many were dropped.
func (h *hits) all() (list []Hit, lost int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	high, low, n := h.high.cut(), h.low.cut(), 0
	for _, s := range []*tokenShelf{&h.high, &h.low} {
		for _, t := range s.tokens {
			n += len(t.items)
			lost += t.shelf.lost
		}
		lost += s.lost
	}
	list = make([]Hit, 0, n) // exactly: they may fill the memory
	for _, key := range high {
		list = append(list, h.high.tokens[key].items...)
	}
	for _, key := range low {
		list = append(list, h.low.tokens[key].items...)
	}
	return list, lost
}

// Firsts keeps the values of the first keys, in order, and at most Most of them.
// Many goroutines may use it.
type Firsts[V any] struct {
	Most int

	mu   sync.Mutex
	m    map[string]V
	last string // if full: keys after it have no room
	full bool
}

// Set gives a key a value if there is room. A key keeps the first of several
// values, by less.
func (f *Firsts[V]) Set(key []byte, value V, less func(a, b V) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.admits(string(key)) {
		return
	}
	if was, ok := f.m[string(key)]; !ok || less(value, was) {
		f.m[string(key)] = value
	}
}

// All returns the values by key, and whether no key was dropped. It is the last
// call on f.
func (f *Firsts[V]) All() (m map[string]V, whole bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cut()
	return f.m, !f.full
}

// admits reports whether a key may have a value.
func (f *Firsts[V]) admits(key string) bool {
	if f.full && key > f.last {
		return false
	}
	if f.m == nil {
		f.m = map[string]V{}
	}
	if len(f.m) >= 2*f.Most {
		f.cut()
	}
	return !f.full || key <= f.last
}

// cut drops the keys without room.
func (f *Firsts[V]) cut() {
	if len(f.m) <= f.Most {
		return
	}
	keys := slices.Sorted(maps.Keys(f.m))
	for _, key := range keys[f.Most:] {
		delete(f.m, key)
	}
	f.full, f.last = true, keys[f.Most-1]
}
