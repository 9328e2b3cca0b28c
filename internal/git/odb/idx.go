package odb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"sort"
)

// idx is a pack's index: which objects the pack holds, and where.
type idx struct {
	hash    int      // bytes of an object id: 20 (SHA-1) or 32 (SHA-256)
	n       int      // objects
	ids     []byte   // n ids of hash bytes, strictly increasing
	offsets []uint64 // of each id's entry in the pack
	crc     []uint32 // of each id's entry; nil for version 1
	pack    []byte   // the pack's checksum
	slack   int      // bytes that are none of these
}

var idxMagic = []byte{0xff, 't', 'O', 'c'}

const fanoutLen = 256 * 4

// parseIdx reads a version 1 or 2 index whose ids have hash bytes. The result
// keeps no part of data, which may be a mapped file.
func parseIdx(data []byte, hash int) (*idx, error) {
	x := &idx{hash: hash}
	var err error
	if bytes.HasPrefix(data, idxMagic) {
		err = x.parseV2(data)
	} else {
		err = x.parseV1(data)
	}
	if err != nil {
		return nil, err
	}
	x.pack = bytes.Clone(x.pack)
	return x, nil
}

// checkOrder is called before memory is taken for what else the index says of
// its objects: a file of zeros costs next to nothing on disk.
func (x *idx) checkOrder(id func(i int) []byte) error {
	for i := 1; i < x.n; i++ {
		if bytes.Compare(id(i-1), id(i)) >= 0 {
			return fmt.Errorf("ids are not sorted at entry %d", i)
		}
	}
	return nil
}

func (x *idx) id(i int) []byte { return x.ids[i*x.hash : (i+1)*x.hash : (i+1)*x.hash] }

var errShortIdx = errors.New("the file is too short for the objects it counts")

// count checks the fan-out table and sets n.
func (x *idx) count(fanout []byte) error {
	if len(fanout) < fanoutLen {
		return errShortIdx
	}
	last := uint32(0)
	for i := range 256 {
		v := binary.BigEndian.Uint32(fanout[i*4:])
		if v < last {
			return errors.New("its fan-out table goes down")
		}
		last = v
	}
	x.n = int(last)
	return nil
}

func (x *idx) parseV1(data []byte) error {
	if err := x.count(data); err != nil {
		return err
	}
	rest := data[fanoutLen:]
	row := 4 + x.hash
	if len(rest) < 2*x.hash || (len(rest)-2*x.hash)/row < x.n {
		return errShortIdx
	}
	if err := x.checkOrder(func(i int) []byte { return rest[i*row+4 : (i+1)*row] }); err != nil {
		return err
	}
	x.ids = make([]byte, 0, x.n*x.hash)
	x.offsets = make([]uint64, x.n)
	for i := range x.n {
		e := rest[i*row : (i+1)*row]
		x.offsets[i] = uint64(binary.BigEndian.Uint32(e))
		x.ids = append(x.ids, e[4:]...)
	}
	x.pack = rest[len(rest)-2*x.hash:][:x.hash]
	x.slack = len(rest) - x.n*row - 2*x.hash
	return nil
}

func (x *idx) parseV2(data []byte) error {
	if len(data) < 8+fanoutLen {
		return errShortIdx
	}
	if v := binary.BigEndian.Uint32(data[4:]); v != 2 {
		return fmt.Errorf("its version %d is unknown", v)
	}
	if err := x.count(data[8:]); err != nil {
		return err
	}
	rest := data[8+fanoutLen:]
	if len(rest) < 2*x.hash || (len(rest)-2*x.hash)/(x.hash+8) < x.n {
		return errShortIdx
	}
	x.ids, rest = rest[:x.n*x.hash], rest[x.n*x.hash:]
	if err := x.checkOrder(x.id); err != nil {
		return err
	}
	x.ids = bytes.Clone(x.ids)
	crc, rest := rest[:x.n*4], rest[x.n*4:]
	small, rest := rest[:x.n*4], rest[x.n*4:]
	large := rest[:len(rest)-2*x.hash]
	x.pack = rest[len(rest)-2*x.hash:][:x.hash]
	x.crc = make([]uint32, x.n)
	x.offsets = make([]uint64, x.n)
	x.slack = len(large)
	for i := range x.n {
		x.crc[i] = binary.BigEndian.Uint32(crc[i*4:])
		var ok bool
		if x.offsets[i], ok = offsetV2(small[i*4:], large); !ok {
			return errors.New("a large offset lies outside the file")
		}
		if small[i*4]&0x80 != 0 {
			x.slack -= 8
		}
	}
	return nil
}

// offsetV2 reads the offset at the start of small: one of more than 31 bits
// stands in large. It reports false if it should and does not.
func offsetV2(small, large []byte) (uint64, bool) {
	o := binary.BigEndian.Uint32(small)
	if o&(1<<31) == 0 {
		return uint64(o), true
	}
	at := int(o&^(1<<31)) * 8
	if at+8 > len(large) {
		return 0, false
	}
	return binary.BigEndian.Uint64(large[at:]), true
}

// find returns the entry number of id.
func (x *idx) find(id []byte) (int, bool) {
	return sort.Find(x.n, func(i int) int { return bytes.Compare(id, x.id(i)) })
}

// byOffset returns the entry numbers in the order of their offsets, equal ones
// in their own. It sorts by 11 bits at a time from the lowest, which takes a
// tenth of the time of a sort that compares.
func (x *idx) byOffset() []uint32 {
	const digit = 11
	order, next := make([]uint32, x.n), make([]uint32, x.n)
	highest := uint64(0)
	for i := range order {
		order[i] = uint32(i)
		highest = max(highest, x.offsets[i])
	}
	for shift := 0; highest>>shift > 0; shift += digit {
		var starts [1<<digit + 1]uint32
		for _, o := range x.offsets {
			starts[o>>shift&(1<<digit-1)+1]++
		}
		for i := range 1 << digit {
			starts[i+1] += starts[i]
		}
		for _, e := range order {
			at := &starts[x.offsets[e]>>shift&(1<<digit-1)]
			next[*at] = e
			*at++
		}
		order, next = next, order
	}
	return order
}
