// Package excerpt shows the line of a file that a token stands in, and nothing
// secret of it.
package excerpt

import (
	"path/filepath"
	"strings"
	"unicode/utf16"

	"r8scan/internal/pattern"
	"r8scan/internal/plain"
	"r8scan/internal/regular"
	"r8scan/internal/search"
	"r8scan/result"
	"r8scan/rules"
)

// maxFile is how long a file may be, in bytes: a line of a longer one is not shown.
const maxFile = 8 << 20

// Reader reads lines of files. It keeps the last file, since a token mostly stands
// in several lines of one.
type Reader struct {
	root  string
	path  string
	lines []string
}

// New returns a reader of files whose paths are relative to root, an absolute path.
func New(root string) *Reader { return &Reader{root: root} }

// Line returns the line of a place without its indentation: with the token, every
// other credential and every other long word that looks random masked. It is cut to
// width columns around the token, and "" if the file cannot be read or is no text.
// Control characters stay in it.
func (r *Reader) Line(l result.Location, width int) string {
	if l.Kind != result.KindFile || l.Path == "" || l.Member != "" || l.Line == 0 {
		return ""
	}
	lines := r.of(l.Path)
	if l.Line > len(lines) {
		return ""
	}
	return masked(lines[l.Line-1], l.Column, l.EndColumn, width)
}

// of returns the lines of a file, none if it cannot be read or is no text.
func (r *Reader) of(path string) []string {
	if path == r.path {
		return r.lines
	}
	r.path, r.lines = path, nil
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.root, filepath.FromSlash(path))
	}
	text, err := regular.Read(path, maxFile)
	if err != nil {
		return nil
	}
	text = plain.Text(text)
	if search.IsBinary(text) {
		return nil
	}
	for line := range plain.Lines(text) {
		r.lines = append(r.lines, strings.TrimRight(string(line), "\r\n"))
	}
	return r.lines
}

// masked masks a line whose token is at the columns from start to end, which count
// from 1 in UTF-16 code units. An end that is not behind the start is in a later
// line.
func masked(line string, start, end, width int) string {
	line = rules.Redact(line) // its length stays
	from, to := offset(line, start), len(line)
	if end > start {
		to = offset(line, end)
	}
	before, token, after := hidden(strings.TrimLeft(line[:from], " \t")), line[from:to], hidden(strings.TrimRight(line[to:], " \t"))
	shown := "***"
	if strings.HasPrefix(token, "r8_") && len(token) > 5 {
		shown = token[:5] + shown
	}
	room := max(width-len(shown), 0)
	head, tail := []rune(before), []rune(after)
	if len(head)+len(tail) <= room {
		return before + shown + after
	}
	// The name before the token tells more than what follows it.
	keep := min(len(head), max(room*2/3, room-len(tail)))
	if keep < len(head) {
		head = append([]rune{'…'}, head[len(head)-max(keep-1, 0):]...)
	}
	if rest := max(room-len(head), 0); rest < len(tail) {
		tail = append(tail[:max(rest-1, 0):max(rest-1, 0)], '…')
	}
	return string(head) + shown + string(tail)
}

// offset returns the index of the byte at a column.
func offset(line string, column int) int {
	units := 1
	for i, r := range line {
		if units >= column {
			return i
		}
		units += max(utf16.RuneLen(r), 1)
	}
	return len(line)
}

// word matches what may be a secret, by its length.
var word = pattern.Of(`[A-Za-z0-9+/_-]{16,}={0,2}|[*]{4,}`)

// hidden masks long words that look random: a neighbour of a token is often a
// secret too.
func hidden(s string) string {
	return word().ReplaceAllStringFunc(s, func(w string) string {
		switch {
		case w[0] == '*': // a mask, made short
			return "***"
		case isRandom(w):
			return w[:3] + "***"
		}
		return w
	})
}

// isRandom reports whether a word looks like no name: it mixes digits with letters
// more than once, or capitals with small letters often.
func isRandom(w string) bool {
	digits, turns := 0, 0
	for i := range len(w) {
		if isDigit(w[i]) {
			digits++
		}
		if i > 0 && kind(w[i]) != kind(w[i-1]) {
			turns++
		}
	}
	return digits == len(w) || digits > 0 && turns >= 4 || turns >= len(w)/3
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// kind tells digits, capitals and small letters apart. What joins words is like the
// small letters.
func kind(c byte) int {
	switch {
	case isDigit(c):
		return 1
	case 'A' <= c && c <= 'Z':
		return 2
	}
	return 0
}
