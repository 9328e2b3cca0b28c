package rules

import (
	"bytes"
	"unicode/utf8"
)

// edgeLen is how far back leftEdge looks. The longest escape of practice, the
// colours of letter and ground together in JSON, has 47 bytes.
const edgeLen = 64

// Why an edge is in doubt.
const (
	whyLonger = "part of a longer word"
	whyBehind = "_ or - right behind"
	whyBinary = "amid binary data, where only the format tells its ends"
)

// edges says what is wrong with the edges of a token, "" for nothing; after is
// what stands behind it.
func edges(left bool, after []byte) string {
	switch {
	case !left || len(after) > 0 && isAlnum(after[0]):
		return whyLonger
	case !rightEdge(after):
		return whyBehind
	}
	return ""
}

// edgeAhead is how far ahead rightEdge looks.
const edgeAhead = 16

// rightEdge reports whether a token may end before after, which begins with no
// letter or digit. Hyphens and underscores may be a part of the name, or the
// syntax around it: --> and ->, Markdown's emphasis, a comment of SQL.
func rightEdge(after []byte) bool {
	after = after[:min(len(after), edgeAhead)]
	run := runOf(after, 0, edgeAhead, isJoiner)
	return run == 0 || run == len(after) || !isWord(after[run:]) || bytes.HasPrefix(after, []byte("--")) || isOffice(after)
}

// isWord reports whether b begins with a character of a word, in any script.
func isWord(b []byte) bool {
	if b[0] < utf8.RuneSelf {
		return isAlnum(b[0])
	}
	r, size := utf8.DecodeRune(b)
	return size > 1 && r >= 0xc0 && !('\u2000' <= r && r <= '\u2bff') && !('\u3000' <= r && r <= '\u3004') && r < 0xe000
}

// isOffice reports whether b begins with an escape of office files: _x000D_.
func isOffice(b []byte) bool {
	return len(b) >= len("_x000D_") && b[0] == '_' && b[1] == 'x' && all(b[2:6], isHex) && b[6] == '_'
}

// leftEdge reports whether a token may start behind before: at no letter or
// digit, or at the end of an escape that only looks like a letter or digit.
func leftEdge(before []byte) bool {
	n := len(before)
	return n == 0 || !isAlnum(before[n-1]) || endsEscape(before)
}

// endsEscape reports whether b, which ends in a letter or digit, ends in an
// escape: of a string literal, a URL, a mail, a log, or for a terminal.
func endsEscape(b []byte) bool {
	return endsBackslash(b) || endsNumber(b) || endsTerminal(b) || endsCaret(b) || endsNamed(b)
}

// endsBackslash knows \n and its like, those of regular expressions, and
// PowerShell's, which have a backquote.
func endsBackslash(b []byte) bool {
	n := len(b)
	if n < 2 {
		return false
	}
	switch last := b[n-1]; b[n-2] {
	case '\\':
		return bytes.IndexByte([]byte("abefnrtv0sAbBdDEGKNQRSwWZz"), last) >= 0 || isDigit(last)
	case '`':
		return bytes.IndexByte([]byte("abefnrtv0"), last) >= 0
	}
	return false
}

// endsNumber knows the escapes that name a character by its number: \x22,
// \u0022, \U00000022, \042, CSS's \22, RTF's \'a0, %20, %2520, %u0020, =3D of
// quoted-printable and #012 of syslog.
func endsNumber(b []byte) bool {
	n := len(b)
	last := b[n-1]
	digits := hexRun(b, 8)
	for k := range digits {
		before := b[:n-k-1]
		switch {
		case k < 2 && bytes.HasSuffix(before, []byte(`\x`)),
			k == 1 && percentBefore(before), k == 1 && bytes.HasSuffix(before, []byte(`\'`)),
			k == 3 && (bytes.HasSuffix(before, []byte(`\u`)) || bytes.HasSuffix(before, []byte("u")) && percentBefore(before[:n-k-2])),
			k == 7 && bytes.HasSuffix(before, []byte(`\U`)),
			k < 6 && isDigit(b[n-k-1]) && bytes.HasSuffix(before, []byte(`\`)):
			return true
		case k == 1 && bytes.HasSuffix(before, []byte("=")) && endsQuoted(b[n-2], last):
			return true
		}
	}
	return n >= 4 && b[n-4] == '#' && isOctal(b[n-3]) && isOctal(b[n-2]) && isOctal(last)
}

// endsQuoted reports whether =HH is quoted-printable for what is no letter or
// digit, which nobody has to escape. Small letters are against its standard,
// and taken for ASCII only.
func endsQuoted(high, low byte) bool {
	c := unhex(high)<<4 | unhex(low)
	if c >= 0x80 {
		return !('a' <= high && high <= 'f' || 'a' <= low && low <= 'f')
	}
	return !isAlnum(c)
}

// percentBefore reports whether b ends in a percent sign, which may itself be
// escaped any number of times (%25).
func percentBefore(b []byte) bool {
	for bytes.HasSuffix(b, []byte("25")) {
		b = b[:len(b)-2]
	}
	return bytes.HasSuffix(b, []byte("%"))
}

// endsTerminal knows what a terminal takes for an order: ESC [ parameters and a
// letter, ESC ( B and its like, ESC and a letter. ESC may be an escape itself,
// or lost from in front of a bracket.
func endsTerminal(b []byte) bool {
	i := len(b) - 1
	for i > 0 && ' ' <= b[i-1] && b[i-1] <= '/' {
		i--
	}
	if endsESC(b[:i]) {
		return true // without a bracket
	}
	for i > 0 && '0' <= b[i-1] && b[i-1] <= '?' {
		i--
	}
	switch {
	case bytes.HasSuffix(b[:i], []byte("\x9b")):
		return true
	case i == 0 || b[i-1] != '[':
		return false
	}
	last := b[len(b)-1]
	return endsESC(b[:i-1]) || isLetter(last) && (len(b)-1 > i || last == 'm' || last == 'K')
}

// escs are the ways in which ESC is written.
var escs = [][]byte{[]byte("\x1b"), []byte(`\x1b`), []byte(`\033`), []byte(`\e`), []byte("`e"), []byte(`\u001b`), []byte(`\u{1b}`), []byte("^["), []byte("#033"),
	[]byte("%1b"), []byte("=1b"), []byte("&#27;"), []byte("&#x1b;"), []byte(`\U0000001b`), []byte(`\x{1b}`), []byte("<esc>"), []byte("\u241b"), []byte("%u001b"), []byte(`\27`)}

// escStarts are the first bytes of escs.
var escStarts = []byte("\x1b\\`^#%=&<\xe2")

// endsESC reports whether b ends in ESC.
func endsESC(b []byte) bool {
	for _, e := range escs {
		if n := len(b) - len(e); n >= 0 && bytes.EqualFold(b[n:], e) {
			return true
		}
	}
	return false
}

// endsCaret knows ^M and its like, and M-6, which cat writes for what is no
// ASCII.
func endsCaret(b []byte) bool {
	n := len(b)
	isMeta := func(i int) bool { return i >= 0 && b[i] == 'M' && b[i+1] == '-' }
	return n >= 2 && b[n-2] == '^' && isUpper(b[n-1]) || isMeta(n-3) && (n == 3 || !isAlnum(b[n-4]) || isMeta(n-6))
}

// named are entities of HTML that browsers read without a semicolon too.
var named = [][]byte{[]byte("&nbsp"), []byte("&quot"), []byte("&amp"), []byte("&lt"), []byte("&gt"), []byte("&shy"), []byte("&laquo"), []byte("&raquo")}

func endsNamed(b []byte) bool {
	for _, e := range named {
		if bytes.HasSuffix(b, e) {
			return true
		}
	}
	return false
}

// hexRun counts the hex digits at b's end, up to limit.
func hexRun(b []byte, limit int) int {
	n := 0
	for n < limit && n < len(b) && isHex(b[len(b)-1-n]) {
		n++
	}
	return n
}

func isOctal(c byte) bool { return '0' <= c && c <= '7' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// binaryReach is how far around a token the bytes are looked at that are no
// text.
const binaryReach = 128

// amidBinary gives a token that seems to be a part of a longer word the
// confidence that it has in binary data. There a length or the next string may
// stand beside it, and look like a letter.
func amidBinary(m *Match, text []byte) {
	before, after := text[max(0, m.Start-binaryReach):m.Start], text[m.End:min(len(text), m.End+binaryReach)]
	if m.cut() && (counted(before, after) || isBinary(before) || isBinary(after)) {
		m.doubt()
	}
}

// AmidBinary is for the matches in a text that is known to be binary as a whole:
// the strings of a compiled program may stand behind each other without
// anything between.
func AmidBinary(matches []Match) {
	for i := range matches {
		if m := &matches[i]; len(m.Encoding) == 0 && m.cut() {
			m.doubt()
		}
	}
}

// cut reports whether m is a token but for its edges. Words of names put
// together, as tables of symbols have, are in small letters: a random body
// lacks either case once in 500 million.
func (m *Match) cut() bool {
	if m.Why != whyLonger && m.Why != whyBehind {
		return false
	}
	token := m.Secret.Reveal()
	if len(token) != tokenLen || token[:len(prefix)] != prefix {
		return false
	}
	body := []byte(token[len(prefix):])
	return bytes.ContainsFunc(body, func(r rune) bool { return isUpper(byte(r)) }) &&
		bytes.ContainsFunc(body, func(r rune) bool { return 'a' <= r && r <= 'z' }) && !placeholder(body)
}

func (m *Match) doubt() { m.Confidence, m.Why = Medium, whyBinary }

// counted reports whether a token's length stands in front of it, so that what
// is behind it is no part of it: as a byte, which is a parenthesis, or in
// digits. A parenthesis that is closed is one.
func counted(before, after []byte) bool {
	if bytes.HasSuffix(before, []byte("40:")) {
		return len(before) == 3 || !isDigit(before[len(before)-4])
	}
	if !bytes.HasSuffix(before, []byte("(")) {
		return false
	}
	end := runOf(after, 0, len(after), func(c byte) bool { return isAlnum(c) || isJoiner(c) })
	return end == len(after) || after[end] != ')'
}

// isBinary reports whether a part of a text, which may begin and end within a
// character, holds bytes that no text has. What terminals take for orders is
// text.
func isBinary(b []byte) bool {
	for i := 0; i < utf8.UTFMax-1 && len(b) > 0 && !utf8.RuneStart(b[0]); i++ {
		b = b[1:]
	}
	for len(b) > 0 {
		c := b[0]
		if c < utf8.RuneSelf {
			if c < '\a' || 0x0f < c && c < 0x1b || 0x1b < c && c < ' ' || c == 0x7f {
				return true
			}
			b = b[1:]
			continue
		}
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			return utf8.FullRune(b) || !utf8.RuneStart(c)
		}
		b = b[size:]
	}
	return false
}
