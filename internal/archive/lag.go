package archive

import (
	"bufio"
)

// lag reads from buf and leaves the last bytes in it. So the bytes that a decoder
// read after the end of a stream can be read again.
type lag struct {
	buf   *bufio.Reader
	keep  int // how many of the returned bytes stay in buf at least
	given int // bytes that were returned and are still in buf
}

func (l *lag) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if l.given > l.keep {
		_, _ = l.buf.Discard(l.given - l.keep)
		l.given = l.keep
	}
	b, err := l.buf.Peek(l.given + 1)
	if len(b) <= l.given {
		return 0, err
	}
	b, _ = l.buf.Peek(min(l.buf.Buffered(), l.given+len(p)))
	n := copy(p, b[l.given:])
	l.given += n
	return n, nil
}

func (l *lag) ReadByte() (byte, error) {
	var p [1]byte
	_, err := l.Read(p[:])
	return p[0], err
}

// settle ends the reading. The last back bytes, or as many as are left, can be
// read again.
func (l *lag) settle(back int) {
	_, _ = l.buf.Discard(max(l.given-back, 0))
	l.given = 0
}
