package search

import (
	"bytes"

	"r8scan/rules"
)

// headLen is how much of a text says whether it is binary, as for git.
const headLen = 8000

// IsBinary reports whether the text that begins with head is binary.
func IsBinary(head []byte) bool { return bytes.IndexByte(head[:min(len(head), headLen)], 0) >= 0 }

// MarkBinary judges the matches in a text again that is known whole, from its
// start: the strings of a compiled program stand behind each other, farther
// than a rule looks. Only matches pay for it.
func MarkBinary(text []byte, matches []rules.Match) {
	if len(matches) > 0 && IsBinary(text) {
		rules.AmidBinary(matches)
	}
}
