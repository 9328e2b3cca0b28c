package rules

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// The text around a plain word may be escaped, as in a URL or in JSON within a
// string. The credential alone may be in base64, as in a Kubernetes Secret. So
// the text around a word is also searched decoded.

// readings are other ways to read a view. A reading that changes nothing is
// empty.
type readings struct {
	unescaped, revealed decoded
}

// readingsOf returns the readings of a view around the word at a place.
func readingsOf(view []byte, at int) (r readings) {
	if !holdsValue(view[max(0, at-valueBehind):min(len(view), at+valueAhead)]) {
		return r
	}
	plain := decoded{bytes: view}
	if r.unescaped, _ = unescaped(view); r.unescaped.bytes != nil {
		plain = r.unescaped
	}
	r.revealed = revealed(plain.bytes)
	if plain.at != nil {
		for i := range r.revealed.at {
			r.revealed.at[i] = plain.at[r.revealed.at[i]]
		}
	}
	return r
}

// A reading is worth its time only if a value is this near to the word.
const (
	valueBehind = 128
	valueAhead  = 640
)

// minPart is the shortest part of a value that makes a reading worth its time.
const minPart = 16

// holdsValue reports whether a view may hold a value: a run of letters and
// digits that is not a word.
func holdsValue(view []byte) bool {
	for i := 0; i+minPart <= len(view); {
		last := i + minPart - 1
		for last >= i && isBase64Any(view[last]) {
			last--
		}
		if last >= i {
			i = last + 1
			continue
		}
		end := runOf(view, i, len(view), isBase64Any)
		digits := 0
		for _, c := range view[i:end] {
			if isDigit(c) {
				digits++
			}
		}
		if digits > 1 {
			return true
		}
		i = end
	}
	return false
}

// isQuoted reports whether b is quoted-printable: it has =3D, or a line of full
// length that ends in =. A short line that ends in = may be base64.
func isQuoted(b []byte) bool {
	if bytes.Contains(b, []byte("=3D")) {
		return true
	}
	const shortest, longest = 70, 76
	for line := range bytes.Lines(b) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) >= shortest && len(line) <= longest && line[len(line)-1] == '=' {
			return true
		}
	}
	return false
}

// spelledOut are named escapes. None of them stands for a character of a token.
var spelledOut = []struct {
	text string
	c    byte
	name string
}{
	{"`n", '\n', "backslash-escape"}, {"`r", '\r', "backslash-escape"}, {"`\"", '"', "backslash-escape"},
	{"&quot;", '"', "html-entity"}, {"&apos;", '\'', "html-entity"}, {"&amp;", '&', "html-entity"}, {"&lt;", '<', "html-entity"}, {"&gt;", '>', "html-entity"}, {"&nbsp;", ' ', "html-entity"},
	{"&equals;", '=', "html-entity"}, {"&colon;", ':', "html-entity"},
}

// unescaped returns a view without escapes and without breaks, and the name of
// the first of them. It returns nothing if there are none.
func unescaped(view []byte) (d decoded, encoding string) {
	quoted := isQuoted(view)
	note := func(name string) {
		if encoding == "" {
			encoding = name
		}
	}
	d = decoded{make([]byte, 0, len(view)), make([]int, 0, len(view)+1)}
	last := byte(0)
	for i := 0; i < len(view); {
		if c := view[i]; !marks[c] {
			d.bytes, d.at = append(d.bytes, c), append(d.at, i)
			last, i = c, i+1
			continue
		}
		if view[i] != '=' || quoted {
			if next := over(view, i, last, nothing); next > i && !isPause(view[i:next]) {
				note("concatenation")
				i = next
				continue
			}
		}
		c, next, name := oneRead(view, i, quoted)
		note(name)
		d.bytes, d.at = append(d.bytes, c), append(d.at, i)
		last, i = c, next
	}
	if encoding == "" {
		return decoded{}, ""
	}
	d.at = append(d.at, len(view))
	return d, encoding
}

// marks are the bytes with which an escape or a break may begin: all for which
// over or oneRead may not just return the byte.
var marks = newMarks()

func newMarks() (is [256]bool) {
	for _, c := range append([]byte("\\\"'`\b_=&<%+"), escStarts...) {
		is[c] = true
	}
	for c := utf8.RuneSelf; c < len(is); c++ {
		is[c] = true // may begin an invisible character
	}
	return is
}

// isPause reports whether only quotes and spaces are between two literals. In a
// command these are two arguments.
func isPause(b []byte) bool {
	return all(b, func(c byte) bool { return c == '"' || c == '\'' || c == '`' || c == ' ' })
}

// oneRead reads the character at text[i]. quoted means that the text is
// quoted-printable.
func oneRead(text []byte, i int, quoted bool) (c byte, next int, name string) {
	switch text[i] {
	case '\\':
		j := runOf(text, i, 4, func(c byte) bool { return c == '\\' })
		if k := bytes.IndexByte([]byte(backslashed), at(text, j)); k >= 0 {
			return backslashedAre[k], j + 1, "backslash-escape"
		}
	case '&', '`':
		for _, s := range spelledOut {
			if hasAt(text, i, s.text) {
				return s.c, i + len(s.text), s.name
			}
		}
	case '=':
		if !quoted {
			return '=', i + 1, ""
		}
	}
	return unit(text, i)
}

// backslashed are characters with a meaning of their own behind a backslash.
const (
	backslashed    = `nrt"'/`
	backslashedAre = "\n\r\t\"'/"
)

// at returns text[i], 0 at the end.
func at(text []byte, i int) byte {
	if i < len(text) {
		return text[i]
	}
	return 0
}

// minRevealed is the length of the shortest base64 that is decoded: 16 bytes.
const minRevealed = 22

// revealed returns a view with each base64 of a text replaced by that text, or
// nothing if there is none. Other runs of base64 characters decode to text once
// in millions.
func revealed(view []byte) (d decoded) {
	any := false
	d = decoded{make([]byte, 0, len(view)), make([]int, 0, len(view)+1)}
	for i := 0; i < len(view); {
		end := runOf(view, i, len(view), isBase64Any)
		if end-i >= minRevealed {
			where := make([]int, end-i+1)
			for k := range where {
				where[k] = i + k
			}
			if inner := decode64(view[i:end], where); isText(inner.bytes) {
				for end < len(view) && view[end] == '=' {
					end++
				}
				d.bytes, d.at = append(d.bytes, inner.bytes...), append(d.at, inner.at[:len(inner.bytes)]...)
				i, any = end, true
				continue
			}
		}
		end = min(len(view), end+1)
		for ; i < end; i++ {
			d.bytes, d.at = append(d.bytes, view[i]), append(d.at, i)
		}
	}
	if !any {
		return decoded{}
	}
	d.at = append(d.at, len(view))
	return d
}

// isText reports whether b is printable ASCII and line breaks.
func isText(b []byte) bool {
	return all(b, func(c byte) bool { return ' ' <= c && c <= '~' || c == '\n' || c == '\r' || c == '\t' })
}

// place returns where the byte of the view at a place is in the reading. A
// plain view has no places of its own.
func (d decoded) place(at int) (int, bool) {
	if d.at == nil {
		return at, true
	}
	return slices.BinarySearch(d.at, at)
}

// found converts positions in a reading to positions in the view.
func (d decoded) found(view []byte, c Found) Found {
	if c.Start < 0 || c.End <= c.Start || c.End >= len(d.at) {
		return Found{}
	}
	if c.Secret == "" {
		c.Secret = string(d.bytes[c.Start:c.End])
	}
	c.Start, c.End = d.at[c.Start], d.at[c.End]
	if span := view[c.Start:c.End]; string(span) != c.Secret {
		c.Encoding = append(encodingOf(span), c.Encoding...)
	}
	return c
}

// encodingOf returns how a part of a view is encoded.
func encodingOf(span []byte) []string {
	if !all(span, func(c byte) bool { return isBase64Any(c) || c == '=' }) {
		if _, name := unescaped(span); name != "" {
			return []string{name}
		}
	}
	return []string{"base64"}
}
