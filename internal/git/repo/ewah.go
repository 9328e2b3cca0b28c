package repo

import (
	"encoding/binary"
	"errors"
)

var errBitmap = errors.New("a bitmap in the index is damaged")

// ewahBits calls f with the number of each bit that is set, in order, in the
// EWAH-compressed bitmap at the start of b, until f returns false. It returns
// what stands behind the bitmap.
//
// The layout is git's: the number of bits, the number of words, the words, and
// the place of the last run-length word, which a reader does not need. A
// run-length word says in bit 0 which bit repeats, in the next 32 for how many
// words, and in the last 31 how many words follow as they are.
func ewahBits(b []byte, f func(bit uint64) bool) ([]byte, error) {
	if len(b) < 12 {
		return nil, errBitmap
	}
	size, n := uint64(binary.BigEndian.Uint32(b)), uint64(binary.BigEndian.Uint32(b[4:]))
	if n > uint64(len(b)-12)/8 {
		return nil, errBitmap
	}
	words, rest := b[8:8+8*n], b[8+8*n+4:]
	at := uint64(0)
	for len(words) > 0 {
		run := binary.BigEndian.Uint64(words)
		words = words[8:]
		same, literals := 64*(run>>1&(1<<32-1)), run>>33
		if literals > uint64(len(words)/8) || at+same+64*literals > size+63 {
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
			word := binary.BigEndian.Uint64(words)
			words = words[8:]
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
