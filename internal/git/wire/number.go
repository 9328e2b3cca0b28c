// Package wire decodes what git's file formats share: numbers and object ids.
package wire

import "encoding/binary"

// Uvarint reads a number with 7 bits per byte, the lowest first, as deltas
// store sizes. It returns the length in bytes, 0 if b is too short or the
// number does not fit.
func Uvarint(b []byte) (v uint64, n int) {
	v, n = binary.Uvarint(b)
	return v, max(n, 0)
}

// OffsetVarint reads a number as packs store the distance to a delta's base,
// and as indexes of version 4 and reftables store theirs: 7 bits per byte, the
// highest first, and each byte but the last adds one. It returns the length in
// bytes, 0 if b is too short or the number has more than 63 bits.
func OffsetVarint(b []byte) (v uint64, n int) {
	for n < len(b) {
		c := b[n]
		n++
		v |= uint64(c & 0x7f)
		if c < 0x80 {
			return v, n
		}
		if v >= 1<<56-1 {
			return 0, 0
		}
		v = (v + 1) << 7
	}
	return 0, 0
}

// EntryHead reads the type and size at the start of a pack entry: 3 bits of
// type, 4 bits of size, and if the first byte says so, a Uvarint with the rest
// of the size. It returns the length in bytes, 0 if b is too short or the size
// has more than 60 bits.
func EntryHead(b []byte) (kind uint8, size uint64, n int) {
	if len(b) == 0 {
		return 0, 0, 0
	}
	kind, size = b[0]>>4&7, uint64(b[0]&15)
	if b[0] < 0x80 {
		return kind, size, 1
	}
	const most = 8 // bytes
	high, n := Uvarint(b[1:min(len(b), 1+most)])
	if n == 0 {
		return 0, 0, 0
	}
	return kind, high<<4 | size, 1 + n
}

// Uint24 reads a big-endian number of 3 bytes.
func Uint24(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }

// Uint32s is a sequence of big-endian numbers of 4 bytes.
type Uint32s []byte

// At returns the i-th number.
func (u Uint32s) At(i int) uint32 { return binary.BigEndian.Uint32(u[4*i:]) }

// Uint64s is a sequence of big-endian numbers of 8 bytes.
type Uint64s []byte

// At returns the i-th number; false if there are fewer.
func (u Uint64s) At(i int) (v uint64, ok bool) {
	if i >= len(u)/8 {
		return 0, false
	}
	return binary.BigEndian.Uint64(u[8*i:]), true
}
