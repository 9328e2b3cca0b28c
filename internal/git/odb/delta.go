package odb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"r8scan/internal/git/wire"
)

// maxCopies limits the memory for a list of copies: two bytes of a delta can
// make one.
const maxCopies = 1 << 17

// copied means that len bytes at offset to of a delta's result are those at
// offset from of its base.
type copied struct{ from, to, len int }

var (
	errDeltaShort = errors.New("delta ends too early")
	errDeltaBase  = errors.New("delta was made for a base of another size")
	errDeltaCopy  = errors.New("delta copies from outside its base")
	errDeltaSize  = errors.New("delta's result is not of the size it declares")
	errManyCopies = errors.New("delta copies too many ranges to list them")
)

// deltaSizes returns the declared sizes of a delta's base and result, and the
// instructions after them.
func deltaSizes(delta []byte) (base, result uint64, rest []byte, err error) {
	base, n := wire.Uvarint(delta)
	if n == 0 {
		return 0, 0, nil, errDeltaShort
	}
	result, k := wire.Uvarint(delta[n:])
	if k == 0 {
		return 0, 0, nil, errDeltaShort
	}
	return base, result, delta[n+k:], nil
}

// applyDelta applies instructions to base and writes the result to dst, whose
// length is the declared size. It appends to copies the ranges that come from
// base, in the order of dst, and joins adjacent ones. It may write only margin
// bytes at either end of a copy. With nil copies it lists none.
func applyDelta(dst, base, instructions []byte, copies []copied, margin int) ([]copied, error) {
	d, at := instructions, 0
	for len(d) > 0 {
		op := d[0]
		d = d[1:]
		if op&0x80 == 0 {
			n := int(op)
			if n == 0 {
				return copies, fmt.Errorf("delta holds the reserved instruction 0")
			}
			if n > len(d) {
				return copies, errDeltaShort
			}
			if n > len(dst)-at {
				return copies, errDeltaSize
			}
			copy(dst[at:], d[:n])
			d, at = d[n:], at+n
			continue
		}
		from, n, rest, err := copyOp(op, d)
		if err != nil {
			return copies, err
		}
		d = rest
		if from > len(base) || n > len(base)-from {
			return copies, errDeltaCopy
		}
		if n > len(dst)-at {
			return copies, errDeltaSize
		}
		if n <= 2*margin {
			copy(dst[at:at+n], base[from:])
		} else {
			copy(dst[at:at+margin], base[from:])
			copy(dst[at+n-margin:at+n], base[from+n-margin:])
		}
		if k := len(copies) - 1; k >= 0 && copies[k].from+copies[k].len == from && copies[k].to+copies[k].len == at {
			copies[k].len += n
		} else if len(copies) == maxCopies {
			return copies, errManyCopies
		} else if copies != nil {
			copies = append(copies, copied{from, at, n})
		}
		at += n
	}
	if at != len(dst) {
		return copies, errDeltaSize
	}
	return copies, nil
}

// copyOp reads the operands of a copy instruction: 4 bytes of offset and 3 of
// length. Bits of op tell which bytes are present; the others are zero.
func copyOp(op byte, d []byte) (from, n int, rest []byte, err error) {
	place, size := op&15, op>>4&7
	if place&(place+1) == 0 && size&(size+1) == 0 && len(d) >= 8 { // usually only high bytes are zero
		places, sizes := bits.OnesCount8(place), bits.OnesCount8(size)
		v := binary.LittleEndian.Uint64(d)
		from = int(v & (1<<(8*places) - 1))
		n = int(v >> (8 * places) & (1<<(8*sizes) - 1))
		d = d[places+sizes:]
	} else {
		var v [7]byte
		k := 0
		for i := range v {
			if op&(1<<i) == 0 {
				continue
			}
			if k == len(d) {
				return 0, 0, nil, errDeltaShort
			}
			v[i] = d[k]
			k++
		}
		from = int(v[0]) | int(v[1])<<8 | int(v[2])<<16 | int(v[3])<<24
		n = int(v[4]) | int(v[5])<<8 | int(v[6])<<16
		d = d[k:]
	}
	if n == 0 {
		n = 0x10000
	}
	return from, n, d, nil
}

// dirty appends to dst the ranges of a delta's result, of size bytes, in which
// a match may start that its base does not have at the corresponding offset:
// inserted bytes, and each seam. Each range is extended by what a match depends
// on: behind bytes before its start, and ahead bytes after it. The ranges are
// sorted and do not overlap.
func dirty(dst []Range, copies []copied, baseSize, size, behind, ahead int) []Range {
	first := len(dst)
	add := func(from, to int) {
		from, to = max(0, from-ahead), min(size, to+behind)
		if k := len(dst) - 1; k >= first && dst[k].To >= from {
			dst[k].To = max(dst[k].To, to)
		} else if from < to {
			dst = append(dst, Range{from, to})
		}
	}
	end := 0 // end of the last copy
	for i, c := range copies {
		if i > 0 || c.to > 0 || c.from > 0 {
			add(end, c.to)
		}
		end = c.to + c.len
	}
	if k := len(copies) - 1; k < 0 || end < size || copies[k].from+copies[k].len < baseSize {
		add(end, size)
	}
	return dst
}
