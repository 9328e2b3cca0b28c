package archive

import (
	"unicode/utf8"
)

// hiddenLen is the fewest bytes that can hold a token which a text search does
// not see: 37 characters of 62 kinds are 220 bits.
const hiddenLen = 28

// gap describes bytes that no container was read from.
type gap struct {
	n      int64
	count  int64 // of the bytes that are not zero
	binary bool  // the bytes are not text
	carry  [utf8.UTFMax]byte
	held   int
}

// add looks at the next bytes. A character may be cut between two calls.
func (g *gap) add(b []byte) {
	g.n += int64(len(b))
	for _, c := range b {
		if c != 0 {
			g.count++
		}
	}
	for g.held > 0 && len(b) > 0 && g.held < utf8.UTFMax && !g.binary {
		g.carry[g.held] = b[0]
		g.held++
		b = b[1:]
		if utf8.FullRune(g.carry[:g.held]) {
			r, size := utf8.DecodeRune(g.carry[:g.held])
			g.binary = r == utf8.RuneError && size == 1
			g.held = 0
		}
	}
	for i := 0; i < len(b) && !g.binary; {
		if c := b[i]; c < utf8.RuneSelf {
			g.binary = c < ' ' && c != 0 && c != '\n' && c != '\t' && c != '\r' && c != '\f' || c == 0x7f
			i++
			continue
		}
		if !utf8.FullRune(b[i:]) {
			g.held = copy(g.carry[:], b[i:])
			return
		}
		r, size := utf8.DecodeRune(b[i:])
		g.binary = r == utf8.RuneError && size == 1
		i += size
	}
}

// hides reports whether the bytes may hold a token that a text search does not
// see.
func (g *gap) hides() bool { return g.binary && g.count >= hiddenLen }
