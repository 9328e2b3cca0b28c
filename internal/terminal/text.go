package terminal

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Safe returns s with everything escaped that could make a terminal or a log
// viewer show something else than s: control characters and so escape
// sequences, line breaks, bidirectional overrides, invisible characters, and
// bytes that are not UTF-8. Each string that stems from a scanned repository
// goes through it before it becomes text. It masks nothing: see door.Printable.
func Safe(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case strconv.IsPrint(r):
			b.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		i += size
	}
	return b.String()
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// marks are what runners take for the start of an order wherever it stands in a
// line: GitHub's old form, Azure's and TeamCity's.
var marks = [...]string{"##[", "##vso[", "##teamcity["}

// SafeText is Safe for a text that was put together, with lines, colors and
// links of our own, or is JSON. It returns text with all that may change what a terminal or a viewer
// shows written as \u and four digits: control characters other than line
// breaks, tabs and escape sequences, of which the ones here are our own; what
// turns the direction of text; line separators and invisible characters. So is
// the bracket of a mark. What is JSON stays the same value. Bytes that are not
// UTF-8, of which JSON has none, become \x and two digits. It returns text
// itself if there is nothing to do.
func SafeText(text []byte) []byte {
	var out []byte
	done := 0 // text[:done] is in out
	replace := func(from, to int, s string) {
		out = append(append(out, text[done:from]...), s...)
		done = to
	}
	for at := 0; at < len(text); {
		c := text[at]
		switch {
		case c == '#':
			at++
			for _, mark := range marks {
				if bytes.HasPrefix(text[at-1:], []byte(mark)) {
					at += len(mark) - 1
					replace(at-1, at, `\u005b`)
				}
			}
			continue
		case c >= ' ' && c < 0x7f || c == '\n' || c == '\r' || c == '\t' || c == 0x1b:
			at++
			continue
		}
		r, size := utf8.DecodeRune(text[at:])
		switch {
		case r == utf8.RuneError && size == 1:
			replace(at, at+1, fmt.Sprintf(`\x%02x`, c))
		case !unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp):
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			replace(at, at+size, fmt.Sprintf(`\u%04x\u%04x`, high, low))
		default:
			replace(at, at+size, fmt.Sprintf(`\u%04x`, r))
		}
		at += size
	}
	if out == nil {
		return text
	}
	return append(out, text[done:]...)
}
