package search

import (
	"bytes"

	"r8scan/rules"
)

// marker allows the tokens on its line, in those places only.
const marker = "r8scan:allow"

// lineReach is how far the line of a match is searched for the marker, to each
// side. In a longer line, such as minified code, a marker beyond that does not
// count, and the token is reported.
const lineReach = 4 << 10

// lineEnds end a line: a file may have carriage returns alone.
const lineEnds = "\r\n"

// MarkLines marks the matches that have the marker on their line, and notes what
// the line calls each. A text without matches costs nothing.
func MarkLines(text []byte, matches []rules.Match) {
	for i := range matches {
		m := &matches[i]
		m.Allowed = hasMarker(lineAround(text, m.Start, m.End))
		m.Variable = nameBefore(text[max(0, m.Start-variableReach):m.Start])
	}
}

// lineAround returns the lines of text[start:end], up to lineReach bytes to
// both sides.
func lineAround(text []byte, start, end int) []byte {
	from, to := max(0, start-lineReach), min(len(text), end+lineReach)
	if i := bytes.LastIndexAny(text[from:start], lineEnds); i >= 0 {
		from += i + 1
	}
	if i := bytes.IndexAny(text[end:to], lineEnds); i >= 0 {
		to = end + i
	}
	return text[from:to]
}

// hasMarker reports whether the marker is a word of its own in line, in ASCII
// or in UTF-16 of either byte order.
func hasMarker(line []byte) bool {
	if bytes.IndexByte(line, 0) >= 0 {
		line = bytes.ReplaceAll(line, []byte{0}, nil)
	}
	for {
		i := bytes.Index(line, []byte(marker))
		if i < 0 {
			return false
		}
		rest := line[i+len(marker):]
		if (i == 0 || !inWord(line[i-1])) && (len(rest) == 0 || !inWord(rest[0])) {
			return true
		}
		line = rest
	}
}

// inWord reports whether c makes the marker part of another word, such as
// r8scan:allowed or no-r8scan:allow.
func inWord(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' || c == '-'
}
