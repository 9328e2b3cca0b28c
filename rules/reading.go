package rules

import (
	"bytes"
	"slices"
)

// What stands around a plain word may be escaped, as in a URL or in a string
// that holds JSON, and the credential alone may be in base64, as in Kubernetes'
// secrets. Then the word's surroundings are read decoded, too.

// reading is a view as it is read.
type reading struct{ decoded }

// readings returns the other ways to read a view.
func readings(view []byte) (list []reading) {
	plain := view
	var where []int
	if d, _ := unescaped(view); d.bytes != nil {
		list = append(list, reading{d})
		plain, where = d.bytes, d.at
	}
	if d := revealed(plain); d.bytes != nil {
		for i := range d.at {
			if where != nil {
				d.at[i] = where[d.at[i]]
			}
		}
		list = append(list, reading{d})
	}
	return list
}

// spelledOut are the escapes that stand for a character by a letter or a name, and
// are none of a token's.
var spelledOut = []struct {
	text string
	c    byte
	name string
}{
	{`\n`, '\n', "backslash-escape"}, {`\r`, '\r', "backslash-escape"}, {`\t`, '\t', "backslash-escape"}, {`\"`, '"', "backslash-escape"}, {`\'`, '\'', "backslash-escape"}, {`\/`, '/', "backslash-escape"},
	{"`n", '\n', "backslash-escape"}, {"`r", '\r', "backslash-escape"}, {"`\"", '"', "backslash-escape"},
	{"&quot;", '"', "html-entity"}, {"&apos;", '\'', "html-entity"}, {"&amp;", '&', "html-entity"}, {"&lt;", '<', "html-entity"}, {"&gt;", '>', "html-entity"}, {"&nbsp;", ' ', "html-entity"},
	{"&equals;", '=', "html-entity"}, {"&colon;", ':', "html-entity"},
}

// unescaped returns a view without escapes and without what may stand within a
// credential, and the name of the first of them; nothing if there is none.
func unescaped(view []byte) (d decoded, encoding string) {
	quoted := bytes.Contains(view, []byte("=3D")) || bytes.Contains(view, []byte("=\n")) || bytes.Contains(view, []byte("=\r\n"))
	note := func(name string) {
		if encoding == "" {
			encoding = name
		}
	}
	d = decoded{make([]byte, 0, len(view)), make([]int, 0, len(view)+1)}
	last := byte(0)
	for i := 0; i < len(view); {
		if next := over(view, i, last, note); next > i {
			i = next
			continue
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

// oneRead reads the character at text[i]. quoted says that the text is
// quoted-printable.
func oneRead(text []byte, i int, quoted bool) (c byte, next int, name string) {
	switch text[i] {
	case '\\', '&', '`':
		for _, s := range spelledOut {
			if hasAt(text, i, s.text) {
				return s.c, i + len(s.text), s.name
			}
		}
	case '%', '=':
		if text[i] == '=' && !quoted {
			return '=', i + 1, ""
		}
	default:
		return text[i], i + 1, ""
	}
	return unit(text, i)
}

// minRevealed is the length of the shortest base64 that is read as what it
// stands for: of 16 bytes.
const minRevealed = 22

// revealed returns a view with text in the place of its base64; nothing if it
// has none. Of what else looks like base64 one in millions is text when it is
// decoded.
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

// isText reports whether b is printable ASCII, over lines.
func isText(b []byte) bool {
	return all(b, func(c byte) bool { return ' ' <= c && c <= '~' || c == '\n' || c == '\r' || c == '\t' })
}

// place returns where in a reading the byte of the view is that is at a place.
func (r reading) place(at int) (int, bool) { return slices.BinarySearch(r.at, at) }

// outer turns what was found in a reading into what stands in the view.
func (r reading) outer(view []byte, c Found) Found {
	if c.Start < 0 || c.End <= c.Start || c.End >= len(r.at) {
		return Found{}
	}
	if c.Secret == "" {
		c.Secret = string(r.bytes[c.Start:c.End])
	}
	c.Start, c.End = r.at[c.Start], r.at[c.End]
	if span := view[c.Start:c.End]; string(span) != c.Secret {
		c.Encoding = append(r.of(span), c.Encoding...)
	}
	return c
}

// of returns how a part of the view is encoded.
func (r reading) of(span []byte) []string {
	if !all(span, func(c byte) bool { return isBase64Any(c) || c == '=' }) {
		if _, name := unescaped(span); name != "" {
			return []string{name}
		}
	}
	return []string{"base64"}
}
