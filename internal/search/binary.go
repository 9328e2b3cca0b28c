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

// Find returns the matches in a whole text, judged, and marked as Mark does.
func Find(set *rules.Set, text []byte) []rules.Match {
	matches := set.Find(nil, text, 0, len(text))
	Mark(text, matches)
	return matches
}

// Mark does what is left to do for the matches in a whole text: MarkLines, and a
// judgement amid binary data.
func Mark(text []byte, matches []rules.Match) {
	MarkLines(text, matches)
	markBinary(text, matches)
}

// markBinary judges the matches in a whole text again. In a compiled program
// strings follow each other, farther than a rule looks. A text without matches
// costs nothing.
func markBinary(text []byte, matches []rules.Match) {
	if len(matches) > 0 && IsBinary(text) {
		rules.AmidBinary(matches)
	}
}
