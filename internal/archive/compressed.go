package archive

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz/lzma"
)

// readCompressed reads a file that is compressed as a whole. A tar in it does
// not count as a level: the path is a.tgz!b.py, not a.tgz!a.tar!b.py.
func readCompressed(in *container, f Format) error {
	c := in.c
	if f == Brotli { // its decoder reports what follows
		defer func() { c.done = true }()
	}
	r, closer, err := decoder(in.walk, f, c.src, c.buf)
	if err != nil {
		return err
	}
	defer closer()
	buf := in.buffered(r)
	head, _ := buf.Peek(HeadLen)
	if Detect(head, "") != Tar {
		return in.member(stem(c.name), buf)
	}
	if err := in.enter(in.path); err != nil {
		return err
	}
	name := stem(c.name)
	sink := in.v.Member(join(in.path, name), "")
	defer sink.Close()
	tar := &content{src: &source{r: io.TeeReader(buf, sink)}}
	tar.buf = in.buffered(tar.src)
	inside := &container{in.walk, tar, in.path, in.depth}
	inside.rest(!inside.one(Tar))
	drain(tar.buf)
	in.spare(buf)
	in.spare(tar.buf)
	return tar.src.err
}

// weak reports whether files of other kinds often have a format's signature.
func weak(f Format) bool { return f == Zlib || f == Brotli || f == LZMA }

// proven tries to decode the start of c.
func proven(w *walk, c *content, f Format) bool {
	head, _ := c.buf.Peek(bufLen)
	return !c.text() && opens(w, head, f)
}

// provenLen is a number of decoded bytes that random input never reaches: its
// decoder fails earlier.
const provenLen = 128

// opens tries to decode data that begins with head.
func opens(w *walk, head []byte, f Format) bool {
	head = head[:min(len(head), bufLen)]
	if f == LZMA { // its reader returns nothing if head ends early in the stream
		return len(head) > lzma.HeaderLen && lzma.ValidHeader(head[:lzma.HeaderLen])
	}
	r, closer, err := plainDecoder(w, f, bufio.NewReader(bytes.NewReader(head)))
	if err != nil {
		return false
	}
	defer closer()
	n, err := io.Copy(io.Discard, io.LimitReader(r, bufLen))
	return n > 0 && err == nil || errors.Is(err, io.ErrUnexpectedEOF) && (n > 0 || f == Zstd || f == LZ4) || n >= provenLen
}

// stem returns the name of the content of a compressed file.
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

// decoder opens a compressed stream, within the limits. buf is src's buffer.
func decoder(w *walk, f Format, src *source, buf *bufio.Reader) (io.Reader, func(), error) {
	r, closer, err := plainDecoder(w, f, buf)
	if err != nil {
		return nil, nil, err
	}
	return &expander{w: w, r: r, packed: src}, closer, nil
}

// plainDecoder opens a compressed stream. It uses no concurrent decoders: a
// panic in their goroutines cannot be caught.
func plainDecoder(w *walk, f Format, buf *bufio.Reader) (r io.Reader, closer func(), err error) {
	need := memoryOf(f, buf, w.limits.Window)
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
		tail.keep = 4
		r = &lz4Frames{tail: tail, r: lz4.NewReader(tail)}
	case Brotli:
		r = brotli.NewReader(buf)
	case Zlib:
		r, err = zlib.NewReader(buf)
	case XZ:
		r, err = newXZ(tail, uint32(window))
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

// memoryOf returns how much memory a decoder needs. It looks at the first frame
// or block only. The decoders enforce the limit on later ones.
func memoryOf(f Format, buf *bufio.Reader, window int64) int64 {
	need := int64(64 << 10)
	switch head, _ := buf.Peek(32); f {
	case Bzip2:
		need = 8 << 20
	case LZ4, Brotli:
		need = 16 << 20
	case Zstd:
		var h zstd.Header
		if need = window; h.Decode(head) == nil && !h.Skippable {
			need = int64(min(h.WindowSize, uint64(need)))
		}
	case XZ: // a block's header has its length, its flags and its one filter, LZMA2
		if need = window; len(head) > 16 && head[13] == 0 && head[14] == 0x21 && head[15] == 1 && head[16] < 40 {
			need = min(need, lzma2Window(head[16]))
		}
	case LZMA:
		if need = window; len(head) > 5 {
			need = min(need, int64(binary.LittleEndian.Uint32(head[1:])))
		}
	}
	return need
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
