package archive

import (
	"bufio"
	"io"

	"github.com/pierrec/lz4/v4"
)

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
