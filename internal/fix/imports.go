package fix

import (
	"bytes"
	"strings"

	"r8scan/internal/pattern"
)

// imported returns the edit that adds what the look-ups of a row need, false if the
// file has it. first is where the first look-up stands: an import comes before it.
func imported(row string, l *lexed, need string, first int) (edit, bool) {
	switch row {
	case "python":
		return importPython(l, need, first)
	case "go":
		return importOS(l.text)
	case "csharp":
		return importCSharp(l, need)
	case "sveltekit":
		return importScript(l, need)
	}
	return edit{}, false
}

var (
	importsOS    = pattern.Of(`^import\s+([\w., ]*,\s*)?os\s*(,.*)?$`)
	pythonImport = pattern.Of(`^(import|from)\s+([\w.]+)`)
	pythonCoding = pattern.Of(`^#(!|.*coding[:=])`)
)

// importPython puts import os in the first group of imports, in the order of the
// alphabet if they are in it, or else below the docstring.
func importPython(l *lexed, need string, first int) (edit, bool) {
	nl := lineEnd(l.text)
	var imports []pyImport
	depth := 0
	for at, line := range codeLines(l.code) {
		bare, open := strings.TrimSpace(line), depth > 0
		for i := range len(line) {
			switch {
			case isIn(line[i], "([{"):
				depth++
			case isIn(line[i], ")]}"):
				depth--
			}
		}
		if m := pythonImport().FindStringSubmatch(line); m != nil && !open {
			if importsOS().MatchString(bare) && at < first {
				return edit{}, false
			}
			imports = append(imports, pyImport{at, m[1], m[2]})
		}
	}
	for len(imports) > 0 && imports[0].module == "__future__" {
		imports = imports[1:]
	}
	if len(imports) > 0 && imports[0].at < first {
		at := place(l, imports, first)
		return edit{at, at, need + nl}, true
	}
	at, code := pythonStart(l)
	text := need + nl
	if at > 0 && !isIn(l.text[at-1], "\r\n") {
		return edit{at, at, nl + nl + text}, true // a docstring without a line end
	}
	if code && !isBlankLine(l.text, at) {
		text = nl + text
	}
	if !isBlankLine(l.text, at) || code {
		text += nl
	}
	if code && isBlankLine(l.text, at) { // behind the blank line that is there
		at = behindLineEnd(l.text, at+lineLen(l.text[at:]))
	}
	return edit{at, at, text}, true
}

// isBlankLine reports whether a line at at has nothing but its end.
func isBlankLine(text []byte, at int) bool {
	n := lineLen(text[at:])
	return at+n < len(text) && len(bytes.TrimSpace(text[at:at+n])) == 0
}

// pyImport is an import at the top of a file: how its line begins.
type pyImport struct {
	at           int
	verb, module string
}

// place returns where import os goes among imports: in front of the first plain one
// of its group that is behind it in the alphabet, or behind the last one.
func place(l *lexed, imports []pyImport, first int) int {
	at := imports[0].at
	for i, m := range imports {
		if i > 0 && blankBetween(l.text[imports[i-1].at:m.at]) || m.at > first || m.verb == "from" {
			break
		}
		if m.module > "os" {
			return m.at
		}
		end := m.at + lineLen(l.text[m.at:])
		at = behindLineEnd(l.text, end)
		if end == len(l.text) || l.text[end-1] == '\\' {
			return m.at
		}
	}
	return at
}

func blankBetween(text []byte) bool {
	return bytes.Contains(text, []byte("\n\n")) || bytes.Contains(text, []byte("\n\r\n"))
}

// pythonStart returns where an import goes in a file without any: behind the lines
// that must come first, a paragraph of comments, the docstring and imports from
// __future__. code reports whether it is behind code, such as a docstring.
func pythonStart(l *lexed) (at int, code bool) {
	paragraph := false // of comments, which belongs to what follows unless a blank line does
	for start, line := range codeLines(l.code) {
		next := behindLineEnd(l.text, start+len(line))
		raw := strings.TrimSpace(string(l.text[start : start+lineLen(l.text[start:])]))
		switch {
		case strings.HasPrefix(raw, "#"):
			if paragraph = !pythonCoding().MatchString(raw); !paragraph {
				at = next
			}
		case raw == "":
			if paragraph {
				at, paragraph = next, false
			}
		case !code && strings.Trim(line, "\x01 \t;") == "", strings.HasPrefix(line, "from __future__"):
			at, code, paragraph = next, true, false
		default:
			return min(at, len(l.text)), code
		}
	}
	return min(at, len(l.text)), code
}

var (
	csharpUsing  = pattern.Of(`^\s*(global\s+)?using\s+(static\s+)?[\w.]+(\s*=[^;]+)?;`)
	csharpSystem = pattern.Of(`^\s*(global\s+)?using\s+System;`)
	csharpHead   = pattern.Of(`^\s*(#|extern\s+alias\s)`)
)

// importCSharp puts using System; in front of the other directives, and behind
// global ones, which come first.
func importCSharp(l *lexed, need string) (edit, bool) {
	nl := lineEnd(l.text)
	at, text := 0, need+nl+nl
	for start, line := range codeLines(l.code) {
		m := csharpUsing().FindStringSubmatch(line)
		switch {
		case csharpSystem().MatchString(line):
			return edit{}, false
		case m != nil && m[1] == "":
			return edit{max(start, at), max(start, at), need + nl}, true
		case m != nil, csharpHead().MatchString(line):
			at = behindLineEnd(l.text, start+lineLen(l.text[start:]))
		case strings.TrimSpace(line) != "":
			return edit{at, at, text}, true
		}
	}
	return edit{at, at, text}, true
}

var scriptImport = pattern.Of(`^import\b.*['";\x01]\s*;?\s*$`)

// importScript puts an import behind the last one of the file's start.
func importScript(l *lexed, need string) (edit, bool) {
	if bytes.Contains(l.text, []byte("$env/dynamic/private")) {
		return edit{}, false
	}
	at := 0
	for i, line := range codeLines(l.code) {
		if scriptImport().MatchString(line) {
			at = behindLineEnd(l.text, i+len(line))
		}
	}
	return edit{at, at, need + lineEnd(l.text)}, true
}

// codeLines yields the lines of a text without their ends, and where they start.
func codeLines(code []byte) func(func(int, string) bool) {
	return func(yield func(int, string) bool) {
		for at := 0; at < len(code); {
			n := lineLen(code[at:])
			if !yield(at, string(code[at:at+n])) {
				return
			}
			at = behindLineEnd(code, at+n)
		}
	}
}

// lineEnd returns the line end of a text.
func lineEnd(text []byte) string {
	switch i := bytes.IndexAny(text, "\r\n"); {
	case i < 0 || text[i] == '\n':
		return "\n"
	case i+1 < len(text) && text[i+1] == '\n':
		return "\r\n"
	}
	return "\r"
}
