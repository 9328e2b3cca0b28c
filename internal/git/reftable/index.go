package reftable

import (
	"errors"
	"io"
	"maps"
	"slices"

	"r8scan/internal/git/wire"
)

// maxIndexLevels is how many levels of indexes are read.
const maxIndexLevels = 5

// maxPlaces is how many positions of blocks are taken from indexes: those of a
// gigabyte, in blocks of git's usual size.
const maxPlaces = 1 << 18

// indexedBlocks returns the sorted positions of the blocks in a table's
// indexes.
func indexedBlocks(t *table) ([]int64, error) {
	x := index{table: t, places: map[int64]bool{0: true}}
	for _, root := range []int64{t.footer.refIndex, t.footer.logIndex} {
		if err := x.read(root, maxIndexLevels); err != nil {
			return nil, err
		}
	}
	return slices.Sorted(maps.Keys(x.places)), nil
}

// index reads the indexes of a table.
type index struct {
	*table
	places map[int64]bool
}

// read records the positions of the blocks in the index at pos. It does not
// report damage; the error is that of Reader's functions.
func (x *index) read(pos int64, levels int) error {
	var head [4]byte
	if n, err := x.at.ReadAt(head[:], pos); n < len(head) || err != nil || head[0] != 'i' || levels == 0 {
		return nil
	}
	length := int64(wire.Uint24(head[1:]))
	if length < minBlock || length > x.end-pos {
		return nil
	}
	x.raw, x.key = grown(x.raw, int(length)), x.key[:0]
	if n, err := x.at.ReadAt(x.raw, pos); n < len(x.raw) && err != io.EOF {
		return nil
	}
	var below []int64
	err := x.records(x.raw, 0, func(_ int, rest []byte) (int, error) {
		f := wire.NewReader(rest)
		at := int64(min(f.OffsetVarint(), 1<<62))
		if f.Bad() {
			return 0, errRecord
		}
		if !x.places[at] && len(x.places) < maxPlaces {
			x.places[at] = true
			below = append(below, at)
		}
		return f.Used(), nil
	})
	x.key = x.key[:0]
	if errors.As(err, new(stopError)) {
		return err
	}
	for _, at := range below {
		if err := x.read(at, levels-1); err != nil {
			return err
		}
	}
	return nil
}
