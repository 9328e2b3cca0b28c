package rules

import (
	"bytes"
	"io"
)

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

// RedactStream is that of the Default set.
func RedactStream(w io.Writer, r io.Reader) (int64, error) { return standard.RedactStream(w, r) }

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

// redactLen is the memory that RedactStream takes for text, in bytes.
const redactLen = 256 << 10

// RedactStream copies r to w with every credential masked, whatever its
// confidence, and returns how many there were. All other bytes stay as they
// are. Each line is written as soon as it is complete, so that w follows a log
// that grows; only of lines too long to keep is a part written before. An error
// is one of r or w; what was read before an error of r is written.
func (s *Set) RedactStream(w io.Writer, r io.Reader) (int64, error) {
	return s.orDefault().redactStream(w, r, make([]byte, redactLen))
}

// redactStream is RedactStream with len(buf) bytes, more than twice Behind and
// Ahead.
func (s *Set) redactStream(w io.Writer, r io.Reader, buf []byte) (tokens int64, err error) {
	// buf[:from] was written and is context, buf[from:n] is to be.
	var from, n, idle int
	var matches []Match
	for {
		k, readErr := r.Read(buf[n:])
		n += k
		if idle++; k > 0 {
			idle = 0
		}
		if idle == 100 && readErr == nil {
			readErr = io.ErrNoProgress
		}
		to := from
		switch {
		case readErr != nil:
			to = n
		// No token holds a line break, so the next line cannot change what is
		// found in this one.
		case k > 0 && bytes.IndexByte(buf[n-k:n], '\n') >= 0:
			to = bytes.LastIndexByte(buf[:n], '\n') + 1
		case n == len(buf):
			to = n - Ahead
		}
		if to > from {
			matches = s.Find(matches[:0], buf[:n], from, to)
			mask(buf[:n], matches)
			tokens += int64(len(matches))
			if _, err := w.Write(buf[from:to]); err != nil {
				return tokens, err
			}
			keep := max(0, to-Behind)
			n = copy(buf, buf[keep:n])
			from = to - keep
		}
		if readErr == io.EOF {
			return tokens, nil
		}
		if readErr != nil {
			return tokens, readErr
		}
	}
}
