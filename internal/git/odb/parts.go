package odb

import "bytes"

// Part is a header of a commit or a tag, or its message. The parts of an object
// cover all its bytes.
type Part struct {
	Header          string // its keyword, "" for the message
	Start, From, To int    // offsets of its first byte, of its value, and behind it
}

// Parts splits a commit or a tag. A header has the lines behind it that begin
// with a space.
func Parts(data []byte) []Part {
	var parts []Part
	at := 0
	for at < len(data) && data[at] != '\n' {
		end := lineEnd(data, at)
		p := Part{Start: at, From: at, To: end}
		keyword, _, ok := bytes.Cut(data[at:end], []byte(" "))
		if ok {
			p.From += len(keyword) + 1
		}
		p.Header = string(bytes.TrimSuffix(keyword, []byte("\n")))
		for p.To < len(data) && data[p.To] == ' ' {
			p.To = lineEnd(data, p.To)
		}
		at = p.To
		parts = append(parts, p)
	}
	return append(parts, Part{Start: at, From: min(at+1, len(data)), To: len(data)})
}

// lineEnd returns the offset behind the line that begins at one.
func lineEnd(data []byte, at int) int {
	if n := bytes.IndexByte(data[at:], '\n'); n >= 0 {
		return at + n + 1
	}
	return len(data)
}
