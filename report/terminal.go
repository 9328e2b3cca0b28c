package report

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"r8scan/internal/door"
)

// Printable is s as a terminal may show it, with tokens masked: for lines that
// name parts of what was scanned and are in no report.
func Printable(s string) string { return safe(door.Mask(s)) }

// safe returns s with everything escaped that could make a terminal or a log
// viewer show something else than s: control characters and so escape
// sequences, line breaks, bidirectional overrides, invisible characters, and
// bytes that are not UTF-8. Each string that stems from a scanned repository
// goes through it before it becomes text.
func safe(s string) string {
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

// clip returns s, or the start of a longer one and an ellipsis, in limit bytes.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	const ellipsis = "…"
	end := max(limit-len(ellipsis), 0)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + ellipsis
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// ANSI codes of the few colors that text uses.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	yellow = "33"
)

// paint colors text for a terminal, or leaves it alone.
type paint bool

func (p paint) in(code, s string) string {
	if !p {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// link makes text an OSC 8 hyperlink to target, a URL without control
// characters. Terminals that do not know links show text alone.
func link(target, text string) string {
	return "\x1b]8;;" + target + "\x1b\\" + text + "\x1b]8;;\x1b\\"
}

// fileURL returns the file URL of path, which may be relative to root, or ""
// where that gives no absolute path.
func fileURL(root, path string) string {
	if !filepath.IsAbs(path) {
		path = filepath.Join(root, path)
	}
	if !filepath.IsAbs(path) {
		return ""
	}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // file:///C:/x
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}
