package odb

import (
	"bytes"
	"errors"
	"fmt"
	"sort"

	"r8scan/internal/git/wire"
)

// table is a pack's index in its file: the ids and offsets of the pack's
// objects. It is not checked as a whole: an error in it shows when an entry is
// read.
type table struct {
	idRows              // in version 1 each id follows its offset
	fan    wire.Uint32s // for each byte, how many ids start with it or a lower one
	crcs   wire.Uint32s // CRC-32 of the entries; none in version 1
	small  wire.Uint32s // offsets in version 2; with bit 31 set, an index into large
	large  wire.Uint64s // the large offsets, after everything else
	pack   []byte       // the pack's checksum
}

// idRows are rows of bytes that end in ids, sorted by id.
type idRows struct {
	n    int    // number of rows
	hash int    // bytes of an id: 20 (SHA-1) or 32 (SHA-256)
	row  int    // length of a row in bytes
	rows []byte // the concatenated rows
}

// id returns the i-th id.
func (r *idRows) id(i int) []byte {
	end := (i + 1) * r.row
	return r.rows[end-r.hash : end : end]
}

// search returns the number of an id between two numbers.
func (r *idRows) search(id []byte, from, to int) (int, bool) {
	i, ok := sort.Find(to-from, func(i int) int { return bytes.Compare(id, r.id(from+i)) })
	return from + i, ok
}

var idxMagic = []byte{0xff, 't', 'O', 'c'}

const fanoutLen = 256 * 4

var errShortIdx = errors.New("the file is too short for the objects it counts")

// parseTable finds the parts of an index of version 1 or 2. hash is the length
// of ids in bytes. The parts refer to data, which may be a mapped file.
func parseTable(data []byte, hash int) (*table, error) {
	body := data[:max(0, len(data)-2*hash)] // followed by the checksums of the pack and of the index
	r := wire.NewReader(body)
	two := bytes.HasPrefix(body, idxMagic)
	if two {
		r.Bytes(uint64(len(idxMagic)))
		if v := r.Uint32(); v != 2 && !r.Bad() {
			return nil, fmt.Errorf("its version %d is unknown", v)
		}
	}
	t := &table{fan: r.Bytes(fanoutLen)}
	if r.Bad() {
		return nil, errShortIdx
	}
	n := t.fan.At(255)
	t.idRows = idRows{n: int(n), hash: hash, row: hash}
	if !two {
		t.row = 4 + hash
	}
	t.rows = r.Bytes(uint64(n) * uint64(t.row))
	if two {
		t.crcs, t.small = r.Bytes(uint64(n)*4), r.Bytes(uint64(n)*4)
	}
	if r.Bad() {
		return nil, errShortIdx
	}
	t.large, t.pack = r.Rest(), data[len(body):len(body)+hash]
	return t, nil
}

// offset returns the offset of the i-th id's entry in the pack; false if the
// index is damaged there.
func (t *table) offset(i int) (uint64, bool) {
	if t.row > t.hash {
		return uint64(wire.Uint32s(t.rows[i*t.row:]).At(0)), true
	}
	o := t.small.At(i)
	if !isLarge(o) {
		return uint64(o), true
	}
	return t.large.At(int(o &^ (1 << 31)))
}

// isLarge reports whether a small offset is an index into the large ones.
func isLarge(small uint32) bool { return small&(1<<31) != 0 }

// find returns the number of an id, using the fan-out table.
func (t *table) find(id []byte) (int, bool) {
	from, to := 0, int(t.fan.At(int(id[0])))
	if id[0] > 0 {
		from = int(t.fan.At(int(id[0]) - 1))
	}
	if from > to || to > t.n {
		return 0, false
	}
	return t.search(id, from, to)
}
