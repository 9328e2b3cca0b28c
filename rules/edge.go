package rules

import (
	"bytes"
	"unicode/utf8"
)

// edgeLen is how far back leftEdge looks. The longest escape in practice,
// foreground and background color in JSON, has 47 bytes.
const edgeLen = 64

// Why an edge is in doubt.
const (
	whyLonger = "part of a longer word"
	whyBehind = "_ or - right behind"
	whyBinary = "amid binary data, where only the format tells its ends"
)

// edges returns what is wrong with the edges of a token, or "". after is the
// text behind the token.
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
// letter or digit. Hyphens and underscores may be part of a name, or syntax:
// --> and ->, Markdown's emphasis, an SQL comment.
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

// leftEdge reports whether a token may start after before: if before ends in no
// letter or digit, or in an escape that only looks like one.
func leftEdge(before []byte) bool {
	n := len(before)
	return n == 0 || !isAlnum(before[n-1]) || endsEscape(before)
}

// endsEscape reports whether b, which ends in a letter or digit, ends in an
// escape: of a string literal, a URL, a mail, a log or a terminal.
func endsEscape(b []byte) bool {
	return endsBackslash(b) || endsNumber(b) || endsTerminal(b) || endsCaret(b) || endsNamed(b)
}

// endsBackslash recognizes \n and similar escapes, those of regular expressions,
// and PowerShell's with a backquote.
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

// endsNumber recognizes numeric escapes: \x22, \u0022, \U00000022, \042, \22 of
// CSS, \'a0 of RTF, %20, %2520, %u0020, =3D of quoted-printable, #012 of syslog.
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

// endsQuoted reports whether =HH is quoted-printable for a character other than
// a letter or digit, which need no escape. Lower case is against the standard
// and accepted for ASCII only.
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

// endsTerminal recognizes terminal sequences: ESC [ parameters and a letter,
// ESC ( B and similar, ESC and a letter. ESC may be escaped, or missing before a
// bracket.
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

// endsCaret recognizes ^M and similar, and M-6, which cat writes for bytes above
// 127.
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

// binaryReach is how far around a token to look for bytes that no text has.
const binaryReach = 128

// amidBinary raises the confidence of a token in binary data that seems to be
// part of a longer word. There a length or the next string may be next to the
// token and look like a letter.
func amidBinary(m *Match, text []byte) {
	before, after := text[max(0, m.Start-binaryReach):m.Start], text[m.End:min(len(text), m.End+binaryReach)]
	if m.cut() && (counted(before, after) || isBinary(before) || isBinary(after)) {
		m.doubt()
	}
}

// AmidBinary raises the confidence of matches in a binary text: in a compiled
// program, strings follow each other with nothing between them.
func AmidBinary(matches []Match) {
	for i := range matches {
		if m := &matches[i]; len(m.Encoding) == 0 && m.cut() {
			m.doubt()
		}
	}
}

// cut reports whether m is a token except for its edges. Joined names, as in
// symbol tables, are in lower case. A random body lacks upper or lower case
// once in 500 million.
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

// counted reports whether the token's length is in front of it, so that the
// text behind it is not part of it. The length is the byte 40, which is an
// opening parenthesis, or the digits 40. A parenthesis that is closed behind
// the token is no length.
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

// isBinary reports whether a part of a text holds bytes that no text has. The
// part may begin and end within a character. Terminal sequences are text.
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
