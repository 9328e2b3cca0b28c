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

// Safe returns s with everything escaped that could change what a terminal or
// log viewer shows: control characters (and thereby escape sequences), line
// breaks, bidirectional overrides, invisible characters and invalid UTF-8.
// Every string from a scanned repository goes through Safe before it is
// printed. Safe masks nothing: see door.Printable.
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

// marks start a command for a CI runner anywhere in a line: the old form of
// GitHub, and those of Azure and TeamCity.
var marks = [...]string{"##[", "##vso[", "##teamcity["}

// SafeText is Safe for a complete text with its own lines, colors and links, or
// for JSON. Control characters (except line breaks, tabs and escape sequences),
// bidirectional overrides, line separators, invisible characters and the
// bracket of a mark become \u and four digits, so JSON keeps its value. Invalid
// UTF-8, which JSON cannot have, becomes \x and two digits. If there is nothing
// to escape, the result is text itself.
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
