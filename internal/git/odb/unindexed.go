package odb

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"r8scan/internal/git/wire"
)

// Unindexed is a pack without an index, as a server sends it. Until Index, its
// objects are numbered by their positions. Walk Families and pass each object to
// Identify, then do the same with what Ready returns until that is nothing.
type Unindexed struct {
	Store *Store // for Walker, until Index

	pack    *pack
	known   []bool  // by position: whether it has an id
	waiting []int32 // deltas that name their base by its id

	mu     sync.Mutex
	failed []Obj
}

// maxUnindexed is how many objects of a pack without an index are read: each takes
// about 100 bytes of memory.
const maxUnindexed = 1 << 25

// OpenUnindexed finds the objects in the first size bytes of a file, which are a
// pack without an index. name is what problems call the pack, and hash the length of
// ids in bytes. What is behind damage is not read: Problems of the store say so. The
// caller may close the file. The error is for a file that is no pack.
func OpenUnindexed(f *os.File, size int64, name string, hash int, limits Limits) (*Unindexed, error) {
	data, unmap, err := mapOpen(f, name, size)
	if err != nil {
		return nil, err
	}
	p := &pack{packfile: packfile{path: name, hash: hash, data: data, unmap: unmap}, idx: &idx{idRows: idRows{hash: hash, row: hash}}}
	if err := CatchFault(p.readHeader); err != nil {
		_ = unmap() // a read-only map loses nothing
		return nil, err
	}
	u := &Unindexed{Store: &Store{hash: hash, limits: limits, packs: []*pack{p}}, pack: p}
	u.scan()
	return u, nil
}

// scan finds all entries and connects them.
func (u *Unindexed) scan() {
	p := u.pack
	var g errgroup.Group
	whole := false
	g.Go(func() error {
		return CatchFault(func() error {
			sum := wire.NewHash(p.hash)
			sum.Write(p.data[:p.end()])
			whole = bytes.Equal(sum.Sum(nil), p.checksum())
			return nil
		})
	})
	found := CatchFault(func() error { return findEntries(p, u.Store.limits, maxUnindexed) })
	switch err := g.Wait(); {
	case found != nil:
		u.Store.problem(p.path, found.Error())
	case err != nil:
		u.Store.problem(p.path, err.Error())
	case !whole:
		u.Store.problem(p.path, "its bytes do not have the checksum at its end; it was read as it is")
	}
	n := len(p.entries) - 1
	p.idx.n, p.checked = n, true
	p.once.Do(func() {}) // so that load does not read the entries from an index
	p.connect()
	for pos := range n {
		if p.entries[pos].base == external {
			u.waiting = append(u.waiting, int32(pos))
		}
	}
	u.known = make([]bool, n)
	s := u.Store
	s.ids, s.where, s.sorted = make([]byte, n*p.hash), make([]place, n), newIDList(nil, p.hash)
	for pos := range n {
		s.where[pos] = place{0, int32(pos)}
		p.idx.offsets = append(p.idx.offsets, p.entries[pos].off)
	}
	s.positional = true
}

// findEntries fills p.entries with at most so many. Where an entry ends shows only
// when it is inflated. The error says why not all were found.
func findEntries(p *pack, limits Limits, most int) (err error) {
	at, end := uint64(packHeader), p.end()
	defer func() { p.entries = append(p.entries, entry{off: at}) }()
	s := skipper{limits: limits}
	s.z.Checksum = true
	for pos := range p.count {
		if pos == most {
			return fmt.Errorf("it has %d objects; those after the first %d were not read", p.count, most)
		}
		p.entries = append(p.entries, entry{off: at, num: uint32(pos), obj: Obj(pos), base: broken, first: -1, next: -1})
		h, err := p.header(at, end)
		var n int
		if err == nil {
			n, err = s.skip(packed{size: h.size, src: p.data[at+uint64(h.len) : end]})
		}
		if err != nil {
			p.entries = p.entries[:pos]
			return fmt.Errorf("the object at byte %d: %w; it and those after it were not read: %d of %d", at, err, p.count-pos, p.count)
		}
		p.take(pos, h)
		at += uint64(h.len + n)
	}
	if at < end {
		return fmt.Errorf("%d bytes behind its last object were not read", end-at)
	}
	return nil
}

// skipper finds the ends of entries.
type skipper struct {
	limits Limits
	unpacker
	buf []byte
}

// skip returns how many bytes the entry's stream takes.
func (s *skipper) skip(e packed) (int, error) {
	if err := e.plausible(); err != nil {
		return 0, err
	}
	if e.size > uint64(min(s.limits.Stream, keepSkipped)) {
		behind := 0
		r, err := e.stream(func(n int) { behind = n })
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		return len(e.src) - behind, err
	}
	if uint64(cap(s.buf)) < e.size {
		s.buf = make([]byte, e.size+e.size/4)
	}
	behind, err := s.inflate(s.buf[:e.size], e.src)
	return len(e.src) - behind, err
}

// keepSkipped is the size up to which an entry is inflated into memory to find its end.
const keepSkipped = 4 << 20

// EachID calls f for each id that was computed. An object that is there twice has two.
func (u *Unindexed) EachID(f func(id []byte)) {
	for pos, ok := range u.known {
		if ok {
			f(u.Store.ID(Obj(pos)))
		}
	}
}

// Families returns the work of walking all objects but those that wait for a base.
func (u *Unindexed) Families() []Family {
	if len(u.waiting) == 0 {
		return packFamilies(u.pack)
	}
	var out []Family
	from := int32(0)
	for _, pos := range append(slices.Clone(u.waiting), int32(len(u.known))) {
		if pos > from {
			out = append(out, Family{pack: u.pack, from: from, to: pos})
		}
		from = pos + 1
	}
	return out
}

// Ready returns the work of walking the deltas that waited and whose base has an id
// by now.
func (u *Unindexed) Ready() []Family {
	if len(u.waiting) == 0 {
		return nil
	}
	s := u.Sorted()
	var out []Family
	u.waiting = slices.DeleteFunc(u.waiting, func(pos int32) bool {
		h, err := u.pack.headerAt(int(pos))
		if err != nil {
			return false
		}
		_, ok := s.Find(h.baseID)
		if ok {
			out = append(out, Family{pack: u.pack, from: pos, to: pos + 1})
		}
		return ok
	})
	return out
}

// Lacking returns the ids, in hex, of the bases that deltas still wait for.
func (u *Unindexed) Lacking() []string {
	var ids []string
	for _, pos := range u.waiting {
		if h, err := u.pack.headerAt(int(pos)); err == nil {
			ids = append(ids, wire.Hex(h.baseID))
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Sorted returns the store, in which objects that have an id by now can be found.
func (u *Unindexed) Sorted() *Store {
	s := u.Store
	s.order = u.sortedKnown()
	ids := make([]byte, 0, len(s.order)*s.hash)
	for _, o := range s.order {
		ids = append(ids, s.ID(o)...)
	}
	s.sorted = newIDList(ids, s.hash)
	return s
}

// sortedKnown returns the positions that have an id, sorted by id. It does not depend
// on the order in which they got it.
func (u *Unindexed) sortedKnown() []Obj {
	type row struct {
		head uint64 // of the id: it decides nearly always, and is at hand
		pos  Obj
	}
	s := u.Store
	rows := make([]row, 0, len(u.known))
	for pos, ok := range u.known {
		if ok {
			rows = append(rows, row{binary.BigEndian.Uint64(s.ID(Obj(pos))), Obj(pos)})
		}
	}
	slices.SortFunc(rows, func(a, b row) int {
		if c := cmp.Compare(a.head, b.head); c != 0 {
			return c
		}
		return cmp.Or(bytes.Compare(s.ID(a.pos), s.ID(b.pos)), cmp.Compare(a.pos, b.pos))
	})
	order := make([]Obj, len(rows))
	for i, r := range rows {
		order[i] = r.pos
	}
	return order
}

// Identify gives an object its id. Many goroutines may call it, for objects of
// different walks.
func (u *Unindexed) Identify(n *Node) error {
	if n.Again || u.known[n.Obj] { // the base of a delta that waited
		return nil
	}
	n.Complete()
	sum := newID(u.Store.hash, n.Type, n.Size)
	if n.Stream == nil {
		sum.Write(n.Data)
	} else if _, err := io.Copy(sum, n.Stream); err != nil {
		return err
	}
	sum.Sum(u.Store.ID(n.Obj)[:0])
	u.known[n.Obj] = true
	return nil
}

// Fail notes that an object cannot be read.
func (u *Unindexed) Fail(o Obj, why error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.failed = append(u.failed, o); len(u.failed) <= maxFailed {
		u.Store.problem(u.pack.path, u.Store.label(o)+": "+why.Error())
	}
}

// maxFailed is how many objects that cannot be read are named one by one.
const maxFailed = 100

// Index returns the store of the objects that have an id. u must not be used
// afterwards.
func (u *Unindexed) Index() *Store {
	for _, pos := range u.waiting {
		why := errors.New("its header is damaged")
		if h, err := u.pack.headerAt(int(pos)); err == nil {
			why = fmt.Errorf("its delta base %s is not in the pack", wire.Hex(h.baseID))
		}
		u.Fail(Obj(pos), why)
	}
	if more := len(u.failed) - maxFailed; more > 0 {
		u.Store.problem(u.pack.path, fmt.Sprintf("%d more objects in it cannot be read", more))
	}
	p, was := u.pack, u.Store
	s := &Store{Workers: was.Workers, hash: was.hash, limits: was.limits, packs: was.packs, problems: was.problems}
	for pos := range u.known { // an object without an id belongs to no store, but others may build on it
		e := &p.entries[pos]
		e.obj, e.num, e.again = None, ^uint32(0), true
	}
	for _, o := range u.failed { // it was named
		p.entries[o].base = broken
	}
	order := u.sortedKnown()
	p.idx.offsets = nil
	s.ids = make([]byte, 0, len(order)*s.hash)
	for _, pos := range order {
		e, id := &p.entries[pos], was.ID(pos)
		if n := len(s.ids); n > 0 && bytes.Equal(id, s.ids[n-s.hash:]) { // the server sent it twice
			e.obj = Obj(n/s.hash - 1)
			continue
		}
		o := Obj(len(s.ids) / s.hash)
		e.obj, e.num, e.again = o, uint32(o), false
		s.ids = append(s.ids, id...)
		s.where = append(s.where, place{0, int32(o)})
		p.idx.offsets = append(p.idx.offsets, e.off)
	}
	s.sorted = newIDList(s.ids, s.hash)
	p.idx.n, p.idx.rows = len(s.where), s.ids
	return s
}
