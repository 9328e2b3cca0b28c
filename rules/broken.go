package rules

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"
)

// over skips what may stand within a token at text[i], behind its character c:
// a joint of string literals, what no reader sees, and a soft line break. It
// calls note with the name of each, and returns the place after all.
func over(text []byte, i int, c byte, note func(string)) int {
	for range maxOver {
		next, name := joint(text, i), "concatenation"
		if next == i {
			next, name = unseen(text, i, c)
		}
		if next == i {
			break
		}
		note(name)
		i = next
	}
	return i
}

// maxOver bounds how many breaks may be between two characters. grep closes one
// color and opens another, with two sequences each.
const maxOver = 8

// unseen returns the place after a terminal sequence, an invisible character, a
// tag, a soft line break or an overstrike at text[i], and its name, or i. The
// character before is c.
func unseen(text []byte, i int, c byte) (next int, name string) {
	if i >= len(text) || isAlnum(text[i]) {
		return i, ""
	}
	if next = overstrike(text, i, c); next > i {
		return next, "overstrike"
	}
	if next = softBreak(text, i); next > i {
		return next, "quoted-printable"
	}
	if next = invisible(text, i); next > i {
		return next, "invisible-character"
	}
	if next = tag(text, i); next > i {
		return next, "markup"
	}
	return terminal(text, i), "terminal-sequence"
}

// overstrike recognizes bold and underlined letters as nroff writes them.
func overstrike(text []byte, i int, c byte) int {
	if i+1 < len(text) && (text[i] == '\b' && text[i+1] == c || text[i] == '_' && text[i+1] == '\b') {
		return i + 2
	}
	return i
}

// softBreak returns what follows = at the end of a line.
func softBreak(text []byte, i int) int {
	if text[i] != '=' {
		return i
	}
	end := runOf(text, i+1, maxIndent, func(c byte) bool { return c == ' ' || c == '\t' })
	if next := lineBreak(text, end); next > end {
		return next
	}
	return i
}

// isInvisible reports whether r is invisible: a soft hyphen, a joiner, a
// direction mark, a byte order mark, a variation selector.
func isInvisible(r rune) bool {
	switch {
	case 0x200b <= r && r <= 0x200f, 0x202a <= r && r <= 0x202e, 0x2060 <= r && r <= 0x206f, 0xfe00 <= r && r <= 0xfe0f:
		return true
	}
	return r == 0xad || r == 0x34f || r == 0x61c || r == 0x180e || r == 0xfeff
}

// unseenTexts are the names of invisible characters.
var unseenTexts = []string{"&shy;", "&zwnj;", "&zwj;", "&ZeroWidthSpace;", "&NoBreak;", "&lrm;", "&rlm;", "<wbr>", "<wbr/>", "<wbr />"}

// invisible returns the place after an invisible character, raw or escaped, at
// text[i], or i.
func invisible(text []byte, i int) int {
	switch c := text[i]; {
	case c >= utf8.RuneSelf:
		if r, size := utf8.DecodeRune(text[i:]); isInvisible(r) || size == 1 && c == 0xad { // or in Latin-1
			return i + max(size, 1)
		}
		return i
	case c == '&' || c == '<':
		for _, s := range unseenTexts {
			if hasAt(text, i, s) {
				return i + len(s)
			}
		}
	}
	return invisibleEscape(text, i)
}

// inline lists the HTML elements that may stand within a word.
var inline = []string{"b", "i", "u", "s", "em", "strong", "mark", "span", "font", "code", "tt", "kbd", "samp", "var", "small", "big", "sub", "sup", "ins", "del", "a"}

// tag returns the place after a tag of such an element at text[i], or after a
// comment of spaces only, which templates put between two values.
func tag(text []byte, i int) int {
	if text[i] != '<' {
		return i
	}
	if hasAt(text, i, "<!--") {
		end := runOf(text, i+len("<!--"), 4, func(c byte) bool { return c == ' ' })
		if hasAt(text, end, "-->") {
			return end + len("-->")
		}
		return i
	}
	from := i + 1
	if hasAt(text, from, "/") {
		from++
	}
	to := runOf(text, from, 8, isAlnum)
	end := runOf(text, to, maxJoint, func(c byte) bool { return c != '>' && c != '<' && c != '\n' })
	if end == len(text) || text[end] != '>' || end > to && text[to] != ' ' || !slices.Contains(inline, strings.ToLower(string(text[from:to]))) {
		return i
	}
	return end + 1
}

// invisibleEscape recognizes \u200b, %u200b, &#8203;, and escapes of each UTF-8
// byte such as %E2%80%8B.
func invisibleEscape(text []byte, i int) int {
	var raw [utf8.UTFMax]byte
	for n, at := 0, i; n < len(raw); n++ {
		v, next := numbered(text, at)
		if next == at {
			break
		}
		if n == 0 && isInvisible(rune(v)) {
			return next
		}
		if v > 0xff || n == 0 && v < utf8.RuneSelf {
			break
		}
		raw[n], at = byte(v), next
		if r, size := utf8.DecodeRune(raw[:n+1]); size == n+1 && isInvisible(r) {
			return at
		}
	}
	return i
}

// numbered reads a numeric escape of any size at text[i].
func numbered(text []byte, i int) (value, next int) {
	from, digits, base := i, 0, 16
	switch {
	case hasAt(text, i, "&#x"), hasAt(text, i, "&#X"):
		from = i + 3
		digits = runOf(text, from, 6, isHex) - from
	case hasAt(text, i, "&#"):
		from, base = i+2, 10
		digits = runOf(text, from, 7, isDigit) - from
	case hasAt(text, i, "%u"):
		from, digits = i+2, 4
	case hasAt(text, i, "%"), hasAt(text, i, "="):
		from, digits = i+1, 2
	case hasAt(text, i, `\`):
		j := runOf(text, i, 4, func(c byte) bool { return c == '\\' })
		switch {
		case hasAt(text, j, "u{"), hasAt(text, j, "x{"):
			from = j + 2
			digits = runOf(text, from, 6, isHex) - from
		case hasAt(text, j, "u"):
			from, digits = j+1, 4
		case hasAt(text, j, "U"):
			from, digits = j+1, 8
		case hasAt(text, j, "x"):
			from, digits = j+1, 2
		default:
			from, digits, base = j, 3, 8
		}
	}
	if value = digitsAt(text, from, digits, base); value < 0 {
		return 0, i
	}
	next = from + digits
	if hasAt(text, next, ";") && text[i] == '&' || hasAt(text, next, "}") && text[from-1] == '{' {
		next++
	}
	return value, next
}

// digitsAt reads a number with that many digits at text[i], or returns -1.
func digitsAt(text []byte, i, digits, base int) int {
	if digits == 0 || i+digits > len(text) {
		return -1
	}
	value := 0
	for _, c := range text[i : i+digits] {
		if !isHex(c) || int(unhex(c)) >= base {
			return -1
		}
		value = value*base + int(unhex(c))
	}
	return value
}

// terminal returns the place after a terminal sequence at text[i], or i.
func terminal(text []byte, i int) int {
	if bytes.IndexByte(escStarts, text[i]) < 0 {
		return i
	}
	from := i
	for hasAt(text, from, `\\`) && from-i < 3 { // an escape that is escaped itself
		from++
	}
	j := i
	for _, e := range escs {
		if end := from + len(e); end <= len(text) && text[from] == e[0] && bytes.EqualFold(text[from:end], e) {
			j = end
			break
		}
	}
	if j == i || j == len(text) {
		return i
	}
	switch text[j] {
	case '[':
		j = runOf(text, j+1, 32, func(c byte) bool { return ' ' <= c && c <= '?' })
	case '(', ')':
		j++
	case ']':
		return endOfOrder(text, i, j)
	default:
		return i
	}
	if j == len(text) || text[j] < '0' || text[j] > '~' {
		return i
	}
	return j + 1
}

// endOfOrder returns the place after a terminal sequence with a text, such as a
// link, that begins at text[i] and continues at j, or i.
func endOfOrder(text []byte, i, j int) int {
	for end := min(len(text), j+maxJoint); j < end; j++ {
		switch {
		case text[j] == '\a':
			return j + 1
		case hasAt(text, j, "\x1b\\"):
			return j + 2
		case text[j] == '\n':
			return i
		}
	}
	return i
}
