package archive

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"r8scan/internal/inflate"
)

// walk is the state that all containers of one walk share: the limits, and how
// much of each is used.
type walk struct {
	ctx    context.Context
	limits Limits
	v      Visitor

	packed   int64   // size of the outermost container
	top      *source // counts the bytes read of the outermost container, if its size is not known
	expanded int64
	entries  int
	held     int64
	fails    int   // calls of fail
	trials   int   // places that looked like a compressed stream
	stop     error // the limit that ended the walk
	told     bool  // stop was passed to v

	bufs     []*bufio.Reader // for reuse
	pieces   [][]byte        // likewise
	inflater inflate.Inflater
}

// limitError says which limit was passed.
type limitError string

func (e limitError) Error() string { return string(e) }

// over returns why the walk is over, or nil.
func (w *walk) over() error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	return w.stop
}

// enter counts a member, and returns an error if the walk is over.
func (w *walk) enter(parent string) error {
	if err := w.over(); err != nil {
		return err
	}
	if w.entries++; w.entries > w.limits.Entries {
		w.stop = limitError(fmt.Sprintf("it has more than %d members; the rest was not read", w.limits.Entries))
		w.fail(parent, w.stop)
		return w.stop
	}
	return nil
}

// take accounts for n bytes of memory, until give is called with n.
func (w *walk) take(n int64) error {
	if n < 0 || n > w.limits.Memory-w.held {
		return limitError(fmt.Sprintf("reading it needs more than the %d bytes of memory that are allowed", w.limits.Memory))
	}
	w.held += n
	w.limits.Account.Take(n)
	return nil
}

func (w *walk) give(n int64) {
	w.held -= n
	w.limits.Account.Give(n)
}

// grow counts n more decompressed bytes, and returns why the walk is over, or
// nil.
func (w *walk) grow(n int64) error {
	w.expanded += n
	packed := w.packed
	if w.top != nil {
		packed = w.top.n
	}
	switch l := w.limits; {
	case w.expanded > l.Expanded:
		w.stop = limitError(fmt.Sprintf("it expands to more than %d bytes; the rest was not read", l.Expanded))
	case w.expanded > l.RatioFloor && w.expanded/l.Ratio > packed:
		w.stop = limitError(fmt.Sprintf("it expands to more than %d times its size; the rest was not read", l.Ratio))
	}
	return w.over()
}

// fail reports the member at path, or a part of it, as unread.
func (w *walk) fail(path string, err error) {
	w.fails++
	switch {
	case w.ctx.Err() != nil:
	case w.stop == nil:
		w.v.Unread(path, reason(err))
	case !w.told:
		w.told = true
		w.v.Unread(path, w.stop.Error())
	}
}

func reason(err error) string {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return "it is cut short or damaged: unexpected end"
	}
	return strings.ToValidUTF8(err.Error(), "?")
}

// buffered returns a buffered reader of r.
func (w *walk) buffered(r io.Reader) *bufio.Reader {
	n := len(w.bufs) - 1
	if n < 0 {
		return bufio.NewReaderSize(r, bufLen)
	}
	b := w.bufs[n]
	w.bufs = w.bufs[:n]
	b.Reset(r)
	return b
}

// spare keeps a buffered reader for reuse.
func (w *walk) spare(b *bufio.Reader) { w.bufs = append(w.bufs, b) }

// piece returns n bytes of memory with any content.
func (w *walk) piece(n int) []byte {
	if last := len(w.pieces) - 1; last >= 0 {
		b := w.pieces[last]
		w.pieces = w.pieces[:last]
		if cap(b) >= n {
			return b[:n]
		}
	}
	return make([]byte, n)
}

// keep keeps a piece of memory for reuse.
func (w *walk) keep(b []byte) { w.pieces = append(w.pieces, b) }

// ctxReader reads r until the walk is over.
type ctxReader struct {
	w *walk
	r io.Reader
}

func (c ctxReader) Read(p []byte) (int, error) {
	if err := c.w.over(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// expander counts what a decoder returns, and stops it at a limit.
type expander struct {
	w      *walk
	r      io.Reader
	packed *source
	n      int64
	err    error
}

func (e *expander) Read(p []byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	w := e.w
	if e.err = w.over(); e.err != nil {
		return 0, e.err
	}
	n, err := e.r.Read(p)
	e.n += int64(n)
	e.err = err
	if stop := w.grow(int64(n)); stop != nil {
		e.err = stop
	} else if e.n > w.limits.RatioFloor && e.n/w.limits.Ratio > e.packed.n {
		e.err = limitError(fmt.Sprintf("it expands to more than %d times its packed size; the rest of it was not read", w.limits.Ratio))
	}
	return n, e.err
}
