package odb

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"sort"
	"sync"

	"golang.org/x/sync/errgroup"
)

// pack is a packfile with its index. Entries are numbered by position: their
// order in the file.
type pack struct {
	packfile
	number int32 // in the store
	idx    *idx
	objs   []Obj // entry number → number in the store

	// The following fields are set by load, under once.
	once    sync.Once
	cut     error   // not nil if the file was truncated during load
	entries []entry // by position; the last one only marks the end of the one before

	gaps gaps

	checked bool // all streams were compared with their checksums: see Unindexed

	// Of an Arriving: what the entries from position rawFrom hold.
	raw     [][]byte
	rawFrom int32
}

// entry is the information about an object in a pack. A walk needs all of it at
// once, at random positions, so it is kept together.
type entry struct {
	off    uint64 // offset in the file
	size   uint64 // inflated size, of the delta if it is one
	weight int64  // packed bytes of the entry and all deltas on it
	base   int32  // position of the delta's base, or one of the values below
	first  int32  // position of the first delta that builds on it, or -1
	next   int32  // position of the next delta on the same base; the heaviest subtree comes last
	num    uint32 // its number in idx
	obj    Obj
	crc    uint32 // CRC-32 of its bytes, if idx has checksums
	head   uint8  // length of the header before the zlib stream; 0: broken
	kind   Type   // type, for deltas that of the root; 0: unknown
	again  bool   // another place reports the object
}

// Values of entry.base that are not positions.
const (
	whole    int32 = -1 // not a delta
	external int32 = -2 // a delta whose base is not in this pack
	broken   int32 = -3 // the entry cannot be read; pack.fault says why
)

// warnings returns oddities of a pack that can be read all the same.
func (p *pack) warnings() []Problem {
	var out []Problem
	if p.count != p.idx.n {
		out = append(out, Problem{p.path, fmt.Sprintf("it says it holds %d objects and its index lists %d: what the index leaves out is not read", p.count, p.idx.n)})
	}
	if !bytes.Equal(p.checksum(), p.idx.pack) {
		out = append(out, Problem{p.path, "its index was made for another pack, or the end of the pack is damaged"})
	}
	if p.idx.slack > 0 {
		out = append(out, Problem{p.path, fmt.Sprintf("its index has %d bytes that are no part of one and were not read", p.idx.slack)})
	}
	return out
}

// obj returns the object number of the entry at pos.
func (p *pack) obj(pos int32) Obj { return p.entries[pos].obj }

// place returns the place of the entry at pos, as in Store.where.
func (p *pack) place(pos int32) place { return place{p.number, int32(p.entries[pos].num)} }

// position is the inverse of place.
func (p *pack) position(num int32) int32 {
	n := len(p.entries) - 1 // more than idx has if some have no id: see Unindexed
	off := min(p.idx.offsets[num], p.entries[n].off)
	pos := sort.Search(n, func(i int) bool { return p.entries[i].off >= off })
	for p.entries[pos].num != uint32(num) { // a bad index has two entries at one offset
		pos++
	}
	return int32(pos)
}

// packedSize returns how many bytes of the file the object at pos takes.
func (p *pack) packedSize(pos int32) int64 { return int64(p.entries[pos+1].off - p.entries[pos].off) }

// before returns the position of the entry that starts at off and is before
// pos. It searches backwards from pos, because most bases are near.
func (p *pack) before(pos int, off uint64) (int32, bool) {
	from, to := pos, pos
	for step := 1; from > 0 && p.entries[from].off > off; step *= 2 {
		from, to = max(0, from-step), from
	}
	at := from + sort.Search(to-from, func(i int) bool { return p.entries[from+i].off >= off })
	return int32(at), at < pos && p.entries[at].off == off
}

// load reads all entry headers and connects deltas to their bases. It does so
// once.
func (p *pack) load(s *Store) { p.once.Do(func() { p.read(s) }) }

func (p *pack) read(s *Store) {
	n := p.idx.n
	p.entries = make([]entry, n+1)
	end := p.end()
	p.entries[n].off = end
	for pos, num := range p.idx.byOffset() { // an offset outside the file must not damage its neighbor
		e := &p.entries[pos]
		e.off, e.num = min(p.idx.offsets[num], end), num
	}
	p.gaps.add(int(p.entries[0].off) - packHeader)
	part := max(minPart, n/max(1, s.Workers)+1)
	var g errgroup.Group
	for from := 0; from < n; from += part {
		g.Go(func() error {
			to := min(n, from+part)
			p.describe(s, from, to)
			return CatchFault(func() error { return p.readHeaders(from, to) })
		})
	}
	p.cut = g.Wait()
	p.connect()
}

// minPart is the minimum number of headers for one goroutine.
const minPart = 1 << 14

// describe fills entries from one position to another with what the indexes
// tell.
func (p *pack) describe(s *Store, from, to int) {
	for pos := from; pos < to; pos++ {
		e := &p.entries[pos]
		e.obj, e.base, e.first, e.next = p.objs[e.num], broken, -1, -1
		e.again = s.where[e.obj] != place{p.number, int32(e.num)}
		if p.idx.crc != nil {
			e.crc = p.idx.crc[e.num]
		}
	}
}

// readHeaders reads the headers of the entries from one position to another.
// Those that cannot be read stay broken.
func (p *pack) readHeaders(from, to int) error {
	for pos := from; pos < to; pos++ {
		h, err := p.headerAt(pos)
		if err != nil {
			continue
		}
		p.take(pos, h)
		if h.kind == refDelta {
			if num, ok := p.idx.find(h.baseID); ok {
				p.entries[pos].base = p.position(int32(num))
			}
		}
	}
	return nil
}

// take fills the entry at pos with what its header says. A base that is named by its
// id is external.
func (p *pack) take(pos int, h header) {
	e := &p.entries[pos]
	e.head, e.size, e.kind = uint8(h.len), h.size, h.kind
	switch h.kind {
	default:
		e.base = whole
	case ofsDelta:
		e.kind = 0
		if b, ok := p.before(pos, h.baseOff); ok {
			e.base = b
		}
	case refDelta:
		e.kind, e.base = 0, external
	}
}

// headerAt reads the header of the entry at pos.
func (p *pack) headerAt(pos int) (header, error) {
	h, err := p.header(p.entries[pos].off, p.entries[pos+1].off)
	if err == errOutside {
		err = errors.New("its index names a place outside the pack, or one that another object has")
	}
	return h, err
}

// unsummed reports whether streams have to be compared with their own checksums: an
// index of version 2 has one of each entry.
func (p *pack) unsummed() bool { return p.idx.crc == nil && !p.checked }

// fault returns why the entry at pos is broken.
func (p *pack) fault(pos int32) error {
	if p.cut != nil {
		return p.cut
	}
	h, err := p.headerAt(int(pos))
	switch {
	case err != nil:
		return err
	case h.isDelta():
		return errors.New("its delta base is no object of the pack, or deltas build on each other in a circle")
	}
	return errHeader
}

// packed returns the entry at pos.
func (p *pack) packed(pos int32) packed {
	e := &p.entries[pos]
	out := packed{size: e.size, src: p.data[e.off+uint64(e.head) : p.entries[pos+1].off]}
	if i := int(pos - p.rawFrom); i >= 0 && i < len(p.raw) {
		out.raw = p.raw[i]
	}
	return out
}

// checkCRC compares an entry's bytes with the CRC-32 in an index of version 2.
// It is the cheapest way to detect flipped bits.
func (p *pack) checkCRC(pos int32) bool {
	e := &p.entries[pos]
	return p.idx.crc == nil || crc32.ChecksumIEEE(p.data[e.off:p.entries[pos+1].off]) == e.crc
}
