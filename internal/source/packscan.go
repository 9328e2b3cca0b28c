package source

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"r8scan/internal/collect"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/wire"
	"r8scan/internal/packcache"
	"r8scan/rules"
)

// packScan is what the scan of one pack remembers.
type packScan struct {
	repo   *repository
	number int
	stamp  string

	pending atomic.Int64 // families not yet read
	collect.Counters

	mu       sync.Mutex
	toSearch map[odb.Obj]bool           // see searchAgain
	outside  map[string]collect.Missing // raw id → what is known of it
	unsigned map[string]string          // raw id → the name that says what it holds
	failed   bool
}

// maxOutside is how many objects outside a pack, and of those that noteUnsigned
// records, are remembered. A pack with more of them is small compared with the
// others, and quickly read again.
const maxOutside = 100_000

// done counts a family as read and, after the last one, saves the entry. A pack with
// a fault is not saved, so that each scan names the fault. A cache that cannot be
// written only costs time.
func (p *packScan) done(cache *packcache.Cache) {
	if p.pending.Add(-1) > 0 || p.stamp == "" || p.failed || len(p.outside)+len(p.unsigned) > maxOutside || len(p.repo.Store.Problems()) > 0 {
		return
	}
	e := &packcache.Entry{Stamp: p.stamp, LeftToOthers: p.repo.Store.LeftToOthers(p.number), Shallow: p.repo.shallowIn(p.number),
		Objects: p.Objects.Load(), Bytes: p.Bytes.Load(), Commits: p.Commits.Load(), Members: p.Members.Load()}
	for _, o := range slices.Sorted(maps.Keys(p.toSearch)) {
		e.Search = append(e.Search, p.repo.Store.Hex(o))
	}
	for _, id := range slices.Sorted(maps.Keys(p.outside)) {
		m := p.outside[id]
		e.Outside = append(e.Outside, packcache.Outside{ID: wire.Hex([]byte(id)), Kind: m.Kind, Name: rules.Redact(m.Name)})
	}
	for _, id := range slices.Sorted(maps.Keys(p.unsigned)) {
		e.Named = append(e.Named, packcache.Outside{ID: wire.Hex([]byte(id)), Name: rules.Redact(p.unsigned[id])})
	}
	_ = cache.Save(p.repo.Store.PackKey(p.number), e)
}

// searchAgain records an object that the next scan has to search again: it has a
// match (no token is kept), or something in it that cannot be read.
func (p *packScan) searchAgain(o odb.Obj) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.toSearch[o] = true
}

func (p *packScan) fail() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed = true
}

// linkOutside records an object that is named and not in the pack.
func (p *packScan) linkOutside(id []byte, kind, name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m, ok := p.outside[string(id)]; (!ok || name < m.Name) && len(p.outside) <= maxOutside {
		p.outside[string(id)] = collect.Missing{Kind: kind, Name: name}
	}
}

// noteUnsigned records an entry whose name alone may say what it holds.
func (p *packScan) noteUnsigned(e odb.TreeEntry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if was, ok := p.unsigned[string(e.ID)]; !ok || string(e.Name) < was {
		p.unsigned[string(e.ID)] = string(e.Name)
	}
}
