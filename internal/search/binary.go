package search

import (
	"bytes"

	"r8scan/rules"
)

// headLen is how much of a text decides whether it is binary. git uses the
// same.
const headLen = 8000

// IsBinary reports whether the text that begins with head is binary.
func IsBinary(head []byte) bool { return bytes.IndexByte(head[:min(len(head), headLen)], 0) >= 0 }

// MarkBinary judges the matches in a whole text again. In a compiled program
// strings follow each other, farther than a rule looks. A text without matches
// costs nothing.
func MarkBinary(text []byte, matches []rules.Match) {
	if len(matches) > 0 && IsBinary(text) {
		rules.AmidBinary(matches)
	}
}
