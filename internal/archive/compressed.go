package archive

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"github.com/mikelolasagasti/xz"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz/lzma"
)

// compressed reads a file that is compressed as a whole. A tar in it is no
// further level: a.tgz!b.py, not a.tgz!a.tar!b.py.
func (w *walker) compressed(c *content, f Format, path string, depth int) error {
	if weak(f) && !w.proven(c, f) {
		return nil
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
	err = w.tar(tar.buf, path, depth)
	w.fill(tar)
	w.bufs = append(w.bufs, in, tar.buf)
	if tar.src.err != nil {
		return tar.src.err
	}
	return err
}

// weak says that a format's signature may well stand in something else.
func weak(f Format) bool { return f == Zlib || f == Brotli || f == LZMA }

// proven tries to decode the start of c.
func (w *walker) proven(c *content, f Format) bool {
	head, _ := c.buf.Peek(bufLen)
	if isText(head[:min(len(head), HeadLen)]) {
		return false
	}
	if f == LZMA { // its reader gives nothing of a stream that is cut early
		return len(head) > lzma.HeaderLen && lzma.ValidHeader(head[:lzma.HeaderLen])
	}
	r, closer, err := w.plainDecoder(f, bufio.NewReader(bytes.NewReader(head)))
	if err != nil {
		return false
	}
	defer closer()
	n, err := io.Copy(io.Discard, io.LimitReader(r, bufLen))
	return n > 0 && (err == nil || errors.Is(err, io.ErrUnexpectedEOF))
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
	closer = func() { w.give(need) }
	window := max(w.limits.Window, zstd.MinWindowSize, lzma.MinDictCap)
	switch f {
	case Gzip:
		r, err = newGzipReader(buf)
	case Bzip2:
		r = bzip2.NewReader(buf)
	case LZ4:
		r = &lz4Frames{buf: buf, r: lz4.NewReader(buf)}
	case Brotli:
		r = brotli.NewReader(buf)
	case Zlib:
		r, err = zlib.NewReader(buf)
	case XZ:
		r, err = xz.NewReader(buf, uint32(window)) // enforces the window, which ulikunitz's reader does not
	case LZMA:
		r, err = lzma.ReaderConfig{DictCap: int(window)}.NewReader(buf)
	case Zstd:
		var z *zstd.Decoder
		z, err = zstd.NewReader(buf, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(uint64(window)), zstd.WithDecoderMaxMemory(uint64(window)))
		if err == nil {
			closer = func() { z.Close(); w.give(need) }
		}
		r = z
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

// gzipReader reads the members of a gzip file. What stands behind the last one
// and does not look like another is left: tar and dd pad with zeros.
type gzipReader struct {
	buf *bufio.Reader
	z   *gzip.Reader
}

func newGzipReader(buf *bufio.Reader) (*gzipReader, error) {
	z, err := gzip.NewReader(buf)
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	return &gzipReader{buf, z}, nil
}

func (g *gzipReader) Read(p []byte) (int, error) {
	for {
		n, err := g.z.Read(p)
		if n > 0 || err == nil {
			if err == io.EOF {
				err = nil
			}
			return n, err
		}
		if err != io.EOF {
			return 0, err
		}
		if next, _ := g.buf.Peek(2); string(next) != "\x1f\x8b" {
			return 0, io.EOF
		}
		if err := g.z.Reset(g.buf); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		}
		g.z.Multistream(false)
	}
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
		if next, _ := l.buf.Peek(8); len(next) < 8 || frameFormat(next) != LZ4 {
			return 0, io.EOF
		}
		l.r.Reset(l.buf)
	}
}
