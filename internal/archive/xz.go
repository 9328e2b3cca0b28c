package archive

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"github.com/mikelolasagasti/xz"
)

// xzStreams reads consecutive streams, as xz does.
type xzStreams struct {
	tail *xzTail
	z    *xz.Reader
	over bool // no stream follows
}

func newXZ(tail *lag, window uint32) (*xzStreams, error) {
	tail.keep = xzFooterLen
	x := &xzStreams{tail: &xzTail{lag: tail}}
	var err error
	x.z, err = xz.NewReader(x.tail, window) // unlike ulikunitz's reader, it enforces the window
	return x, err
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
		if errors.Is(err, xz.ErrData) && x.tail.padded() { // the length of the padding is invalid
			err = io.EOF
		}
		if err != io.EOF {
			return n, err
		}
		if n > 0 {
			return n, nil
		}
		if !x.tail.next() {
			x.over = true
			return 0, io.EOF
		}
		if err := x.z.Reset(x.tail); err != nil {
			return 0, unexpected(err)
		}
		x.z.Multistream(false)
	}
}

// xzTail finds where a stream ends. Its decoder reads farther than it decodes,
// maybe past the whole next stream.
type xzTail struct {
	*lag
	n   int64 // bytes returned, of the stream and of what follows it
	end int64 // where the first footer ends among them; 0 if none was read
}

func (t *xzTail) Read(p []byte) (int, error) {
	n, err := t.lag.Read(p)
	t.n += int64(n)
	if t.end == 0 && n > 0 {
		b, _ := t.buf.Peek(t.given)
		if i := xzEnd(b[max(0, t.given-n-xzFooterLen+1):]); i > 0 {
			t.end = t.n - int64(min(t.given, n+xzFooterLen-1)-i)
		}
	}
	return n, err
}

func (t *xzTail) ReadByte() (byte, error) {
	var p [1]byte
	_, err := t.Read(p[:])
	return p[0], err
}

// padded reports whether a zero follows the footer.
func (t *xzTail) padded() bool {
	if t.end == 0 || t.end == t.n {
		return false
	}
	behind := t.n - t.end
	b, _ := t.buf.Peek(t.given)
	return behind > int64(len(b)) || b[int64(len(b))-behind] == 0
}

// next moves past the stream and its padding, and reports whether another stream
// begins there.
func (t *xzTail) next() bool {
	t.settle(int(min(t.n-t.end, int64(t.given))))
	t.n, t.end = 0, 0
	for {
		if pad, _ := t.buf.Peek(4); string(pad) != "\x00\x00\x00\x00" {
			break
		}
		_, _ = t.buf.Discard(4)
	}
	next, _ := t.buf.Peek(6)
	return string(next) == "\xfd7zXZ\x00"
}

// xzFooterLen is the length of the footer that ends a stream.
const xzFooterLen = 12

// xzEnd returns where in b the first footer with the right checksum ends, or 0.
func xzEnd(b []byte) int {
	for i := xzFooterLen; i <= len(b); i++ {
		k := bytes.IndexByte(b[i-1:], 'Z')
		if k < 0 {
			return 0
		}
		if i += k; b[i-2] == 'Y' && crc32.ChecksumIEEE(b[i-8:i-2]) == binary.LittleEndian.Uint32(b[i-12:]) {
			return i
		}
	}
	return 0
}

// lzma2Window decodes the byte in which LZMA2 stores the dictionary's size.
func lzma2Window(b byte) int64 { return int64(2|b&1) << (b/2 + 11) }
