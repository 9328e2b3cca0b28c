package rules

import "strings"

// Redact returns s with every credential in it masked, whatever its
// confidence. It is for names and messages that come from what is scanned.
func Redact(s string) string {
	text := []byte(s)
	if !strings.Contains(s, prefix) && !Hint(text, 0, len(text)) {
		return s
	}
	for _, m := range Find(nil, text, 0, len(text)) {
		at := m.Start + copy(text[m.Start:m.End], m.Secret.Mask())
		for ; at < m.End; at++ { // an encoded one is longer than its mask
			text[at] = '*'
		}
	}
	return string(text)
}
