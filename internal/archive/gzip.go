package archive

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
)

// gzipReader reads consecutive members of a gzip file. Like most readers, it
// checks only the method in a header. So damage in the rest of a header hides
// nothing.
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

// trailer compares the content with the checksum and length behind it.
func (g *gzipReader) trailer() error {
	var t [8]byte
	if _, err := io.ReadFull(g.buf, t[:]); err != nil {
		return unexpected(err)
	}
	if le := binary.LittleEndian; le.Uint32(t[:]) != g.sum || le.Uint32(t[4:]) != g.size {
		return errChecksum
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
