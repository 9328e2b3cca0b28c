package wire

import "encoding/binary"

// Reader reads consecutive fields. If there are too few bytes, a field is zero,
// and so are all fields after it. Call Bad once, at the end.
type Reader struct {
	b    []byte
	used int
	bad  bool
}

// NewReader returns a Reader of b.
func NewReader(b []byte) *Reader { return &Reader{b: b} }

// Bad reports whether there were too few bytes or an invalid number.
func (r *Reader) Bad() bool { return r.bad }

// Used returns how many bytes were read.
func (r *Reader) Used() int { return r.used }

// Rest returns the bytes that were not read.
func (r *Reader) Rest() []byte { return r.b[r.used:] }

// Bytes reads n bytes, which are part of the Reader's; nil if there are fewer.
func (r *Reader) Bytes(n uint64) []byte {
	if n > uint64(len(r.b)-r.used) {
		r.bad = true
	}
	if r.bad {
		return nil
	}
	from := r.used
	r.used += int(n)
	return r.b[from:r.used:r.used]
}

// Uint16 reads a big-endian number of 2 bytes.
func (r *Reader) Uint16() uint16 {
	if b := r.Bytes(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// Uint32 reads a big-endian number of 4 bytes.
func (r *Reader) Uint32() uint32 {
	if b := r.Bytes(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// Uint64 reads a big-endian number of 8 bytes.
func (r *Reader) Uint64() uint64 {
	if b := r.Bytes(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// OffsetVarint reads a number as the function OffsetVarint does.
func (r *Reader) OffsetVarint() uint64 {
	v, n := OffsetVarint(r.Rest())
	if r.bad = r.bad || n == 0; r.bad {
		return 0
	}
	r.used += n
	return v
}
