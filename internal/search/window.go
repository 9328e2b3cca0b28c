package search

import (
	"context"
	"io"
	"unicode/utf8"

	"r8scan/internal/archive"
	"r8scan/rules"
)

// WindowLen is how many bytes of a text are searched at a time.
const WindowLen = 256 << 10

// window searches a text that comes in pieces. The pieces overlap by as much as
// a match depends on. The buffer is longer than twice that.
type window struct {
	buf     []byte
	n       int     // bytes in buf
	from    int     // where the search goes on
	at      locator // of buf[0]; not yet of anything if begun is false
	begun   bool
	total   int64  // bytes of the text so far
	member  string // for the hits
	seen    func(*rules.Match)
	rules   *rules.Set
	matches []rules.Match
	hits    []Hit // in order
	quota   *Quota
	dropped bool // there was no room for a hit
	binary  bool // the text's head is
	program bool // a zip may be anywhere in it
	zip     bool // there is one
}

// fill reads until the buffer is full or r ends. Unlike io.ReadFull it returns
// every error as it is, so that a truncated stream differs from a short one.
func (w *window) fill(r io.Reader) (err error) {
	for w.n < len(w.buf) && err == nil {
		var k int
		k, err = r.Read(w.buf[w.n:])
		w.n += k
		w.total += int64(k)
	}
	return err
}

// Write takes the next piece of the text.
func (w *window) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		if w.n == len(w.buf) {
			w.search(false)
		}
		k := copy(w.buf[w.n:], rest)
		w.n += k
		w.total += int64(k)
		rest = rest[k:]
	}
	return len(p), nil
}

// rest searches the buffer and the rest of r. err is the error of filling the
// buffer. It returns the error that ended r.
func (w *window) rest(ctx context.Context, r io.Reader, err error) error {
	for w.search(err != nil); err == nil; w.search(err != nil) {
		if err := ctx.Err(); err != nil {
			return err
		}
		err = w.fill(r)
	}
	if err == io.EOF {
		return nil
	}
	return err
}

// search searches the buffer: all of it at the end of the text, else up to
// where later bytes cannot matter. It keeps what the next search needs.
func (w *window) search(last bool) {
	if w.program && !w.zip {
		w.zip = archive.HoldsZip(w.buf[:w.n])
	}
	// lineReach bytes around a match are seen, as in a text that is searched at
	// once. Very small windows, as in tests, see less.
	reach := min(lineReach, len(w.buf)/8)
	to := w.n - rules.Ahead - reach
	if last {
		to = w.n
	}
	w.matches = w.rules.Find(w.matches[:0], w.buf[:w.n], w.from, to)
	MarkLines(w.buf[:w.n], w.matches)
	if !w.begun {
		w.at, w.begun, w.binary = locate(w.buf[:w.n]), true, IsBinary(w.buf[:w.n])
	}
	if w.binary {
		rules.AmidBinary(w.matches)
	}
	where, done := w.at, 0
	for _, m := range w.matches {
		where = where.after(w.buf[done:m.Start])
		done = m.Start
		if !w.quota.Takes(m) {
			w.dropped = true
			continue
		}
		w.hits = append(w.hits, where.hit(m, w.buf[m.Start:m.End], w.member))
		if w.seen != nil {
			w.seen(&m)
		}
	}
	if last {
		return
	}
	drop := to - rules.Behind - reach
	for back := 0; back < utf8.UTFMax-1 && !utf8.RuneStart(w.buf[drop]); back++ {
		drop-- // a character that is cut in two would count twice
	}
	if done <= drop {
		w.at = where.after(w.buf[done:drop])
	} else { // a match starts in what the next window sees again
		w.at = w.at.after(w.buf[:drop])
	}
	w.from = to - drop
	w.n = copy(w.buf, w.buf[drop:w.n])
}
