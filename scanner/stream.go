package scanner

import (
	"context"
	"io"
	"unicode/utf8"

	"github.com/r8scan/r8scan/rules"
)

const (
	windowLen = 256 << 10
)

// stream searches what r gives, in windows that overlap by as much as a match
// depends on, and calls found for each match with the place where it begins
// and ends. It returns the number of bytes read.
func (w *worker) stream(ctx context.Context, r io.Reader, found func(m rules.Match, from, to position)) (int64, error) {
	if w.buf == nil {
		w.buf = make([]byte, windowLen)
	}
	return searchWindows(ctx, r, w.buf, &w.matches, found)
}

// searchWindows is stream with a window of len(buf) bytes, more than twice the
// overlap.
func searchWindows(ctx context.Context, r io.Reader, buf []byte, matches *[]rules.Match, found func(m rules.Match, from, to position)) (int64, error) {
	var total int64
	at := start     // position of buf[0]
	n, from := 0, 0 // bytes in buf; where the search goes on
	// A match's line is seen as far as lineReach to both sides, as in a text that
	// is searched at once; windows as small as in tests see less of it.
	reach := min(lineReach, len(buf)/8)
	for {
		if err := ctx.Err(); err != nil {
			return total, err
		}
		k, err := fill(r, buf[n:])
		n += k
		total += int64(k)
		to, last := n-rules.Ahead-reach, err != nil
		if last {
			to = n
		}
		*matches = rules.Find((*matches)[:0], buf[:n], from, to)
		markAllowed(buf[:n], *matches)
		where, done := at, 0
		for _, m := range *matches {
			where = where.after(buf[done:m.Start])
			found(m, where, where.after(buf[m.Start:m.End]))
			done = m.Start
		}
		if last {
			if err == io.EOF {
				err = nil
			}
			return total, err
		}
		drop := to - rules.Behind - reach
		for back := 0; back < utf8.UTFMax-1 && !utf8.RuneStart(buf[drop]); back++ {
			drop-- // a character that is cut in two would count twice
		}
		if done <= drop {
			at = where.after(buf[done:drop])
		} else { // a match starts in what the next window sees again
			at = at.after(buf[:drop])
		}
		from = to - drop
		n = copy(buf, buf[drop:n])
	}
}

// fill reads until b is full or r ends. Unlike io.ReadFull it passes on every
// error as it is, so that a truncated stream is told from a short one.
func fill(r io.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var k int
		k, err = r.Read(b[n:])
		n += k
	}
	return n, err
}
