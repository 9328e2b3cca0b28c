package rules

import "io"

// Holds reports whether a credential stands in text, in any form and of any
// confidence.
func (s *Set) Holds(text string) bool {
	s = s.orDefault()
	return len(text) >= s.shortest && len(s.Find(nil, []byte(text), 0, len(text))) > 0
}

// Redact returns text with every credential in it masked, whatever its
// confidence. It is for names and messages that come from what is scanned. Its
// length and line breaks stay as they are.
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

// Redact is that of the Default set.
func Redact(text string) string { return standard.Redact(text) }

// mask writes masks over the matches in text. Its length and line breaks stay
// as they are.
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

// RedactStream copies r to w with every credential masked, whatever its
// confidence, and returns how many there were. All other bytes stay as they
// are. What cannot become a part of a credential any more is written at once,
// so that w follows a log that grows. The rest, some of the last line and at
// most Ahead bytes, is written as soon as what follows decides, or after 200
// milliseconds without. An error is one of r or w; what was read before an
// error of r is written.
func (s *Set) RedactStream(w io.Writer, r io.Reader) (int64, error) {
	return redactStream(s.orDefault(), w, r, make([]byte, redactLen), redactWait)
}
