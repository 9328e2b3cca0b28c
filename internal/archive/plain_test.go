package archive

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"unicode/utf8"
)

// TestIsPlain compares the look at eight bytes at a time with one at each.
func TestIsPlain(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 200_000 {
		text := make([]byte, r.IntN(140))
		for i := range text {
			text[i] = '\t' + byte(r.IntN(0x80-'\t'))
		}
		if len(text) > 4 && r.IntN(2) == 0 {
			copy(text[r.IntN(len(text)-2):], "é")
		}
		if len(text) > 0 && r.IntN(2) == 0 {
			text[r.IntN(len(text))] = byte(r.Uint32())
		}
		want := utf8.Valid(text) && !bytes.ContainsFunc(text, func(c rune) bool { return c < '\t' })
		if got := isPlain(text); got != want {
			t.Fatalf("%q: %v", text, got)
		}
	}
}
