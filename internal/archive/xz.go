package archive

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"github.com/mikelolasagasti/xz"
)

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

// lzma2Window decodes the one byte that LZMA2 has for the dictionary's size.
func lzma2Window(b byte) int64 { return int64(2|b&1) << (b/2 + 11) }
