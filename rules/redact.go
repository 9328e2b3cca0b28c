package rules

import "strings"

// Redact returns s with every token in it masked, whatever its confidence. It
// is for names and messages that come from what is scanned.
func Redact(s string) string {
	if !strings.Contains(s, prefix) {
		return s
	}
	text := []byte(s)
	for _, m := range Find(nil, text, 0, len(text)) {
		copy(text[m.Start:m.End], m.Secret.Mask())
	}
	return string(text)
}
