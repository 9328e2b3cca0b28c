package odb

import (
	"encoding/binary"
	"hash/adler32"
	"math"
)

// Given is an object whose content a caller has made, with an id that need not be that
// of the content.
type Given struct {
	ID   []byte // raw
	Type Type
	Data []byte
}

// AddGiven adds given objects, in the order of their ids, to a store that has nothing yet,
// or one pack. Those that it has are left out. It numbers all objects anew.
func AddGiven(s *Store, list []Given) {
	p := &pack{packfile: packfile{path: "what an earlier scan has left", hash: s.hash, unmap: func() error { return nil }},
		number: int32(len(s.packs)), idx: &idx{idRows: idRows{hash: s.hash, row: s.hash}}, checked: true}
	size := packHeader + s.hash
	for _, o := range list {
		size += len(o.Data) + givenHead
	}
	p.data = append(make([]byte, 0, size), "PACK\x00\x00\x00\x02\x00\x00\x00\x00"...)
	for _, o := range list {
		if _, ok := s.Find(o.ID); ok {
			continue
		}
		p.idx.rows = append(p.idx.rows, o.ID...)
		p.idx.offsets = append(p.idx.offsets, uint64(len(p.data)))
		p.data = o.appendTo(p.data)
		p.count++
	}
	p.idx.n = p.count
	p.data = append(p.data, make([]byte, s.hash)...) // in place of the checksum, which nobody asks for
	s.packs = append(s.packs, p)
	s.numbering = number(s.packs, nil, s.hash)
	for _, was := range s.packs[:p.number] { // its objects were numbered like its ids
		for i := range was.entries {
			if e := &was.entries[i]; e.obj != None && i < len(was.entries)-1 {
				e.obj = was.objs[e.obj]
			}
		}
	}
}

// givenHead is more than what an entry of less than 64 KB takes beside its content.
const givenHead = 24

// appendTo appends the object as an entry of a pack, whose stream is not compressed.
func (o *Given) appendTo(b []byte) []byte {
	size := len(o.Data)
	head := byte(o.Type)<<4 | byte(size&15)
	for size >>= 4; size > 0; size >>= 7 {
		b = append(b, head|0x80)
		head = byte(size & 0x7f)
	}
	b = append(b, head, 0x78, 0x01)
	for rest := o.Data; ; {
		n := min(len(rest), math.MaxUint16)
		last := byte(0)
		if n == len(rest) {
			last = 1
		}
		b = append(b, last)
		b = binary.LittleEndian.AppendUint16(b, uint16(n))
		b = binary.LittleEndian.AppendUint16(b, ^uint16(n))
		b = append(b, rest[:n]...)
		if rest = rest[n:]; last == 1 {
			return binary.BigEndian.AppendUint32(b, adler32.Checksum(o.Data))
		}
	}
}
