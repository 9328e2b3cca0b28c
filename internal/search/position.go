package search

import (
	"bytes"
	"unicode/utf8"

	"r8scan/rules"
)

// Position is a place in a text. Lines and columns count from 1, columns in
// UTF-16 code units.
type Position struct{ Line, Column int }

var start = Position{1, 1}

// after returns the Position behind text, which begins at p.
func (p Position) after(text []byte) Position {
	if i := bytes.LastIndexByte(text, '\n'); i >= 0 {
		p.Line += bytes.Count(text[:i+1], []byte{'\n'})
		p.Column = 1
		text = text[i+1:]
	}
	p.Column += units(text)
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

// locator counts both ways in which a text has lines and columns: as it is,
// and as UTF-16 if it may be that, without its byte order mark.
type locator struct {
	plain, wide Position
	order       byteOrder
	half        bool // the byte before is the first of a unit
	last        byte // that byte
}

type byteOrder uint8

const (
	notWide byteOrder = iota
	littleEndian
	bigEndian
)

// locate returns the start of a text, which begins with head.
func locate(head []byte) locator {
	l := locator{plain: start, wide: start}
	if len(head) < 2 {
		return l
	}
	switch a, b := head[0], head[1]; {
	case a == 0xff && b == 0xfe:
		l.order, l.wide.Column = littleEndian, 0 // the mark takes it to 1
	case a == 0xfe && b == 0xff:
		l.order, l.wide.Column = bigEndian, 0
	case a != 0 && b == 0:
		l.order = littleEndian
	case a == 0 && b != 0:
		l.order = bigEndian
	}
	return l
}

// after returns what locates the end of text, whose start l locates.
func (l locator) after(text []byte) locator {
	l.plain = l.plain.after(text)
	if l.order == notWide {
		return l
	}
	for _, c := range text {
		if l.half = !l.half; l.half {
			l.last = c
			continue
		}
		low, high := l.last, c
		if l.order == bigEndian {
			low, high = c, l.last
		}
		if l.wide.Column++; low == '\n' && high == 0 {
			l.wide = Position{l.wide.Line + 1, 1}
		}
	}
	return l
}

// hit returns a match at the start of text, which l locates, as what is found
// in a member.
func (l locator) hit(m rules.Match, text []byte, member string) Hit {
	end := l.after(text)
	if l.order != notWide && len(m.Encoding) > 0 && m.Encoding[0] == "utf-16" {
		return Hit{m, l.wide, end.wide, member}
	}
	return Hit{m, l.plain, end.plain, member}
}
