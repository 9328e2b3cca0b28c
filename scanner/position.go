package scanner

import (
	"bytes"
	"unicode/utf8"
)

// position is a place in a text: lines and columns count from 1, columns in
// UTF-16 code units.
type position struct{ line, column int }

var start = position{1, 1}

// after returns the position behind text, which begins at p.
func (p position) after(text []byte) position {
	if i := bytes.LastIndexByte(text, '\n'); i >= 0 {
		p.line += bytes.Count(text[:i+1], []byte{'\n'})
		p.column = 1
		text = text[i+1:]
	}
	p.column += units(text)
	return p
}

// units counts the UTF-16 code units of text. A byte that is no part of valid
// UTF-8 counts as one, as the replacement character that editors show for it.
func units(text []byte) int {
	n := 0
	for len(text) > 0 {
		if text[0] < utf8.RuneSelf {
			n++
			text = text[1:]
			continue
		}
		r, size := utf8.DecodeRune(text)
		if n++; r > 0xffff {
			n++
		}
		text = text[size:]
	}
	return n
}
