package rules

import (
	"bytes"
	"slices"
)

const (
	prefix   = "r8_"
	bodyLen  = 37
	tokenLen = len(prefix) + bodyLen
	shown    = 5 // bytes of a token that its mask keeps, as on Replicate's pages
)

// How far a match of FindTokens looks around its first byte, as Behind and
// Ahead are for Find.
const (
	TokenBehind = 32           // the longest escape before a token: ESC [ 38;2;255;255;255 m is 20 bytes
	TokenAhead  = 2 * tokenLen // see holdsToken
)

// Match is one place where a rule matches.
type Match struct {
	Rule       *Rule
	Start, End int // byte offsets into the searched text; End is exclusive
	Secret     Secret
	Confidence Confidence
	Encoding   []string // outermost first; nil for plain text
	Why        string   // why the confidence is low; "" otherwise
}

// FindTokens appends to dst the API tokens that start in text[from:to], in
// order. Bytes of text outside that range count as context; the ends of text
// count as edges.
func FindTokens(dst []Match, text []byte, from, to int) []Match {
	// '8' is the rarest byte of the prefix in text and code, and one memchr for
	// it is two to three times as fast as a search for the whole prefix.
	for p, end := from+1, min(to+1, len(text)-1); p < end; p++ {
		i := bytes.IndexByte(text[p:end], '8')
		if i < 0 {
			break
		}
		p += i
		if text[p-1] != 'r' || text[p+1] != '_' {
			continue
		}
		if m, ok := judge(text, p-1); ok {
			dst = append(dst, m)
		}
	}
	return dst
}

// judge looks at the text from "r8_" at start on.
func judge(text []byte, start int) (Match, bool) {
	if start+tokenLen > len(text) {
		return Match{}, false
	}
	body := text[start+len(prefix) : start+tokenLen]
	plain := true
	for _, c := range body {
		if !isAlnum(c) {
			if c != '_' && c != '-' {
				return Match{}, false
			}
			plain = false
		}
	}
	if !plain && holdsToken(text, start) {
		return Match{}, false
	}
	why := ""
	switch {
	case !plain:
		why = "_ or - in the body"
	case !leftEdge(text[max(0, start-TokenBehind):start]) || rightOf(text, start+tokenLen, isAlnum):
		why = "part of a longer word"
	case rightOf(text, start+tokenLen, isJoiner):
		why = "_ or - right behind"
	case placeholder(body):
		why = "placeholder"
	}
	m := Match{Rule: APIToken, Start: start, End: start + tokenLen, Confidence: High, Why: why,
		Secret: NewSecret(string(text[start:start+tokenLen]), shown)}
	if why != "" {
		m.Confidence = Low
	}
	return m, true
}

// holdsToken reports whether another match with a plain body starts inside the
// would-be match at start: in r8_r8_… the second prefix begins the token.
func holdsToken(text []byte, start int) bool {
	for s := start + len(prefix); s < start+tokenLen; s++ {
		if !bytes.HasPrefix(text[s:], []byte(prefix)) || s+tokenLen > len(text) {
			continue
		}
		if !slices.ContainsFunc(text[s+len(prefix):s+tokenLen], func(c byte) bool { return !isAlnum(c) }) {
			return true
		}
	}
	return false
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

func isJoiner(c byte) bool { return c == '_' || c == '-' }

func rightOf(text []byte, i int, is func(byte) bool) bool { return i < len(text) && is(text[i]) }

// leftEdge reports whether a token may start behind before: at no letter or
// digit, or at the end of an escape that only looks like a letter or digit.
func leftEdge(before []byte) bool {
	n := len(before)
	return n == 0 || !isAlnum(before[n-1]) || endsEscape(before)
}

// endsEscape reports whether b ends in \n and its like, \x22, \u0022, \042,
// %20, %2520, =3D (quoted-printable) or a colour code such as ESC[31m.
func endsEscape(b []byte) bool {
	n := len(b)
	last := b[n-1]
	if n >= 2 && b[n-2] == '\\' && bytes.IndexByte([]byte("abefnrtv0"), last) >= 0 {
		return true
	}
	if last == 'm' {
		i := n - 1
		for i > 0 && ('0' <= b[i-1] && b[i-1] <= '9' || b[i-1] == ';') {
			i--
		}
		return i > 0 && b[i-1] == '['
	}
	if n >= 3 && isHex(last) && isHex(b[n-2]) && percentBefore(b[:n-2]) {
		return true
	}
	switch digits := hexRun(b, 8); {
	case digits >= 2 && escapedBy(b[:n-2], "x"),
		digits >= 4 && escapedBy(b[:n-4], "u"),
		digits >= 8 && escapedBy(b[:n-8], "U"):
		return true
	}
	return n >= 4 && b[n-4] == '\\' && isOctal(b[n-3]) && isOctal(b[n-2]) && isOctal(last) ||
		bytes.HasSuffix(b, []byte("=3D")) || bytes.HasSuffix(b, []byte("=20")) || bytes.HasSuffix(b, []byte("=22"))
}

// percentBefore reports whether b ends in a percent sign, which may itself be
// escaped any number of times (%25).
func percentBefore(b []byte) bool {
	for bytes.HasSuffix(b, []byte("25")) {
		b = b[:len(b)-2]
	}
	return bytes.HasSuffix(b, []byte("%"))
}

func escapedBy(b []byte, letter string) bool { return bytes.HasSuffix(b, []byte(`\`+letter)) }

// hexRun counts the hex digits at b's end, up to limit.
func hexRun(b []byte, limit int) int {
	n := 0
	for n < limit && n < len(b) && isHex(b[len(b)-1-n]) {
		n++
	}
	return n
}

func isOctal(c byte) bool { return '0' <= c && c <= '7' }
