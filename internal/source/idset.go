package source

import (
	"encoding/binary"
	"hash/maphash"
	"sync"
)

// idSet is a set of ids, by their first eight bytes: ids are random, so only made-up
// ones share these. Many goroutines may add to it.
type idSet struct{ shards [256]idShard }

// idShard is a hash table in one piece. A map takes three times as long.
type idShard struct {
	mu   sync.Mutex
	seed maphash.Seed // made-up ids must not all have one place
	keys []uint64     // a power of two of them, at most 3/4 filled; 0 is free
	n    int
}

// add adds a raw id.
func (s *idSet) add(id []byte) {
	shard := &s.shards[id[0]]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if 4*shard.n >= 3*len(shard.keys) {
		shard.grow()
	}
	shard.put(keyOf(id))
}

// without returns how many ids the set has beside those that each names, which may
// name one twice. Nobody may add one meanwhile.
func (s *idSet) without(each func(f func(id []byte))) (n int) {
	for i := range s.shards {
		n += s.shards[i].n
	}
	var named idSet
	each(func(id []byte) {
		if shard := &s.shards[id[0]]; shard.n > 0 && shard.keys[shard.find(keyOf(id))] != 0 {
			named.add(id)
		}
	})
	for i := range named.shards {
		n -= named.shards[i].n
	}
	return n
}

// keyOf returns the part of an id that is kept, which is never 0.
func keyOf(id []byte) uint64 { return max(1, binary.BigEndian.Uint64(id)) }

// find returns where a key is, or where it has its place.
func (s *idShard) find(key uint64) int {
	mask := len(s.keys) - 1
	at := int(maphash.Comparable(s.seed, key)) & mask
	for s.keys[at] != 0 && s.keys[at] != key {
		at = (at + 1) & mask
	}
	return at
}

func (s *idShard) put(key uint64) {
	if at := s.find(key); s.keys[at] == 0 {
		s.keys[at] = key
		s.n++
	}
}

func (s *idShard) grow() {
	old := s.keys
	if old == nil {
		s.seed = maphash.MakeSeed()
	}
	s.keys, s.n = make([]uint64, max(64, 2*len(old))), 0
	for _, key := range old {
		if key != 0 {
			s.put(key)
		}
	}
}

// each calls f with the key of each id.
func (s *idSet) each(f func(key uint64)) {
	for i := range s.shards {
		for _, key := range s.shards[i].keys {
			if key != 0 {
				f(key)
			}
		}
	}
}
