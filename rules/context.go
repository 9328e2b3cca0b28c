package rules

import "bytes"

// maxName bounds how far a name goes on each side of its anchor.
const maxName = 64

// nameAround returns the bounds of the name around b[from:to].
func nameAround(b []byte, from, to int) (int, int) {
	low, high := max(0, from-maxName), min(len(b), to+maxName)
	for from > low && isNameByte(b[from-1]) {
		from--
	}
	for to < high && isNameByte(b[to]) {
		to++
	}
	return from, to
}

func isNameByte(c byte) bool { return isAlnum(c) || c == '_' || c == '-' || c == '.' }

// plainName returns the letters and digits of a name, in lower case.
func plainName(name []byte) string {
	out := make([]byte, 0, len(name))
	for _, c := range name {
		if isAlnum(c) {
			out = append(out, lower(c))
		}
	}
	return string(out)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// hasReplicate reports whether one of Replicate's names starts in b[from:to].
func hasReplicate(b []byte, from, to int) bool {
	return eachReplicate(b, from, to, func(int) bool { return true })
}

// eachReplicate calls is with the end of each of Replicate's names that start
// in b[from:to], until is returns true, and reports whether it did. Bytes
// around to must be in b, so that the same names count as in the whole text.
func eachReplicate(b []byte, from, to int, is func(end int) bool) bool {
	found := false
	eachWord(b, max(0, from), to, func(at int, w *word) bool {
		found = w == wordReplicate && isReplicate(b, at) && is(at+len(replicate))
		return !found
	})
	return found
}

// assigned describes the value that follows a name.
type assigned struct {
	at     int  // where the value starts; -1 if none does
	sign   bool // a =, : or , is between name and value, or the word "value" is
	quoted bool // the value is in quotes
}

// maxGap bounds what may stand between a name and its value.
const maxGap = 96

// valueOf finds the value that b assigns to the name that ends at i. It skips
// quotes, brackets and the assignments of common languages, and the key "value"
// in the pairs of Kubernetes and GitLab.
func valueOf(b []byte, i int) assigned {
	v := assigned{at: -1}
	value, broken := false, false // the word was there; the line has ended
	for end := min(len(b), i+maxGap); i < end; i++ {
		switch c := b[i]; {
		case c == '"' || c == '\'' || c == '`':
			v.quoted = true
		case c == '=' || c == ':' || c == ',':
			v.sign, v.quoted = true, false
		case bytes.IndexByte([]byte(" \t\\])>?-|("), c) >= 0:
		case c == '\n' || c == '\r':
			v.quoted, broken = false, true
		case !value && !v.quoted && atValue(b, i), !value && v.quoted && v.sign && atValue(b, i):
			value, i = true, i+len("value")-1
			v.sign, v.quoted = false, false
		case bytes.HasPrefix(b[i:], []byte("or ")) && isSpace(b[i-1]): // Python's x or "…"
			v.sign, v.quoted, i = true, false, i+len("or")-1
		case v.sign && bytes.HasPrefix(b[i:], []byte("default=")): // of os.environ.get
			i += len("default") - 1
		case isType(b, i):
			i += bytes.IndexAny(b[i:], " =") - 1
		default:
			if v.sign || !broken { // a name alone on its line has no value
				v.at = i
			}
			return v
		}
	}
	return v
}

// atValue reports whether the key "value" starts at i.
func atValue(b []byte, i int) bool {
	const word = "value"
	if !bytes.HasPrefix(b[i:], []byte(word)) && !bytes.HasPrefix(b[i:], []byte("Value")) {
		return false
	}
	for _, c := range b[i+len(word) : min(len(b), i+len(word)+4)] {
		if c == ':' || c == '=' {
			return true
		}
		if c != '"' && c != '\\' && c != ' ' && c != '\'' {
			return false
		}
	}
	return false
}

// isType reports whether a Python or TypeScript string type is at i, in front
// of the value.
func isType(b []byte, i int) bool {
	for _, t := range []string{"str =", "str=", "string =", "string="} {
		if bytes.HasPrefix(b[i:], []byte(t)) {
			return true
		}
	}
	return false
}

// runOf returns the end of the run of bytes from i on for which is returns
// true. The run has at most limit bytes.
func runOf(b []byte, i, limit int, is func(byte) bool) int {
	end := min(len(b), i+limit)
	for i < end && is(b[i]) {
		i++
	}
	return i
}

// hexLen is the length of a legacy token.
const hexLen = 40

// isHex40 reports whether exactly 40 hex digits in one case start at i.
func isHex40(b []byte, i int) bool {
	if i < 0 || runOf(b, i, hexLen+1, isHex) != i+hexLen {
		return false
	}
	if i+hexLen < len(b) && (isAlnum(b[i+hexLen]) || isJoiner(b[i+hexLen])) {
		return false
	}
	value := b[i : i+hexLen]
	return bytes.Equal(value, bytes.ToLower(value)) || bytes.Equal(value, bytes.ToUpper(value))
}

// typedWords stand in values that people put where a credential belongs.
var typedWords = []string{"example", "replace", "placeholder", "changeme", "change_me", "change-me", "your", "insert", "dummy",
	"sample", "_here", "-here", "redacted", "todo", "fixme", "notreal", "not-a-real", "not_a_real", "...", "***", "xxxx",
	"deadbeef", "c0ffee", "abcdef", "abc123", "12345", "foobar", "qwerty"}

// typed reports whether a person typed the value. It is a guess: one in some
// thousand real values is called typed too, and gets low confidence.
func typed(value string) bool {
	folded := bytes.ToLower([]byte(value))
	for _, w := range typedWords {
		if bytes.Contains(folded, []byte(w)) {
			return true
		}
	}
	return distinct(value) < min(8, len(value)/2)
}

func distinct(value string) int {
	var seen [256]bool
	n := 0
	for i := range len(value) {
		if !seen[value[i]] {
			seen[value[i]] = true
			n++
		}
	}
	return n
}

// looksRandom reports whether a machine may have made the value.
func looksRandom(value string) bool {
	letters, digits := classes(value)
	return len(value) >= 16 && letters && digits && distinct(value) >= 10
}

func classes(value string) (letters, digits bool) {
	for i := range len(value) {
		c := value[i]
		letters = letters || 'a' <= lower(c) && lower(c) <= 'z'
		digits = digits || '0' <= c && c <= '9'
	}
	return letters, digits
}
