package odb

import "bytes"

// Part is one header of a commit or a tag, or its message. The parts of an
// object cover all its bytes.
type Part struct {
	Header          string // its keyword, "" for the message
	Start, From, To int    // offsets of its start, its value and its end
}

// Parts splits a commit or a tag. Lines that start with a space belong to the
// header before them.
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

// lineEnd returns the offset after the line at an offset.
func lineEnd(data []byte, at int) int {
	if n := bytes.IndexByte(data[at:], '\n'); n >= 0 {
		return at + n + 1
	}
	return len(data)
}
