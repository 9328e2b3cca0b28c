package rules

import (
	"bytes"
	"io"
	"time"
)

const (
	redactLen  = 256 << 10              // the memory that RedactStream takes for text, in bytes
	redactWait = 200 * time.Millisecond // how long it holds back what may become a credential
)

// RedactStream is Set.RedactStream of the Default set.
func RedactStream(w io.Writer, r io.Reader) (int64, error) { return standard.RedactStream(w, r) }

// redactStream is RedactStream with a buffer, which must be longer than twice
// Behind and Ahead. It holds nothing back for longer than wait, or without
// limit if wait is 0.
func redactStream(s *Set, w io.Writer, r io.Reader, buf []byte, wait time.Duration) (int64, error) {
	in := readAhead(r, len(buf)/2)
	defer close(in.done)
	rd := &redactor{set: s, w: w, buf: buf}
	timer := time.NewTimer(wait)
	timer.Stop()
	for {
		select {
		case p := <-in.pieces:
			if err := rd.take(p.data); err != nil {
				return rd.tokens, err
			}
			if p.err != nil {
				err := rd.write(rd.n)
				if err == nil && p.err != io.EOF {
					err = p.err
				}
				return rd.tokens, err
			}
			in.free <- p.data[:cap(p.data)]
			if wait > 0 && rd.late == 0 && rd.from < rd.n {
				rd.late = rd.n
				timer.Reset(wait)
			}
		case <-timer.C:
			late := rd.late
			rd.late = 0
			if err := rd.write(max(rd.from, late)); err != nil {
				return rd.tokens, err
			}
			if rd.from < rd.n {
				rd.late = rd.n
				timer.Reset(wait)
			}
		}
	}
}

// redactor holds the text that is not written yet.
type redactor struct {
	set     *Set
	w       io.Writer
	buf     []byte
	from, n int // buf[:from] was written and is context, buf[from:n] is to be
	late    int // where that ends which waits for the timer; 0: nothing does
	matches []Match
	tokens  int64
}

// take adds what was read, and writes what is decided.
func (r *redactor) take(data []byte) error {
	for len(data) > 0 {
		k := copy(r.buf[r.n:], data)
		data = data[k:]
		r.n += k
		if err := r.write(r.decided()); err != nil {
			return err
		}
	}
	return nil
}

// decided returns the end of the text whose matches no longer depend on what
// follows.
func (r *redactor) decided() int {
	to := max(r.from, r.n-Ahead)
	line := bytes.LastIndexByte(r.buf[to:r.n], '\n') + 1
	return max(to, min(to+line, open(r.set, r.buf[:r.n], to)))
}

// write masks and writes buf[from:to].
func (r *redactor) write(to int) error {
	if to <= r.from {
		return nil
	}
	text := r.buf[:r.n]
	// The start of a credential may have been written as the end of the line
	// before. The rest of it is masked.
	r.matches = r.set.FindTokens(r.matches[:0], text, max(0, r.from-TokenAhead), r.from)
	for _, m := range r.matches {
		if m.End > r.from {
			mask(text, []Match{m})
			r.tokens++
		}
	}
	r.matches = r.set.Find(r.matches[:0], text, r.from, to)
	mask(text, r.matches)
	r.tokens += int64(len(r.matches))
	if _, err := r.w.Write(text[r.from:to]); err != nil {
		return err
	}
	keep := max(0, to-Behind)
	r.n = copy(r.buf, text[keep:])
	r.from = to - keep
	if r.late = max(0, r.late-keep); r.late <= r.from {
		r.late = 0
	}
	return nil
}

// open returns where in text[from:] a credential may begin that is not
// complete, or the end of text.
func open(s *Set, text []byte, from int) int {
	first := len(text)
	if s.token != nil {
		tokenProbes.each(text, max(0, from-maxSpan), len(text), func(at int, kind form) bool {
			if goesOnBehind(text, at, kind) {
				first = min(first, max(from, at-maxLead))
			}
			return true
		})
	}
	hold := func(at int) bool {
		first = min(first, from+bytes.LastIndexByte(text[from:at], '\n')+1)
		return true
	}
	eachHint(text, from, len(text), func(at int, w *word) bool {
		return w.is != nil && !w.is(text, at) || hold(at)
	}, func(at int, _ form) bool { return hold(at) })
	return first
}

// goesOnBehind reports whether the token of a probe may continue after the end
// of text.
func goesOnBehind(text []byte, at int, kind form) bool {
	rest := text[at:]
	if len(rest) > maxSpan {
		return false
	}
	switch kind {
	case formPlain, formEscaped, formEight:
		low := max(0, at-maxLead)
		for start := min(at+1, len(text)-1); start >= low; start-- {
			if startsUnit(text[start]) && unfinished(text, start) {
				return true
			}
		}
		return false
	case formWide:
		return all(rest, func(c byte) bool { return c == 0 || isAlnum(c) || c == '_' || isBreak(c) || mayJoin(c) })
	case formHex:
		return all(rest, func(c byte) bool { return isHex(c) || isBreak(c) || c == '\n' || c == '\r' })
	}
	return all(rest, func(c byte) bool { return isBase64Any(c) || isBreak(c) })
}

// unfinished reports whether a token may start at a place and end after the end
// of text.
func unfinished(text []byte, start int) bool {
	var token [tokenLen]byte
	n, pos := spell(&token, text, start, nothing)
	if n < 2 || n == tokenLen || len(text)-pos > maxJoint {
		return false
	}
	return all(text[pos:], mayJoin)
}

// mayJoin reports whether c may stand between two parts of a token.
func mayJoin(c byte) bool {
	return isBreak(c) || c == '=' || c == '~' || c == '[' || c == '\x1b' || c == '\b' || c >= 0x80
}

// piece is the result of one read.
type piece struct {
	data []byte
	err  error
}

// reader reads ahead.
type reader struct {
	pieces chan piece
	free   chan []byte // buffers to read into
	done   chan struct{}
}

// readAhead reads up to size bytes at a time from r, until an error or until
// done is closed. Even then a read may still be in progress.
func readAhead(r io.Reader, size int) *reader {
	in := &reader{make(chan piece), make(chan []byte, 2), make(chan struct{})}
	for range cap(in.free) {
		in.free <- make([]byte, size)
	}
	go func() {
		for idle := 0; ; {
			var buf []byte
			select {
			case buf = <-in.free:
			case <-in.done:
				return
			}
			n, err := r.Read(buf)
			if idle++; n > 0 {
				idle = 0
			}
			if idle == 100 && err == nil {
				err = io.ErrNoProgress
			}
			select {
			case in.pieces <- piece{buf[:n], err}:
			case <-in.done:
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return in
}
