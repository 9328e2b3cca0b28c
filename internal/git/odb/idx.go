package odb

import (
	"bytes"
	"errors"
	"fmt"
)

// idx is a pack's index that was checked completely. It keeps no reference to
// the file.
type idx struct {
	idRows           // only ids, strictly increasing
	offsets []uint64 // offset of each id's entry in the pack
	crc     []uint32 // CRC-32 of each id's entry; nil for version 1
	pack    []byte   // the pack's checksum
	slack   int      // bytes that do not belong to the index
}

// parseIdx parses an index of version 1 or 2. hash is the length of ids in
// bytes.
func parseIdx(data []byte, hash int) (*idx, error) {
	t, err := parseTable(data, hash)
	if err != nil {
		return nil, err
	}
	if err := t.checkOrder(); err != nil {
		return nil, err
	}
	x := &idx{idRows: idRows{n: t.n, hash: hash, row: hash}, pack: bytes.Clone(t.pack), slack: len(t.large)}
	if t.row == hash {
		x.rows, x.crc = bytes.Clone(t.rows), make([]uint32, t.n)
	} else {
		x.rows = make([]byte, 0, t.n*hash)
		for i := range t.n {
			x.rows = append(x.rows, t.id(i)...)
		}
	}
	for i := range x.crc {
		x.crc[i] = t.crcs.At(i)
		if isLarge(t.small.At(i)) {
			x.slack -= 8
		}
	}
	x.offsets = make([]uint64, t.n)
	for i := range x.offsets {
		var ok bool
		if x.offsets[i], ok = t.offset(i); !ok {
			return nil, errors.New("a large offset lies outside the file")
		}
	}
	return x, nil
}

// checkOrder checks the fan-out table and the order of all ids. It runs before
// memory is allocated by the index's number of objects, because a sparse file
// of zeros takes hardly any disk space.
func (t *table) checkOrder() error {
	for i := 1; i < 256; i++ {
		if t.fan.At(i) < t.fan.At(i-1) {
			return errors.New("its fan-out table goes down")
		}
	}
	for i := 1; i < t.n; i++ {
		if bytes.Compare(t.id(i-1), t.id(i)) >= 0 {
			return fmt.Errorf("ids are not sorted at entry %d", i)
		}
	}
	return nil
}

// find returns the entry number of id.
func (x *idx) find(id []byte) (int, bool) { return x.search(id, 0, x.n) }

// byOffset returns the entry numbers sorted by offset; equal offsets keep their
// order. It is a radix sort by 11 bits at a time, ten times as fast as a
// comparison sort.
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
