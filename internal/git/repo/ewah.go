package repo

import (
	"errors"

	"r8scan/internal/git/wire"
)

var errBitmap = errors.New("a bitmap in the index is damaged")

// ewahBits calls f with the number of each set bit, in order, of the
// EWAH-compressed bitmap at the start of b, until f returns false. It returns
// the bytes after the bitmap.
//
// The layout is git's: the number of bits, the number of words, the words, and
// the position of the last run-length word, which a reader does not need. In a
// run-length word, bit 0 is the repeated bit, the next 32 bits are the number
// of repeated words, and the last 31 bits are the number of literal words that
// follow.
func ewahBits(b []byte, f func(bit uint64) bool) ([]byte, error) {
	r := wire.NewReader(b)
	size, n := uint64(r.Uint32()), uint64(r.Uint32())
	words := wire.NewReader(r.Bytes(8 * n))
	r.Uint32()
	rest := r.Rest()
	if r.Bad() {
		return nil, errBitmap
	}
	at := uint64(0)
	for len(words.Rest()) > 0 {
		run := words.Uint64()
		same, literals := 64*(run>>1&(1<<32-1)), run>>33
		if literals > uint64(len(words.Rest())/8) || at+same+64*literals > size+63 {
			return nil, errBitmap
		}
		if run&1 != 0 {
			for end := min(at+same, size); at < end; at++ {
				if !f(at) {
					return rest, nil
				}
			}
		} else {
			at += same
		}
		for range literals {
			word := words.Uint64()
			for i := range uint64(64) {
				if word>>i&1 != 0 && !f(at+i) {
					return rest, nil
				}
			}
			at += 64
		}
	}
	return rest, nil
}
