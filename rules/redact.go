package rules

import (
	"bytes"
	"io"
)

// shortest is less than any rule's match with the word that it needs.
const shortest = 16

// Holds reports whether a token stands in s, in any form and of any confidence.
func Holds(s string) bool {
	return len(s) >= shortest && len(Find(nil, []byte(s), 0, len(s))) > 0
}

// Redact returns s with every credential in it masked, whatever its
// confidence. It is for names and messages that come from what is scanned.
func Redact(s string) string {
	if len(s) < shortest {
		return s
	}
	text := []byte(s)
	matches := Find(nil, text, 0, len(text))
	if len(matches) == 0 {
		return s
	}
	mask(text, matches)
	return string(text)
}

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

// RedactStream copies r to w with every token masked, whatever its confidence,
// and returns how many there were. All other bytes stay as they are. Each line
// is written as soon as it is complete, so that w follows a log that grows;
// only of lines too long to keep is a part written before.
func RedactStream(w io.Writer, r io.Reader) (int64, error) {
	return redactStream(w, r, make([]byte, redactLen))
}

// redactStream is RedactStream with len(buf) bytes, more than twice Behind and
// Ahead.
func redactStream(w io.Writer, r io.Reader, buf []byte) (tokens int64, err error) {
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
			matches = Find(matches[:0], buf[:n], from, to)
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
