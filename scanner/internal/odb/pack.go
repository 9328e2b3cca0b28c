package odb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"sync"
)

// pack is one packfile with its index. Its entries are numbered by position:
// their order in the file.
type pack struct {
	path   string
	number int32 // in the store
	data   []byte
	unmap  func() error
	idx    *idx
	objs   []Obj // entry number → number in the store

	// What follows is filled in by load, which once guards.
	once sync.Once
	cut  error // not nil if the file was cut short under load

	entry []uint32 // position → entry number in idx
	off   []uint64 // position → start of the entry; one more: the end of the last
	head  []uint8  // position → length of the header before the zlib stream; 0: broken
	size  []uint64 // position → inflated size, of the delta if it is one
	kind  []Type   // position → type, of the base for deltas; 0: unknown
	base  []int32  // position → position of the delta's base, or one of the values below

	first, next []int32 // children of a position, the heaviest subtree last
	weight      []int64 // packed bytes of a position's whole subtree
}

// Values of pack.base that are no position.
const (
	whole    int32 = -1 // not a delta
	external int32 = -2 // a delta whose base is not in this pack
	broken   int32 = -3 // the entry cannot be read; pack.fault says why
)

const packHeader = 12

// checkHeader compares the pack's header and checksum with its index.
func (p *pack) checkHeader() error {
	if len(p.data) < packHeader+p.idx.hash || !bytes.HasPrefix(p.data, []byte("PACK")) {
		return errors.New("it is not a packfile")
	}
	if v := binary.BigEndian.Uint32(p.data[4:]); v != 2 && v != 3 {
		return fmt.Errorf("its version %d is unknown", v)
	}
	return nil
}

// warnings names what is odd about a pack that can be read all the same.
func (p *pack) warnings() []Problem {
	var out []Problem
	if n := int(binary.BigEndian.Uint32(p.data[8:])); n != p.idx.n {
		out = append(out, Problem{p.path, fmt.Sprintf("it says it holds %d objects and its index lists %d: what the index leaves out is not read", n, p.idx.n)})
	}
	if !bytes.Equal(p.data[len(p.data)-p.idx.hash:], p.idx.pack) {
		out = append(out, Problem{p.path, "its index was made for another pack, or the end of the pack is damaged"})
	}
	return out
}

// obj returns the number in the store of the object at pos.
func (p *pack) obj(pos int32) Obj { return p.objs[p.entry[pos]] }

// place returns what Store.where says of the entry at pos if it counts.
func (p *pack) place(pos int32) place { return place{p.number, int32(p.entry[pos])} }

// position is the inverse of place.
func (p *pack) position(entry int32) int32 {
	at := min(p.idx.offsets[entry], p.off[p.idx.n])
	pos, _ := slices.BinarySearch(p.off[:p.idx.n], at)
	for p.entry[pos] != uint32(entry) { // two entries at one place: a lie of the index
		pos++
	}
	return int32(pos)
}

// load reads all entry headers and links deltas to their bases, the first time
// that it is called.
func (p *pack) load() { p.once.Do(p.read) }

func (p *pack) read() {
	n := p.idx.n
	p.entry = p.idx.byOffset()
	p.off = make([]uint64, n+1)
	p.off[n] = uint64(len(p.data) - p.idx.hash)
	for pos, e := range p.entry { // one that lies outside must not take its neighbour with it
		p.off[pos] = min(p.idx.offsets[e], p.off[n])
	}
	p.head = make([]uint8, n)
	p.size = make([]uint64, n)
	p.kind = make([]Type, n)
	p.base = make([]int32, n)
	for pos := range n {
		p.base[pos] = broken
	}
	p.cut = Guarded(p.readHeaders)
	p.link()
}

// readHeaders reads the header of every entry. Those that it cannot read stay
// broken.
func (p *pack) readHeaders() error {
	var position []uint32 // entry number → position, made when a ref-delta asks
	for pos := range p.idx.n {
		h, err := p.header(pos)
		if err != nil {
			continue
		}
		p.head[pos], p.size[pos], p.kind[pos] = uint8(h.len), h.size, h.kind
		switch h.kind {
		default:
			p.base[pos] = whole
		case ofsDelta:
			p.kind[pos] = 0
			if b, ok := slices.BinarySearch(p.off[:pos], h.baseOff); ok {
				p.base[pos] = int32(b)
			}
		case refDelta:
			p.kind[pos], p.base[pos] = 0, external
			if b, ok := p.idx.find(h.baseID); ok {
				if position == nil {
					position = invert(p.entry)
				}
				p.base[pos] = int32(position[b])
			}
		}
	}
	return nil
}

func invert(order []uint32) []uint32 {
	out := make([]uint32, len(order))
	for i, v := range order {
		out[v] = uint32(i)
	}
	return out
}

// header is what stands before the zlib stream of an entry.
type header struct {
	kind    Type
	size    uint64
	len     int
	baseOff uint64 // ofsDelta
	baseID  []byte // refDelta
}

var errHeader = errors.New("its entry header is damaged")

// header reads the header of the entry at pos.
func (p *pack) header(pos int) (header, error) {
	from, to := p.off[pos], p.off[pos+1]
	if from < packHeader || to > uint64(len(p.data)-p.idx.hash) || from >= to {
		return header{}, errors.New("its index names a place outside the pack, or one that another object has")
	}
	return parseHeader(p.data[from:to], from, p.idx.hash)
}

// parseHeader reads an entry header at the start of b; at is its offset in the
// pack and hash the length of ids.
func parseHeader(b []byte, at uint64, hash int) (header, error) {
	h := header{kind: Type(b[0] >> 4 & 7), size: uint64(b[0] & 15)}
	i, shift := 1, 4
	for c := b[0]; c&0x80 != 0; i++ {
		if i == len(b) || shift > 57 {
			return header{}, errHeader
		}
		c = b[i]
		h.size |= uint64(c&0x7f) << shift
		shift += 7
	}
	switch h.kind {
	case Commit, Tree, Blob, Tag:
	case ofsDelta:
		var back uint64
		for first := true; ; first = false {
			if i == len(b) || back > 1<<56 {
				return header{}, errHeader
			}
			c := b[i]
			i++
			if !first {
				back++
			}
			back = back<<7 | uint64(c&0x7f)
			if c&0x80 == 0 {
				break
			}
		}
		if back == 0 || back > at {
			return header{}, errHeader
		}
		h.baseOff = at - back
	case refDelta:
		if len(b)-i < hash {
			return header{}, errHeader
		}
		h.baseID = b[i : i+hash]
		i += hash
	default:
		return header{}, errHeader
	}
	h.len = i
	return h, nil
}

// stream returns the zlib stream of the entry at pos.
func (p *pack) stream(pos int32) []byte {
	return p.data[p.off[pos]+uint64(p.head[pos]) : p.off[pos+1]]
}

// checkCRC compares an entry's bytes with the checksum that an index of
// version 2 keeps. It is the cheapest way to notice flipped bits.
func (p *pack) checkCRC(pos int32) bool {
	return p.idx.crc == nil || crc32.ChecksumIEEE(p.data[p.off[pos]:p.off[pos+1]]) == p.idx.crc[p.entry[pos]]
}

// link makes the forest of deltas: children lists with the heaviest child
// last, weights, and the types of deltas whose root is in this pack. Deltas
// that no root leads to form cycles and become broken.
func (p *pack) link() {
	n := len(p.base)
	p.first, p.next = make([]int32, n), make([]int32, n)
	p.weight = make([]int64, n)
	for pos := range n {
		p.first[pos], p.next[pos] = -1, -1
	}
	for pos := n - 1; pos >= 0; pos-- { // backwards, so that lists are in file order
		if b := p.base[pos]; b >= 0 {
			p.next[pos], p.first[b] = p.first[b], int32(pos)
		}
	}
	order := p.topological()
	for i := len(order) - 1; i >= 0; i-- {
		pos := order[i]
		p.weight[pos] += int64(p.off[pos+1] - p.off[pos])
		if b := p.base[pos]; b >= 0 {
			p.weight[b] += p.weight[pos]
		}
		p.heaviestLast(pos)
	}
}

// topological lists all positions that a root leads to, bases before deltas,
// and marks the others as broken.
func (p *pack) topological() []int32 {
	order := make([]int32, 0, len(p.base))
	for pos, b := range p.base {
		if b < 0 {
			order = append(order, int32(pos))
		}
	}
	reached := make([]bool, len(p.base))
	for i := 0; i < len(order); i++ {
		pos := order[i]
		reached[pos] = true
		if b := p.base[pos]; b >= 0 {
			p.kind[pos] = p.kind[b]
		}
		for c := p.first[pos]; c >= 0; c = p.next[c] {
			order = append(order, c)
		}
	}
	for pos := range p.base {
		if !reached[pos] {
			p.base[pos], p.first[pos], p.next[pos] = broken, -1, -1
		}
	}
	return order
}

// heaviestLast moves the heaviest child of pos to the end of its list. The
// walk lets go of a base before it goes down to the last child, so at most
// log2(n) bases are held at a time, however deep the chains are.
func (p *pack) heaviestLast(pos int32) {
	heavy, before, last := int32(-1), int32(-1), int32(-1)
	prev := int32(-1)
	for c := p.first[pos]; c >= 0; prev, c = c, p.next[c] {
		if heavy < 0 || p.weight[c] >= p.weight[heavy] {
			heavy, before = c, prev
		}
		last = c
	}
	if heavy < 0 || heavy == last {
		return
	}
	if before < 0 {
		p.first[pos] = p.next[heavy]
	} else {
		p.next[before] = p.next[heavy]
	}
	p.next[last], p.next[heavy] = heavy, -1
}

// fault says why the entry at pos is broken.
func (p *pack) fault(pos int32) error {
	if p.cut != nil {
		return p.cut
	}
	h, err := p.header(int(pos))
	switch {
	case err != nil:
		return err
	case h.kind == ofsDelta || h.kind == refDelta:
		return errors.New("its delta base is no object of the pack, or deltas build on each other in a circle")
	}
	return errHeader
}
