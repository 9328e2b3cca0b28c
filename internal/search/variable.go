package search

import (
	"strings"

	"r8scan/rules"
)

// variableReach is how far before a match its name is looked for, in bytes.
const variableReach = 128

// maxVariable is how long a name may be. A longer word is none, and may be a
// secret.
const maxVariable = 64

// nameBefore returns the name that a line gives to what follows it: of a variable,
// a key, an argument or an element, as in NAME="…", name: '…', name = "Token … or
// <name>…. It is "" if there is none, or if it may be a credential itself.
func nameBefore(line []byte) string {
	text := string(line)
	if i := strings.LastIndexAny(text, lineEnds+"\x00"); i >= 0 {
		text = text[i+1:]
	}
	for _, scheme := range []string{"Bearer ", "bearer ", "Token ", "token "} {
		text = strings.TrimSuffix(text, scheme)
	}
	text = strings.TrimRight(text, " \t\"'`\\(")
	before := text
	text = strings.TrimRight(text, "=:> \t")
	if len(text) == len(before) { // nothing is given a value
		return ""
	}
	text = strings.TrimRight(text, "\"'`\\]")
	from := len(text)
	for from > 0 && inName(text[from-1]) {
		from--
	}
	name := text[from:]
	if name == "" || len(name) > maxVariable || from == 0 && len(text) == variableReach || strings.Trim(name, "0123456789-_.") == "" || rules.Redact(name) != name {
		return ""
	}
	return name
}

// inName reports whether c is in names of variables and keys.
func inName(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' || c == '-'
}
