package rules

import "io"

// Holds reports whether text contains a credential, in any form and of any
// confidence.
func (s *Set) Holds(text string) bool {
	s = s.orDefault()
	return len(text) >= s.shortest && len(s.Find(nil, []byte(text), 0, len(text))) > 0
}

// Redact returns text with every credential masked, whatever its confidence. It
// is for names and messages from scanned input. Length and line breaks stay the
// same.
func (s *Set) Redact(text string) string {
	s = s.orDefault()
	if len(text) < s.shortest {
		return text
	}
	b := []byte(text)
	matches := s.Find(nil, b, 0, len(b))
	if len(matches) == 0 {
		return text
	}
	mask(b, matches)
	return string(b)
}

// Redact is Set.Redact of the Default set.
func Redact(text string) string { return standard.Redact(text) }

// mask overwrites the matches in text with masks. Length and line breaks stay
// the same.
func mask(text []byte, matches []Match) {
	for _, m := range matches {
		span := text[m.Start:m.End]
		if shape := m.Secret.Mask(); len(shape) == len(span) {
			copy(span, shape)
			continue
		}
		for i, c := range span { // a token in another encoding
			if c != '\n' && c != '\r' {
				span[i] = '*'
			}
		}
	}
}

// RedactStream copies r to w, masks every credential whatever its confidence,
// and returns their number. All other bytes stay the same. Text that cannot
// become part of a credential is written at once, so w keeps up with a growing
// log. The rest is part of the last lines, at most Ahead bytes. It is written
// when the next bytes decide, or after 200 milliseconds. RedactStream returns
// the error of r or w. Text that was read before an error of r is written.
func (s *Set) RedactStream(w io.Writer, r io.Reader) (int64, error) {
	return redactStream(s.orDefault(), w, r, make([]byte, redactLen), redactWait)
}
