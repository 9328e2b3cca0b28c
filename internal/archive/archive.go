// Package archive reads what is in containers: archives and compressed files,
// nested in each other. Nothing is written to disk, nothing of a container is
// trusted, and memory and time are bounded whatever it says.
package archive

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"unicode"
	"unicode/utf8"

	"r8scan/internal/budget"
	"r8scan/internal/inflate"
	"r8scan/rules"
)

// Limits bound a walk. Tests set them absurdly small.
type Limits struct {
	Depth      int   // containers in containers
	Entries    int   // members of all containers in the outermost one
	Expanded   int64 // bytes that decompression gives, all layers together
	Ratio      int64 // bytes that one packed byte may give …
	RatioFloor int64 // … beyond this many
	Window     int64 // bytes of a decoder's dictionary
	Memory     int64 // bytes held at a time: dictionaries, and containers that are read from their end

	// Account is where the memory is taken from; nil if there is one walk only.
	Account *budget.Account
}

// LimitsOf returns the limits that a budget gives. Those of the usual one hold
// what people make: zstd -22 and xz -9 need windows of 128 and 64 MB. Deflate
// gives 1032 bytes for one at most, and text that means anything far fewer.
func LimitsOf(b *budget.Budget) Limits {
	memory := b.Work / 5 * 3
	return Limits{Depth: 5, Entries: 1_000_000, Expanded: 16 << 30, Ratio: 1000, RatioFloor: 64 << 20,
		Window: min(128<<20, memory/3), Memory: memory}
}

// Visitor takes what a walk finds, from the goroutine that walks.
type Visitor interface {
	// Member announces a member by its path, which is safe to show, and by its
	// name as the container has it. The member's bytes are written to the sink;
	// if it is a container, its own members are announced before it is closed.
	Member(path, name string) io.WriteCloser
	// Unread says that the member at path, "" for the outermost container, or
	// a part of it, was not read as what it is.
	Unread(path, reason string)
}

// Input is a container as the caller has it.
type Input struct {
	Name   string      // the last element of its path, "" if it has none
	Reader io.Reader   // used if At is nil; what the walk leaves of it is the caller's to read
	At     io.ReaderAt // best: zip and 7z are read from their end
	Size   int64       // of At
	NoZip  bool        // HoldsZip was false for all of it, in parts that overlap
}

// Walk hands the members of a container, and of those in it, to v. Whatever is
// wrong with the container goes to v.Unread; the error is the context's.
// Walk does not hand over the container's own bytes: to miss nothing (what
// stands between members, in comments, headers and damaged parts) the caller
// searches them as it searches any file.
func Walk(ctx context.Context, in Input, f Format, limits Limits, v Visitor) error {
	w := &walker{ctx: ctx, limits: limits, v: v, packed: in.Size}
	defer limits.Account.Back(limits.Account.Held())
	c := &content{src: &source{r: in.Reader}, at: in.At, size: in.Size, name: in.Name, noZip: in.NoZip}
	if in.At != nil {
		c.src.r = io.NewSectionReader(in.At, 0, in.Size)
	} else {
		w.top = c.src
	}
	c.buf = bufio.NewReaderSize(c.src, bufLen)
	w.container(c, f, "", 1)
	return ctx.Err()
}

const bufLen = 32 << 10

// walker is the state of one walk.
type walker struct {
	ctx    context.Context
	limits Limits
	v      Visitor

	packed   int64   // size of the outermost container
	top      *source // if that is not known: counts what was read of it
	expanded int64
	entries  int
	held     int64
	fails    int   // what fail was told of
	trials   int   // places that looked like a compressed stream
	stop     error // the limit that ended the walk
	told     bool  // and that it was passed to v

	bufs     []*bufio.Reader // to use again
	pieces   [][]byte        // likewise
	inflater inflate.Inflater
}

// content is a container, or what may be one, as a walk reads it.
type content struct {
	src  *source
	buf  *bufio.Reader // of src
	at   io.ReaderAt   // nil if it can only be read once
	size int64         // of at
	held int64         // bytes of memory that the walk accounts for c
	name string        // last element of its path

	whole io.ReaderAt // of which at is what begins at off, nil if that is all
	off   int64

	done  bool // nothing of it is left to be read
	noZip bool // no header of a zip's member is in it
	inZip bool // it is a part of a zip, whose members are known
}

// source remembers how much was read of a reader, and the error that ended it:
// decoders wrap errors of what they read, or swallow them.
type source struct {
	r   io.Reader
	n   int64
	err error // other than io.EOF
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.n += int64(n)
	if err != nil && err != io.EOF && s.err == nil {
		s.err = err
	}
	return n, err
}

// limitError says which limit was passed.
type limitError string

func (e limitError) Error() string { return string(e) }

// container reads a container and names what is wrong with it. Decoders of
// others read hostile bytes here: this is the one place where their panics
// end, as things that were not read.
func (w *walker) container(c *content, f Format, path string, depth int) {
	defer func() {
		if p := recover(); p != nil {
			w.v.Unread(path, panicked(f, p))
		}
	}()
	defer func(whole *content) { w.give(whole.held) }(c)
	if weak(f) && !w.proven(c, f) {
		if !w.text(c) {
			w.v.Unread(path, fmt.Sprintf("its name or its first bytes are those of a %s file, and it cannot be read as one; it was searched as it is", f))
		}
		f = Executable // that is, what may have an archive behind it
	}
	if f == Executable {
		if c, f = w.behind(c); f == None {
			return
		}
	}
	if depth > w.limits.Depth {
		w.v.Unread(path, fmt.Sprintf("it is a %s nested deeper than %d containers; it was searched as it is", f, w.limits.Depth))
		return
	}
	w.rest(c, !w.one(c, f, path, depth), path, depth)
}

// one reads one container, which begins where c is read, leaves c where that
// ends, and names what is wrong with it or in it. It reports whether nothing is.
func (w *walker) one(c *content, f Format, path string, depth int) bool {
	src, fails := c.src, w.fails
	err := w.read(c, f, path, depth)
	if err != nil && src.err == nil { // else the one who reads c names it
		w.fail(path, err)
	}
	return err == nil && w.fails == fails
}

func (w *walker) read(c *content, f Format, path string, depth int) error {
	switch f {
	case Zip:
		c.done = true
		return w.zip(c, path, depth)
	case Tar:
		return w.tar(c.buf, path, depth)
	case Ar:
		return w.ar(c.buf, path, depth)
	case SevenZip:
		return w.sevenZip(c, path, depth)
	case RAR:
		return w.rar(c, path, depth)
	case Reftable:
		c.done = true
		return w.reftable(c, path)
	case Skippable:
		return w.skippable(c)
	}
	return w.compressed(c, f, path, depth)
}

// panicked words a panic without what it may quote of the input.
func panicked(f Format, p any) string {
	if err, ok := p.(runtime.Error); ok {
		return fmt.Sprintf("its %s decoder gave up (%v); what it had read until then was searched", f, err)
	}
	return fmt.Sprintf("its %s decoder gave up; what it had read until then was searched", f)
}

// fail names the member at path, or a part of it, as unread.
func (w *walker) fail(path string, err error) {
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

// member reads one member to its end: it goes to the visitor and, if it is a
// container, is walked itself. It returns an error only when the walk is over.
func (w *walker) member(parent, name string, depth int, r io.Reader) error {
	if err := w.enter(parent); err != nil {
		return err
	}
	path := join(parent, name)
	sink := w.v.Member(path, name)
	defer sink.Close()
	if r == nil {
		return nil
	}
	c := &content{src: &source{r: io.TeeReader(ctxReader{w, r}, sink)}, name: base(name)}
	c.buf = w.buffered(c.src)
	src, buf := c.src, c.buf // c may come to be a copy of what is in it
	w.inside(c, path, depth)
	w.fill(buf)
	w.bufs = append(w.bufs, buf)
	if src.err != nil {
		w.fail(path, src.err)
	}
	return w.over()
}

// inside walks c if it is a container itself.
func (w *walker) inside(c *content, path string, depth int) {
	head, _ := c.buf.Peek(HeadLen)
	if f := Detect(head, c.name); f != None {
		w.container(c, f, path, depth+1)
	}
}

// fill reads what is left of a member, so that all of it goes to its sink.
func (w *walker) fill(buf *bufio.Reader) {
	_, _ = io.Copy(io.Discard, buf) // its source keeps the error
}

// unreadable announces a member of which only the name can be read.
func (w *walker) unreadable(parent, name, why string) error {
	if err := w.enter(parent); err != nil {
		return err
	}
	path := join(parent, name)
	_ = w.v.Member(path, name).Close()
	w.v.Unread(path, why)
	return nil
}

// enter counts a member.
func (w *walker) enter(parent string) error {
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

// over returns why the walk is over, nil if it is not.
func (w *walker) over() error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	return w.stop
}

// buffered returns a buffered reader of r.
func (w *walker) buffered(r io.Reader) *bufio.Reader {
	n := len(w.bufs) - 1
	if n < 0 {
		return bufio.NewReaderSize(r, bufLen)
	}
	b := w.bufs[n]
	w.bufs = w.bufs[:n]
	b.Reset(r)
	return b
}

// ctxReader ends when the walk is over.
type ctxReader struct {
	w *walker
	r io.Reader
}

func (c ctxReader) Read(p []byte) (int, error) {
	if err := c.w.over(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// take accounts for n bytes of memory that give returns.
func (w *walker) take(n int64) error {
	if n < 0 || n > w.limits.Memory-w.held {
		return limitError(fmt.Sprintf("reading it needs more than the %d bytes of memory that it may use", w.limits.Memory))
	}
	w.held += n
	w.limits.Account.Take(n)
	return nil
}

func (w *walker) give(n int64) {
	w.held -= n
	w.limits.Account.Give(n)
}

// random makes c readable at any place, if need be by a copy in memory, for
// which the walk accounts until the container is done.
func (w *walker) random(c *content) error {
	if c.at != nil {
		return nil
	}
	p := &pieces{}
	for {
		if w.take(pieceLen) != nil {
			return limitError(fmt.Sprintf("it is read from its end, and more of it would have to be held in memory than the %d bytes that may be: --max-memory sets them", p.size))
		}
		c.held += pieceLen
		b := make([]byte, pieceLen)
		n, err := io.ReadFull(c.buf, b)
		p.list = append(p.list, b)
		if p.size += int64(n); err != nil { // what there is of it is read; src keeps the error
			c.at, c.size = p, p.size
			return nil
		}
	}
}

// pieces is a container in memory. It grows without being copied.
type pieces struct {
	list [][]byte // of pieceLen bytes each
	size int64
}

const pieceLen = 64 << 10

func (p *pieces) ReadAt(b []byte, off int64) (n int, err error) {
	for n < len(b) && off < p.size {
		from := off % pieceLen
		k := copy(b[n:], p.list[off/pieceLen][from:min(pieceLen, p.size-off+from)])
		n, off = n+k, off+int64(k)
	}
	if n < len(b) {
		err = io.EOF
	}
	return n, err
}

// shownLen is how much of a member's name is shown.
const shownLen = 256

// join joins a container's path and a member's name, which is made safe to
// show: it is never a path on disk.
func join(parent, name string) string {
	shown := show(name)
	if parent == "" {
		return shown
	}
	return parent + "!" + shown
}

// show spells out control characters and what is no UTF-8. A token is masked
// before it is cut in two or spelled out, for after that it is not known again.
func show(name string) string {
	plain := !strings.ContainsFunc(name, hidden)
	if plain && len(name) <= shownLen {
		return name
	}
	name = rules.Redact(name)
	if len(name) > shownLen {
		end := shownLen
		for end > shownLen-utf8.UTFMax && !utf8.RuneStart(name[end]) {
			end--
		}
		name = name[:end] + "…"
	}
	if plain {
		return name
	}
	var b strings.Builder
	for i, r := range name {
		_, size := utf8.DecodeRuneInString(name[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, name[i])
		case hidden(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func hidden(r rune) bool {
	return r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// base returns the last element of a member's name.
func base(name string) string { return name[strings.LastIndexAny(name, `/\`)+1:] }
