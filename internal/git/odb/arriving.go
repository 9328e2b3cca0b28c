package odb

import (
	"bytes"
	"context"
	"hash"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"r8scan/internal/git/wire"
)

// Arriving is a pack that is walked while it is written to a file. Its objects are
// found, and inflated, once: Find does that while others walk the part before. A part
// is a range of entries. What they build on is mostly in the same part, because git
// writes families of objects together; else it is inflated again.
//
// One goroutine writes the pack and closes it, one calls Find, and one at a time calls
// Next, when all that it returned before is walked. Each of them ends when Stop is
// called.
type Arriving struct {
	Unindexed *Unindexed

	file *os.File
	name string

	// The goroutine that writes.
	sum    hash.Hash
	tail   []byte // the last bytes that were written, which may be the checksum
	size   atomic.Int64
	wrote  chan struct{} // that size grew; closed after the last byte
	read   chan struct{} // that Find went on
	done   atomic.Int64  // how far Find is
	hasten bool          // it does not wait for Find any more

	patience time.Duration

	found chan *foundPart
	spare chan *foundPart // parts to use again
	whole bool            // all objects were found; set before found is closed

	// The goroutine that calls Next.
	part    *foundPart
	from    int32   // the first position of the part
	again   []int32 // positions before the part that it builds on
	rebuilt int64   // packed bytes of all such entries

	stop context.Context
	Stop context.CancelFunc
}

// foundPart is a range of entries with what they hold.
type foundPart struct {
	entries []entry
	raw     [][]byte // what each holds, inflated; nil if that is too much
	arena   []byte   // the memory of raw
	start   uint64   // offset of the first entry
	end     uint64   // offset behind the last one
}

// Sizes of what is passed from one goroutine to the next.
const (
	pieceSize = 128 << 10 // of what Find reads at a time
	maxBehind = 4 << 20   // of what was written and not read: it is still in the system's cache
	partRoom  = 24 << 20  // inflated, of the entries of a part: two are held
	firstPart = 384       // how many times less a part may have, packed, at first
)

// patience is how long a server may have to wait for Find, once. Some end a connection
// that stands still. Then Find reads from the file alone.
const patience = 5 * time.Second

// NewArriving returns a pack without bytes. The pack is to be in the file before it is
// written to the result.
func NewArriving(f *os.File, name string, hash int, limits Limits) *Arriving {
	room := min(partRoom, limits.Held/26) // which is all of it with the default budget
	p := &pack{packfile: packfile{path: name, hash: hash, unmap: func() error { return nil }}, idx: &idx{idRows: idRows{hash: hash, row: hash}}, checked: true}
	p.once.Do(func() {}) // so that load does not read the entries from an index
	s := &Store{hash: hash, limits: limits, packs: []*pack{p}}
	s.sorted, s.positional = newIDList(nil, hash), true
	a := &Arriving{Unindexed: &Unindexed{Store: s, pack: p}, file: f, name: name, patience: patience, sum: wire.NewHash(hash),
		wrote: make(chan struct{}, 1), read: make(chan struct{}, 1), found: make(chan *foundPart), spare: make(chan *foundPart, 2)}
	for range cap(a.spare) {
		a.spare <- &foundPart{arena: make([]byte, 0, room)}
	}
	a.stop, a.Stop = context.WithCancel(context.Background())
	return a
}

// Write is told bytes of the pack. It waits while Find is far behind, but not for long.
func (a *Arriving) Write(b []byte) (int, error) {
	a.tail = append(a.tail, b...)
	if n := len(a.tail) - a.Unindexed.pack.hash; n > 0 {
		a.sum.Write(a.tail[:n])
		a.tail = a.tail[:copy(a.tail, a.tail[n:])]
	}
	size := a.size.Add(int64(len(b)))
	notify(a.wrote)
	for !a.hasten && size-a.done.Load() > maxBehind {
		timer := time.NewTimer(a.patience)
		select {
		case <-a.read:
		case <-timer.C:
			a.hasten = true
		case <-a.stop.Done():
			a.hasten = true
		}
		timer.Stop()
	}
	return len(b), nil
}

// notify wakes up who waits, or will wait.
func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Close ends the pack.
func (a *Arriving) Close() { close(a.wrote) }

// Next waits for the next part of the pack, and returns the work of walking it in
// portions: none when the pack is at its end.
func (a *Arriving) Next(ctx context.Context) ([][]Family, error) {
	p := a.Unindexed.pack
	if a.part != nil {
		a.endPart()
	}
	select {
	case part, ok := <-a.found:
		if !ok {
			return nil, nil
		}
		a.part = part
	case <-a.stop.Done():
		return nil, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := a.remap(a.part.end); err != nil {
		a.Unindexed.Store.problem(a.name, pathless(err).Error())
		return nil, nil
	}
	a.from = int32(max(0, len(p.entries)-1)) // without the end of the one before
	p.entries = append(append(p.entries[:a.from], a.part.entries...), entry{off: a.part.end})
	p.raw, p.rawFrom = a.part.raw, a.from
	a.number()
	if !a.reach() {
		return nil, nil
	}
	p.connectPart(a.again, a.from)
	return portions(p, a.again, a.from), nil
}

// endPart frees what a walked part holds. Its entries are done: a later part that
// builds on them must not report them.
func (a *Arriving) endPart() {
	p := a.Unindexed.pack
	for _, pos := range a.again {
		p.entries[pos].weight = 0
	}
	for pos := int(a.from); pos < len(p.entries)-1; pos++ {
		p.entries[pos].weight, p.entries[pos].again = 0, true
	}
	p.raw = nil
	a.part.entries, a.part.arena = a.part.entries[:0], a.part.arena[:0]
	clear(a.part.raw)
	a.part.raw = a.part.raw[:0]
	a.spare <- a.part
	a.part = nil
}

// remap maps the file up to an offset.
func (a *Arriving) remap(end uint64) error {
	p := a.Unindexed.pack
	_ = p.unmap() // a read-only map loses nothing
	p.data, p.unmap = nil, func() error { return nil }
	data, unmap, err := mapOpen(a.file, a.name, int64(end))
	if err == nil {
		p.data, p.unmap = data, unmap
	}
	return err
}

// number numbers the objects of the part.
func (a *Arriving) number() {
	u := a.Unindexed
	s, n := u.Store, len(u.pack.entries)-1-int(a.from)
	u.known = append(u.known, make([]bool, n)...)
	s.ids = append(s.ids, make([]byte, n*s.hash)...)
	for pos := a.from; int(pos) < len(u.known); pos++ {
		s.where = append(s.where, place{0, pos})
	}
}

// reach finds the entries before the part that it builds on. It returns false if these
// are too many: then the pack is in no order that suits this way of reading, and it is
// faster to read it again when all of it is there.
func (a *Arriving) reach() bool {
	p := a.Unindexed.pack
	a.again = a.again[:0]
	for pos := int(a.from); pos < len(p.entries)-1; pos++ {
		for b := p.entries[pos].base; b >= 0 && b < a.from && p.entries[b].weight == 0; b = p.entries[b].base {
			p.entries[b].weight = 1 // marks it
			a.again = append(a.again, b)
			a.rebuilt += p.packedSize(b)
		}
	}
	slices.Sort(a.again)
	return a.rebuilt <= int64(a.part.end)+int64(cap(a.part.arena))
}

// Whole reports whether all of the pack was found and walked, and has the checksum at
// its end. Unindexed is then ready for Index. If it does not, nothing that was walked
// counts.
func (a *Arriving) Whole(size int64) bool {
	u := a.Unindexed
	p := u.pack
	if !a.whole || a.part != nil || len(u.Store.Problems()) > 0 || !bytes.Equal(a.sum.Sum(nil), a.tail) {
		return false
	}
	if a.remap(uint64(size)) != nil {
		return false
	}
	p.idx.n = len(p.entries) - 1
	p.idx.offsets = make([]uint64, p.idx.n)
	for pos := range p.idx.n {
		e := &p.entries[pos]
		e.first, e.next, e.weight, e.again = -1, -1, 0, false
		p.idx.offsets[pos] = e.off
	}
	p.connect()
	return true
}

// portions returns the families of the entries from a position, and of those before it
// that they build on, in portions that are worth a job.
func portions(p *pack, before []int32, from int32) [][]Family {
	var out [][]Family
	weight := int64(familyWeight)
	add := func(f Family, w int64) {
		if weight >= familyWeight {
			out, weight = append(out, nil), 0
		}
		last := len(out) - 1
		out[last] = append(out[last], f)
		weight += w
	}
	for _, pos := range before {
		if e := &p.entries[pos]; e.base < 0 {
			add(Family{pack: p, from: pos, to: pos + 1}, e.weight)
		}
	}
	weight = familyWeight
	for _, f := range familiesFrom(p, from) {
		out = append(out, []Family{f})
	}
	return out
}
