package search

import (
	"bytes"
	"unicode/utf8"

	"r8scan/rules"
)

// Position is a place in a text. Lines and columns count from 1, columns in
// UTF-16 code units. A line ends at a line feed, a carriage return or both, as in
// VS Code, in JetBrains' editors and in the language server protocol.
type Position struct{ Line, Column int }

var start = Position{1, 1}

// after returns the Position behind text, which begins at p.
func (p Position) after(text []byte) Position {
	lines, i := bytes.Count(text, []byte{'\n'}), bytes.LastIndexByte(text, '\n')
	if returns := bytes.Count(text, []byte{'\r'}); returns > 0 {
		lines += returns - bytes.Count(text, []byte("\r\n"))
		i = max(i, bytes.LastIndexByte(text, '\r'))
	}
	if i >= 0 {
		p.Line += lines
		p.Column = 1
		text = text[i+1:]
	}
	p.Column += Units(text)
	return p
}

// Units counts the UTF-16 code units of text. A byte that is not valid UTF-8
// counts as one, like the replacement character in editors.
func Units(text []byte) int {
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

// locator counts lines and columns of a text as it is and, if the text may be
// UTF-16, as UTF-16 without its byte order mark.
type locator struct {
	plain, wide Position
	order       byteOrder
	half        bool // the byte before is the first of a unit
	last        byte // that byte

	// The text before ends in a carriage return. A line feed that follows
	// belongs to it.
	plainReturn, wideReturn bool
}

type byteOrder uint8

const (
	notWide byteOrder = iota
	littleEndian
	bigEndian
)

// locate returns the start of a text that begins with head.
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

// after returns the end of text, which starts at l.
func (l locator) after(text []byte) locator {
	if len(text) == 0 {
		return l
	}
	if l.plainReturn && text[0] == '\n' {
		l.plain = l.plain.after(text[1:])
	} else {
		l.plain = l.plain.after(text)
	}
	l.plainReturn = text[len(text)-1] == '\r'
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
		l.unit(uint16(high)<<8 | uint16(low))
	}
	return l
}

// unit counts a unit of UTF-16.
func (l *locator) unit(u uint16) {
	switch {
	case u == '\n' && l.wideReturn:
	case u == '\n' || u == '\r':
		l.wide = Position{l.wide.Line + 1, 1}
	default:
		l.wide.Column++
	}
	l.wideReturn = u == '\r'
}

// hit returns a match in a member. l is the start of the match.
func (l locator) hit(m rules.Match, text []byte, member string) Hit {
	end := l.after(text)
	if l.order != notWide && len(m.Encoding) > 0 && m.Encoding[0] == "utf-16" {
		return Hit{m, l.wide, end.wide, member}
	}
	return Hit{m, l.plain, end.plain, member}
}
