package archive

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"github.com/mikelolasagasti/xz"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz/lzma"
)

// compressed reads a file that is compressed as a whole. A tar in it is no
// further level: a.tgz!b.py, not a.tgz!a.tar!b.py.
func (w *walker) compressed(c *content, f Format, path string, depth int) error {
	if f == Brotli { // its decoder names what follows
		defer func() { c.done = true }()
	}
	r, closer, err := w.decoder(f, c.src, c.buf)
	if err != nil {
		return err
	}
	defer closer()
	in := w.buffered(r)
	head, _ := in.Peek(HeadLen)
	if Detect(head, "") != Tar {
		return w.member(path, stem(c.name), depth, in)
	}
	if err := w.enter(path); err != nil {
		return err
	}
	name := stem(c.name)
	sink := w.v.Member(join(path, name), "")
	defer sink.Close()
	tar := &content{src: &source{r: io.TeeReader(in, sink)}}
	tar.buf = w.buffered(tar.src)
	w.rest(tar, !w.one(tar, Tar, path, depth), path, depth)
	w.fill(tar.buf)
	w.bufs = append(w.bufs, in, tar.buf)
	return tar.src.err
}

// weak says that a format's signature may well stand in something else.
func weak(f Format) bool { return f == Zlib || f == Brotli || f == LZMA }

// text reports whether c begins as a text does.
func (w *walker) text(c *content) bool {
	head, _ := c.buf.Peek(HeadLen)
	return isText(head)
}

// proven tries to decode the start of c.
func (w *walker) proven(c *content, f Format) bool {
	head, _ := c.buf.Peek(bufLen)
	return !w.text(c) && w.opens(head, f)
}

// provenLen is how many bytes chance does not give before a decoder finds fault.
const provenLen = 128

// opens tries to decode what begins with head.
func (w *walker) opens(head []byte, f Format) bool {
	head = head[:min(len(head), bufLen)]
	if f == LZMA { // its reader gives nothing of a stream that is cut early
		return len(head) > lzma.HeaderLen && lzma.ValidHeader(head[:lzma.HeaderLen])
	}
	r, closer, err := w.plainDecoder(f, bufio.NewReader(bytes.NewReader(head)))
	if err != nil {
		return false
	}
	defer closer()
	n, err := io.Copy(io.Discard, io.LimitReader(r, bufLen))
	return n > 0 && err == nil || errors.Is(err, io.ErrUnexpectedEOF) && (n > 0 || f == Zstd || f == LZ4) || n >= provenLen
}

// stem returns the name of what is in the compressed file called name.
func stem(name string) string {
	low := strings.ToLower(name)
	for _, ext := range []string{".tgz", ".tbz2", ".tbz", ".txz", ".tzst", ".tlz4", ".tlz"} {
		if strings.HasSuffix(low, ext) {
			return name[:len(name)-len(ext)] + ".tar"
		}
	}
	for _, ext := range []string{".gz", ".bz2", ".xz", ".zst", ".lz4", ".br", ".zz", ".lzma", ".z"} {
		if strings.HasSuffix(low, ext) && len(name) > len(ext) {
			return name[:len(name)-len(ext)]
		}
	}
	if name == "" {
		return "content"
	}
	return name
}

// decoder opens a compressed stream, within the limits; buf is src's buffer.
func (w *walker) decoder(f Format, src *source, buf *bufio.Reader) (io.Reader, func(), error) {
	r, closer, err := w.plainDecoder(f, buf)
	if err != nil {
		return nil, nil, err
	}
	return &expander{w: w, r: r, packed: src}, closer, nil
}

// plainDecoder opens a compressed stream. Concurrent decoders are not used: a
// panic in a goroutine of theirs could not be caught.
func (w *walker) plainDecoder(f Format, buf *bufio.Reader) (r io.Reader, closer func(), err error) {
	need := w.window(f, buf)
	if err := w.take(need); err != nil {
		return nil, nil, err
	}
	tail := &lag{buf: buf}
	closer = func() { tail.settle(0); w.give(need) }
	window := max(w.limits.Window, zstd.MinWindowSize, lzma.MinDictCap)
	switch f {
	case Gzip:
		r, err = newGzipReader(buf)
	case Bzip2:
		r = &bzip2Streams{tail: tail}
	case LZ4:
		r = &lz4Frames{buf: buf, r: lz4.NewReader(buf)}
	case Brotli:
		r = brotli.NewReader(buf)
	case Zlib:
		r, err = zlib.NewReader(buf)
	case XZ:
		x := &xzStreams{tail: tail}
		x.z, err = xz.NewReader(tail, uint32(window)) // enforces the window, which ulikunitz's reader does not
		r = x
	case LZMA:
		r, err = lzma.ReaderConfig{DictCap: int(window)}.NewReader(buf)
	case Zstd:
		var z *zstd.Decoder
		tail.keep = 4
		z, err = zstd.NewReader(tail, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(uint64(window)), zstd.WithDecoderMaxMemory(uint64(window)))
		if err == nil {
			closer = func() { z.Close(); tail.settle(0); w.give(need) }
		}
		r = &zstdFrames{tail: tail, z: z}
	}
	if err != nil {
		closer()
	}
	return r, closer, err
}

// window says how much memory a decoder is going to need. It goes by the first
// frame or block; that later ones keep to the limit is the decoders' work.
func (w *walker) window(f Format, buf *bufio.Reader) int64 {
	need := int64(64 << 10)
	switch head, _ := buf.Peek(32); f {
	case Bzip2:
		need = 8 << 20
	case LZ4, Brotli:
		need = 16 << 20
	case Zstd:
		var h zstd.Header
		if need = w.limits.Window; h.Decode(head) == nil && !h.Skippable {
			need = int64(min(h.WindowSize, uint64(need)))
		}
	case XZ: // a block's header is its length, flags, and then its one filter, LZMA2
		if need = w.limits.Window; len(head) > 16 && head[13] == 0 && head[14] == 0x21 && head[15] == 1 && head[16] < 40 {
			need = min(need, lzma2Window(head[16]))
		}
	case LZMA:
		if need = w.limits.Window; len(head) > 5 {
			need = min(need, int64(binary.LittleEndian.Uint32(head[1:])))
		}
	}
	return need
}

// lzma2Window decodes the one byte that LZMA2 has for the dictionary's size.
func lzma2Window(b byte) int64 { return int64(2|b&1) << (b/2 + 11) }

// expander counts what a decoder gives and ends it at a limit.
type expander struct {
	w      *walker
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

// grow counts n more bytes that came of what is packed, and returns why the
// walk is over, nil if it is not.
func (w *walker) grow(n int64) error {
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

// gzipReader reads the members of a gzip file that follow each other. Like
// most readers it has no use for what a header says beside the method, so that
// damage in it hides nothing.
type gzipReader struct {
	buf  *bufio.Reader
	z    io.ReadCloser // of the current member
	sum  uint32
	size uint32
}

func newGzipReader(buf *bufio.Reader) (*gzipReader, error) {
	g := &gzipReader{buf: buf}
	if err := g.header(); err != nil {
		return nil, err
	}
	g.z = flate.NewReader(buf)
	return g, nil
}

var errGzipHeader = errors.New("its gzip header is damaged")

// header reads the header of a member.
func (g *gzipReader) header() error {
	g.sum, g.size = 0, 0
	var h [10]byte
	if _, err := io.ReadFull(g.buf, h[:]); err != nil {
		return unexpected(err)
	}
	if h[0] != 0x1f || h[1] != 0x8b || h[2] != 8 {
		return errGzipHeader
	}
	const crc, extra, name, comment = 1 << 1, 1 << 2, 1 << 3, 1 << 4
	if h[3]&extra != 0 {
		var n [2]byte
		if _, err := io.ReadFull(g.buf, n[:]); err != nil {
			return unexpected(err)
		}
		if _, err := g.buf.Discard(int(binary.LittleEndian.Uint16(n[:]))); err != nil {
			return unexpected(err)
		}
	}
	for _, text := range []byte{name, comment} {
		for h[3]&text != 0 {
			c, err := g.buf.ReadByte()
			if err != nil {
				return unexpected(err)
			}
			if c == 0 {
				break
			}
		}
	}
	if h[3]&crc != 0 {
		if _, err := g.buf.Discard(2); err != nil {
			return unexpected(err)
		}
	}
	return nil
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (g *gzipReader) Read(p []byte) (int, error) {
	for {
		n, err := g.z.Read(p)
		g.sum = crc32.Update(g.sum, crc32.IEEETable, p[:n])
		g.size += uint32(n)
		if err == nil || err != io.EOF {
			return n, err
		}
		if err := g.trailer(); err != nil || n > 0 {
			if err == nil {
				err = g.more()
			}
			return n, err
		}
		if err := g.more(); err != nil {
			return 0, err
		}
	}
}

// trailer compares what was read with what is said of it behind it.
func (g *gzipReader) trailer() error {
	var t [8]byte
	if _, err := io.ReadFull(g.buf, t[:]); err != nil {
		return unexpected(err)
	}
	if le := binary.LittleEndian; le.Uint32(t[:]) != g.sum || le.Uint32(t[4:]) != g.size {
		return errors.New("its checksum differs: it is damaged, and was searched as it is")
	}
	return nil
}

// more opens the member that follows, or returns io.EOF if there is none.
func (g *gzipReader) more() error {
	if next, _ := g.buf.Peek(3); string(next) != "\x1f\x8b\x08" {
		return io.EOF
	}
	if err := g.header(); err != nil {
		return err
	}
	return g.z.(flate.Resetter).Reset(g.buf, nil)
}

// lz4Frames reads one frame after the other, as lz4 does.
type lz4Frames struct {
	buf *bufio.Reader
	r   *lz4.Reader
}

func (l *lz4Frames) Read(p []byte) (int, error) {
	for {
		n, err := l.r.Read(p)
		if n > 0 {
			if err == io.EOF {
				err = nil
			}
			return n, err
		}
		if err != io.EOF {
			return n, err
		}
		if next, _ := l.buf.Peek(8); len(next) < 8 || bySignature(next) != LZ4 {
			return 0, io.EOF
		}
		l.r.Reset(l.buf)
	}
}

// zstdFrames ends where no frame follows.
type zstdFrames struct {
	tail  *lag
	z     *zstd.Decoder
	began bool
}

func (z *zstdFrames) Read(p []byte) (int, error) {
	n, err := z.z.Read(p)
	z.began = z.began || n > 0 || err == nil
	if z.began && errors.Is(err, zstd.ErrMagicMismatch) {
		z.tail.settle(4)
		err = io.EOF
	}
	return n, err
}

// bzip2Streams ends where no stream follows.
type bzip2Streams struct {
	tail *lag
	z    io.Reader
}

func (b *bzip2Streams) Read(p []byte) (int, error) {
	if b.z == nil {
		b.tail.keep = 2
		b.z = bzip2.NewReader(b.tail)
	}
	n, err := b.z.Read(p)
	if err == errBzip2More {
		b.tail.settle(2)
		err = io.EOF
	}
	return n, err
}

// errBzip2More is what the decoder says of two bytes behind a stream that do
// not begin another one.
var errBzip2More error = bzip2.StructuralError("bad magic value in continuation file")

// xzStreams reads one stream after the other, as xz does. Its decoder reads
// further than it decodes, so that a stream's end is looked for in what it has
// read last.
type xzStreams struct {
	tail *lag
	z    *xz.Reader
	over bool // no stream follows
}

func (x *xzStreams) Read(p []byte) (int, error) {
	if x.over {
		return 0, io.EOF
	}
	x.z.Multistream(false)
	for {
		n, err := x.z.Read(p)
		if err == nil {
			return n, nil
		}
		last, _ := x.tail.buf.Peek(x.tail.given)
		end := xzEnd(last)
		if errors.Is(err, xz.ErrData) && end > 0 && end < len(last) && last[end] == 0 { // padding of a length that xz does not allow
			err = io.EOF
		}
		if err != io.EOF {
			return n, err
		}
		if n > 0 {
			return n, nil
		}
		x.tail.settle(len(last) - end)
		for { // what pads a stream
			if pad, _ := x.tail.buf.Peek(4); string(pad) != "\x00\x00\x00\x00" {
				break
			}
			_, _ = x.tail.buf.Discard(4)
		}
		if next, _ := x.tail.buf.Peek(6); string(next) != "\xfd7zXZ\x00" {
			x.over = true
			return 0, io.EOF
		}
		if err := x.z.Reset(x.tail); err != nil {
			return 0, unexpected(err)
		}
		x.z.Multistream(false)
	}
}

// xzEnd returns where in b a stream ends, which its decoder has read to its
// end: behind a footer with the right checksum, or before b.
func xzEnd(b []byte) int {
	for i := 12; i <= len(b); i++ {
		if b[i-2] == 'Y' && b[i-1] == 'Z' && crc32.ChecksumIEEE(b[i-8:i-2]) == binary.LittleEndian.Uint32(b[i-12:]) {
			return i
		}
	}
	return 0
}
