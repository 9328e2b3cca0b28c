package rules

import (
	"bytes"
	"slices"
)

// escaped looks for a token around an escaped probe. The 8 may be raw, or an
// escape that begins up to seven bytes before the probe ends.
func escaped(text []byte, at int) (Match, bool) {
	tries := maxTries
	for eight := max(0, at-7); eight <= min(at+1, len(text)-1); eight++ {
		c, next, _ := unit(text, eight)
		if c != '8' || next <= at && over(text, next, c, nothing) <= at {
			continue
		}
		low := max(0, at-maxLead+1, eight-maxIndent)
		for start := eight - 1; start >= low; start-- {
			if !startsUnit(text[start]) {
				continue
			}
			c, next, _ := unit(text, start)
			if c != 'r' || next > eight {
				continue
			}
			if next < eight {
				if tries--; tries < 0 {
					return Match{}, false
				}
				if over(text, next, c, nothing) != eight {
					continue
				}
			}
			if m, ok := spelled(text, start); ok {
				return m, true
			}
		}
	}
	return Match{}, false
}

// behindBreak looks for a token whose 8 is at a place, with a break or an
// escaped r in front of it.
func behindBreak(text []byte, at int) (Match, bool) {
	if at == 0 || text[at-1] == 'r' {
		return Match{}, false // r8_ has a probe of its own
	}
	i := at
	for i > 0 && at-i < maxIndent && isAlnum(text[i-1]) {
		i--
	}
	// If a letter or digit is in front, it must end a terminal sequence or an
	// escape.
	if i < at && (i == 0 || bytes.IndexByte([]byte("[\\%=&(^#;:?`"), text[i-1]) < 0) {
		return Match{}, false
	}
	return escaped(text, at)
}

// maxTries bounds how many breaks between an r and an 8 are checked, so that
// hostile text does not take long.
const maxTries = 6

func nothing(string) {}

// startsUnit reports whether an r, raw or escaped, may begin with c.
func startsUnit(c byte) bool { return c == 'r' || c == '\\' || c == '%' || c == '&' || c == '=' }

// spelled reads a token at start that is not written as plain text. Its
// characters may be escapes of any kind, several string literals may form it,
// and breaks that a reader does not see may be in it. It does not return a
// plain token.
func spelled(text []byte, start int) (Match, bool) {
	var token [tokenLen]byte
	var encoding []string
	note := func(name string) {
		if name != "" && !slices.Contains(encoding, name) {
			encoding = append(encoding, name)
		}
	}
	n, pos := spell(&token, text, start, note)
	if n < tokenLen || encoding == nil {
		return Match{}, false
	}
	m, ok := judge(token[:], 0)
	if !ok {
		return Match{}, false
	}
	if overstruck := token[tokenLen-1]; hasAt(text, pos, string([]byte{'\b', overstruck})) {
		pos += 2
	}
	m.Start, m.End, m.Encoding = start, pos, encoding
	if m.Why == "" {
		m.Why = edges(leftEdge(text[max(0, start-edgeLen):start]), behind(text, pos, slices.Contains(encoding, "quoted-printable")))
	}
	if m.Why != "" {
		m.Confidence = Low
	}
	return m, true
}

// spell reads the characters of a token from start on, and returns how many
// there are and what follows them.
func spell(token *[tokenLen]byte, text []byte, start int, note func(string)) (n, pos int) {
	pos = start
	for i := range token {
		if i > 0 {
			pos = over(text, pos, token[i-1], note)
		}
		c, next, name := unit(text, pos)
		if i < len(prefix) && c != prefix[i] || i >= len(prefix) && !isAlnum(c) || next-start > maxSpan {
			return i, pos
		}
		note(name)
		token[i], pos = c, next
	}
	return tokenLen, pos
}

// behind decodes the first characters from text[i] on. It decodes
// quoted-printable only if the token uses it.
func behind(text []byte, i int, quoted bool) []byte {
	text = text[:min(len(text), i+TokenAhead-maxSpan)]
	out := make([]byte, 0, edgeAhead)
	for len(out) < edgeAhead && i < len(text) {
		c, next, encoding := unit(text, i)
		if encoding == "" || encoding == "quoted-printable" && !quoted {
			c, next = text[i], i+1
		}
		out, i = append(out, c), next
	}
	return out
}

// unit reads one character at text[i], raw or escaped. It returns the
// character, the place after it and the name of the escape. At the end, and for
// characters that are not ASCII, the character is 0.
func unit(text []byte, i int) (c byte, next int, encoding string) {
	if i >= len(text) {
		return 0, i, ""
	}
	switch text[i] {
	case '\\':
		return backslash(text, i)
	case '%':
		if hasAt(text, i, "%u") {
			return number(text, i, i+2, i+6, 16, "percent")
		}
		return number(text, i, i+1, i+3, 16, "percent")
	case '=':
		return number(text, i, i+1, i+3, 16, "quoted-printable")
	case '+':
		if hasAt(text, i, "+AF8-") {
			return '_', i + len("+AF8-"), "utf-7"
		}
	case '&':
		return entity(text, i)
	}
	return text[i], i + 1, ""
}

// backslash reads \x72, \x{72}, \u0072, \u{72}, \U00000072, \162, and the
// underscore of Markdown and TeX. It accepts up to four backslashes, as in an
// escaped escape.
func backslash(text []byte, i int) (c byte, next int, encoding string) {
	j := i
	for j < len(text) && text[j] == '\\' && j-i < 4 {
		j++
	}
	if j == len(text) {
		return '\\', i + 1, ""
	}
	switch {
	case hasAt(text, j, "u{"):
		return braced(text, i, j+2, "unicode-escape")
	case hasAt(text, j, "x{"):
		return braced(text, i, j+2, "hex-escape")
	case text[j] == 'x':
		return number(text, i, j+1, j+3, 16, "hex-escape")
	case text[j] == '_':
		return '_', j + 1, "backslash-escape"
	case hasAt(text, j, "textunderscore"):
		return '_', texEnd(text, j+len("textunderscore")), "backslash-escape"
	case text[j] == 'u':
		return number(text, i, j+1, j+5, 16, "unicode-escape")
	case text[j] == 'U':
		return number(text, i, j+1, j+9, 16, "unicode-escape")
	case isOctal(text[j]):
		return number(text, i, j, j+3, 8, "octal-escape")
	}
	return '\\', i + 1, ""
}

// braced reads the hex digits from text[from] up to a brace, of an escape that
// began at i.
func braced(text []byte, i, from int, name string) (c byte, next int, encoding string) {
	end := runOf(text, from, 8-2, isHex)
	if end == len(text) || text[end] != '}' {
		return '\\', i + 1, ""
	}
	if c, next, encoding = number(text, i, from, end, 16, name); encoding != "" {
		next++
	}
	return c, next, encoding
}

// texEnd returns the place after the end of a TeX command at text[i].
func texEnd(text []byte, i int) int {
	if hasAt(text, i, "{}") {
		return i + 2
	}
	if hasAt(text, i, " ") {
		return i + 1
	}
	return i
}

// entity reads &#114;, &#x72; and the names of the underscore.
func entity(text []byte, i int) (c byte, next int, encoding string) {
	for _, name := range []string{"&lowbar;", "&UnderBar;"} {
		if hasAt(text, i, name) {
			return '_', i + len(name), "html-entity"
		}
	}
	if !hasAt(text, i, "&#") {
		return '&', i + 1, ""
	}
	from, base := i+2, 10
	if from < len(text) && text[from]|0x20 == 'x' {
		from, base = from+1, 16
	}
	end := from
	for end < len(text) && end-from < 6 && isHex(text[end]) {
		end++
	}
	if end == len(text) || text[end] != ';' {
		return '&', i + 1, ""
	}
	if c, _, encoding = number(text, i, from, end, base, "html-entity"); encoding == "" {
		return '&', i + 1, ""
	}
	return c, end + 1, encoding
}

// number reads the digits text[from:to] of an escape that begins at i. If they
// are not a number below 128, it returns the raw character at i.
func number(text []byte, i, from, to, base int, name string) (c byte, next int, encoding string) {
	v, valid := 0, to <= len(text) && from < to
	for k := from; valid && k < to; k++ {
		digit := int(unhex(text[k]))
		v = v*base + digit
		valid = isHex(text[k]) && digit < base && v < 0x80
	}
	if valid {
		return byte(v), to, name
	}
	return text[i], i + 1, ""
}

// maxJoint is the longest text between two literals.
const maxJoint = 96

// joint returns the place after the joint between two string literals at
// text[i], or i if there is none. Literals may be adjacent, joined by an
// operator, or the next line of a notebook. A line continuation in a literal
// counts too.
func joint(text []byte, i int) int {
	if i >= len(text) {
		return i
	}
	if text[i] == '\\' && lineBreak(text, i+1) > i+1 && text[i+1] != '\\' {
		return lineBreak(text, i+1)
	}
	j := quote(text, i)
	if j == i {
		return i
	}
	operators, newLine := 0, false
	for j < len(text) && j-i < maxJoint {
		if k := quote(text, j); k > j {
			switch {
			case hasAt(text, k, ","): // a notebook has each line of source in quotes of its own
				j, newLine = k+1, true
			case newLine:
				j, newLine = k, false
			default:
				return k
			}
			continue
		}
		switch c := text[j]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			j++
		case hasAt(text, j, `\n`):
			j += 2
		case hasAt(text, j, "\\\n"), hasAt(text, j, "\\\r"):
			j++
		case (c == '+' || c == '.' || c == '&' || c == '|' || c == '~') && operators < 2:
			operators++
			j++
		case c|0x20 == 'f' || c|0x20 == 'b' || c|0x20 == 'r' || c|0x20 == 'u' || c == 'L': // prefix of a literal
			if quote(text, j+1) == j+1 {
				return i
			}
			j++
		default:
			return i
		}
	}
	return i
}

// quote returns the place after a quote, escaped or not, at text[i], or i if
// there is none.
func quote(text []byte, i int) int {
	j := i
	for j < len(text) && text[j] == '\\' && j-i < 3 {
		j++
	}
	if j < len(text) && (text[j] == '"' || text[j] == '\'' || text[j] == '`') {
		return j + 1
	}
	return i
}
