package lsp

import (
	"slices"
	"sort"
	"unicode/utf8"

	"r8scan/internal/search"
)

// maxText bounds the text of a document, in bytes. A longer one is data: a scan of
// the file reads it.
const maxText = 16 << 20

// document is one version of an open text. It never changes, so that a scan can read
// it while the next version comes in.
type document struct {
	uri     string
	version int
	text    []byte
	lines   []int // where each line starts
	long    bool  // the text has more than maxText bytes, and is not kept
}

func newDocument(uri string, version int, text string) *document {
	d := &document{uri: uri, version: version, long: len(text) > maxText}
	if !d.long {
		d.text = []byte(text)
	}
	d.lines = append([]int{0}, lineStarts(nil, d.text, 0, len(d.text))...)
	return d
}

// lineStarts appends the starts of lines in text[from:to], that at to included, to
// dst. A line ends at a line feed, a carriage return or both.
func lineStarts(dst []int, text []byte, from, to int) []int {
	for i := from; i < to; i++ {
		if c := text[i]; c == '\n' || c == '\r' && (i+1 == len(text) || text[i+1] != '\n') {
			dst = append(dst, i+1)
		}
	}
	return dst
}

// changed returns the next version of a document.
func (d *document) changed(version int, changes []change) *document {
	next := &document{uri: d.uri, version: version, text: d.text, lines: d.lines, long: d.long}
	owned := false
	for _, c := range changes {
		switch {
		case c.Range == nil:
			next, owned = newDocument(d.uri, version, c.Text), true
		case next.long:
		default:
			if !owned {
				next.text, next.lines, owned = slices.Clone(next.text), slices.Clone(next.lines), true
			}
			next.edit(*c.Range, c.Text)
		}
	}
	return next
}

// edit changes a range of the document, which nobody else has yet.
func (d *document) edit(at span, text string) {
	from, to := d.offset(at.Start), d.offset(at.End)
	if to < from {
		from, to = to, from
	}
	if len(d.text)-(to-from)+len(text) > maxText {
		*d = document{uri: d.uri, version: d.version, lines: []int{0}, long: true}
		return
	}
	// Lines that start after the range stay. That of the byte before it is read
	// again, because a carriage return there and a line feed become one line end.
	first := d.line(max(from-1, 0))
	rest := sort.SearchInts(d.lines, to+1)
	moved := len(text) - (to - from)
	d.text = slices.Replace(d.text, from, to, []byte(text)...)
	end := len(d.text)
	if rest < len(d.lines) {
		end = d.lines[rest] + moved - 1 // its own start is among those that stay
	}
	for i := range d.lines[rest:] {
		d.lines[rest+i] += moved
	}
	d.lines = slices.Replace(d.lines, first+1, rest, lineStarts(nil, d.text, d.lines[first], end)...)
}

// line returns the index of the line that an offset is in.
func (d *document) line(at int) int { return sort.SearchInts(d.lines, at+1) - 1 }

// lineEnd returns where a line ends, without its line end.
func (d *document) lineEnd(line int) int {
	if line+1 == len(d.lines) {
		return len(d.text)
	}
	end := d.lines[line+1] - 1
	if end > d.lines[line] && d.text[end] == '\n' && d.text[end-1] == '\r' {
		end--
	}
	return end
}

// offset returns the offset of a position. One that is not in the text becomes the
// next one that is, and one within a surrogate pair the start of its character.
func (d *document) offset(p position) int {
	switch {
	case p.Line < 0:
		return 0
	case p.Line >= len(d.lines):
		return len(d.text)
	}
	at, end := d.lines[p.Line], d.lineEnd(p.Line)
	for left := p.Character; left > 0 && at < end; {
		size := 1
		left--
		if d.text[at] >= utf8.RuneSelf {
			var r rune
			if r, size = utf8.DecodeRune(d.text[at:]); r > 0xffff {
				if left--; left < 0 {
					break
				}
			}
		}
		at += size
	}
	return at
}

// position is the reverse of offset.
func (d *document) position(at int) position {
	line := d.line(at)
	return position{line, search.Units(d.text[d.lines[line]:at])}
}

// span returns the range of text[from:to].
func (d *document) span(from, to int) span { return span{d.position(from), d.position(to)} }
