// Package dockerfile splits a Dockerfile into its instructions.
package dockerfile

import (
	"bytes"
	"slices"
	"strings"

	"r8scan/internal/pattern"
)

// Instruction is one instruction of a Dockerfile. Its offsets are bytes of the text.
type Instruction struct {
	From, To int    // its lines, comments and here-documents among them, without the last line end
	Body     int    // what follows its keyword
	Keyword  string // in upper case
	Args     string // what follows the keyword, as one line without comments and here-documents, with spaces for tabs
}

var (
	escapeDirective = pattern.Of("(?i)^#[ \t]*escape[ \t]*=[ \t]*`[ \t]*$")
	keyword         = pattern.Of(`^\s*([A-Za-z]+)\s+`)
	hereDocument    = pattern.Of(`(?:^|[^<])<<-?['"]?([A-Za-z_][A-Za-z0-9_]*)['"]?`)
)

// withHereDocument are the instructions that a here-document may follow.
var withHereDocument = []string{"ADD", "COPY", "ONBUILD", "RUN"}

const byteOrderMark = "\ufeff"

// Parse returns the instructions of a text. Lines that belong to none are left out.
func Parse(text []byte) []Instruction {
	lines := linesOf(text)
	escape := escapeOf(lines)
	last := map[string]int{} // where a text stands last as a line
	for i, l := range lines {
		last[l.bare] = i
	}
	var all []Instruction
	for at := 0; at < len(lines); at++ {
		first := lines[at]
		if first.isNothing() {
			continue
		}
		var args strings.Builder
		end := at // the last line that says something
		for ; at < len(lines); at++ {
			if lines[at].isNothing() { // also between the lines of an instruction
				continue
			}
			end = at
			head, more := strings.CutSuffix(lines[at].bare, escape)
			args.WriteString(head)
			if !more {
				break
			}
			args.WriteByte(' ')
		}
		m := keyword().FindSubmatchIndex(text[first.from:first.to])
		if m == nil {
			continue
		}
		i := Instruction{From: first.from, Body: first.from + m[1], Keyword: strings.ToUpper(string(text[first.from+m[2] : first.from+m[3]]))}
		_, i.Args, _ = strings.Cut(args.String(), " ")
		if slices.Contains(withHereDocument, i.Keyword) {
			at = behindHereDocuments(lines, last, at, i.Args)
			end = max(end, min(at, len(lines)-1))
		}
		i.To = lines[end].to
		all = append(all, i)
	}
	return all
}

// behindHereDocuments returns the line at which the last here-document of an
// instruction ends. One without an end is none.
func behindHereDocuments(lines []line, last map[string]int, at int, args string) int {
	for _, word := range hereDocument().FindAllStringSubmatch(args, -1) {
		for end := at + 1; end <= last[word[1]]; end++ {
			if lines[end].bare == word[1] {
				at = end
				break
			}
		}
	}
	return at
}

// line is a line of the text, without its end, and what it says.
type line struct {
	from, to int
	bare     string // without the space around it, with spaces for tabs
}

func (l line) isNothing() bool { return l.bare == "" || l.bare[0] == '#' }

func linesOf(text []byte) []line {
	var lines []line
	at := 0
	if bytes.HasPrefix(text, []byte(byteOrderMark)) {
		at = len(byteOrderMark)
	}
	for at < len(text) {
		n := bytes.IndexByte(text[at:], '\n')
		if n < 0 {
			n = len(text) - at
		}
		l := text[at : at+n]
		l = bytes.TrimSuffix(l, []byte("\r"))
		lines = append(lines, line{at, at + len(l), strings.TrimSpace(strings.ReplaceAll(string(l), "\t", " "))})
		at += n + 1
	}
	return lines
}

// escapeOf returns the character that continues a line.
func escapeOf(lines []line) string {
	for _, l := range lines { // directives are at the top
		if !strings.HasPrefix(l.bare, "#") {
			break
		}
		if escapeDirective().MatchString(l.bare) {
			return "`"
		}
	}
	return `\`
}
