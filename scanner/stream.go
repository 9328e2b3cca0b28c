package scanner

import (
	"context"
	"io"
	"unicode/utf8"

	"r8scan/internal/archive"
	"r8scan/rules"
)

const windowLen = 256 << 10

// window searches a text that comes in pieces, with as much overlap as a match
// depends on. Its buffer is larger than twice that.
type window struct {
	buf     []byte
	n       int     // bytes in buf
	from    int     // where the search goes on
	at      locator // of buf[0]; not yet of anything if begun is false
	begun   bool
	total   int64  // bytes of the text so far
	member  string // for the hits
	rules   *rules.Set
	matches []rules.Match
	hits    []hit // in order
	quota   *quota
	dropped bool // there was no room for a hit
	program bool // a zip may be anywhere in it
	zip     bool // there is one
}

// hit is a match and where it stands.
type hit struct {
	match    rules.Match
	from, to position
	member   string // in a container: path of the member, "" for the outermost one's own bytes
}

// window returns a window for a new text; release takes it back.
func (w *worker) window() *window {
	k := len(w.windows) - 1
	if k < 0 {
		return &window{buf: make([]byte, windowLen), quota: &w.content.quota, rules: w.content.run.opts.Rules}
	}
	s := w.windows[k]
	w.windows = w.windows[:k]
	*s = window{buf: s.buf, matches: s.matches, hits: s.hits[:0], quota: &w.content.quota, rules: w.content.run.opts.Rules}
	return s
}

func (w *worker) release(s *window) { w.windows = append(w.windows, s) }

// fill reads until the buffer is full or r ends. Unlike io.ReadFull it passes
// on every error as it is, so that a truncated stream is told from a short one.
func (s *window) fill(r io.Reader) (err error) {
	for s.n < len(s.buf) && err == nil {
		var k int
		k, err = r.Read(s.buf[s.n:])
		s.n += k
		s.total += int64(k)
	}
	return err
}

// Write takes the next piece of the text.
func (s *window) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		if s.n == len(s.buf) {
			s.search(false)
		}
		k := copy(s.buf[s.n:], rest)
		s.n += k
		s.total += int64(k)
		rest = rest[k:]
	}
	return len(p), nil
}

// rest searches the buffer and what r still gives; err is what came of filling
// the buffer. It returns the error that ended r.
func (s *window) rest(ctx context.Context, r io.Reader, err error) error {
	for s.search(err != nil); err == nil; s.search(err != nil) {
		if err := ctx.Err(); err != nil {
			return err
		}
		err = s.fill(r)
	}
	if err == io.EOF {
		return nil
	}
	return err
}

// search searches what is in the buffer: all of it if the text ends there,
// else as far as what follows cannot matter, and keeps what the next search
// needs.
func (s *window) search(last bool) {
	if s.program && !s.zip {
		s.zip = archive.HoldsZip(s.buf[:s.n])
	}
	// A match's line is seen as far as lineReach to both sides, as in a text that
	// is searched at once; windows as small as in tests see less of it.
	reach := min(lineReach, len(s.buf)/8)
	to := s.n - rules.Ahead - reach
	if last {
		to = s.n
	}
	s.matches = s.rules.Find(s.matches[:0], s.buf[:s.n], s.from, to)
	markAllowed(s.buf[:s.n], s.matches)
	if !s.begun {
		s.at, s.begun = locate(s.buf[:s.n]), true
	}
	where, done := s.at, 0
	for _, m := range s.matches {
		where = where.after(s.buf[done:m.Start])
		done = m.Start
		if !s.quota.takes(m) {
			s.dropped = true
			continue
		}
		s.hits = append(s.hits, where.hit(m, s.buf[m.Start:m.End], s.member))
	}
	if last {
		return
	}
	drop := to - rules.Behind - reach
	for back := 0; back < utf8.UTFMax-1 && !utf8.RuneStart(s.buf[drop]); back++ {
		drop-- // a character that is cut in two would count twice
	}
	if done <= drop {
		s.at = where.after(s.buf[done:drop])
	} else { // a match starts in what the next window sees again
		s.at = s.at.after(s.buf[:drop])
	}
	s.from = to - drop
	s.n = copy(s.buf, s.buf[drop:s.n])
}
