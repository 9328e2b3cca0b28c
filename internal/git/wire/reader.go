package wire

import "encoding/binary"

// Reader takes fields from bytes, one behind the other. Where there are too few
// bytes a field is zero, and so are all after it: ask Bad once, at the end.
type Reader struct {
	b    []byte
	used int
	bad  bool
}

// NewReader returns a Reader of b.
func NewReader(b []byte) *Reader { return &Reader{b: b} }

// Bad reports whether there were too few bytes, or a number that is none.
func (r *Reader) Bad() bool { return r.bad }

// Used returns the length of the fields that were taken.
func (r *Reader) Used() int { return r.used }

// Rest returns what is behind the fields that were taken.
func (r *Reader) Rest() []byte { return r.b[r.used:] }

// Bytes takes n bytes, which are a part of the Reader's; none if there are
// fewer.
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

// Uint16 takes a big-endian number of 2 bytes.
func (r *Reader) Uint16() uint16 {
	if b := r.Bytes(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// Uint32 takes a big-endian number of 4 bytes.
func (r *Reader) Uint32() uint32 {
	if b := r.Bytes(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// Uint64 takes a big-endian number of 8 bytes.
func (r *Reader) Uint64() uint64 {
	if b := r.Bytes(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// OffsetVarint takes a number as OffsetVarint reads it.
func (r *Reader) OffsetVarint() uint64 {
	v, n := OffsetVarint(r.Rest())
	if r.bad = r.bad || n == 0; r.bad {
		return 0
	}
	r.used += n
	return v
}
