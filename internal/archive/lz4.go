package archive

import (
	"errors"
	"io"

	"github.com/pierrec/lz4/v4"
)

// lz4Frames reads consecutive lz4 frames. It ends after the last one.
type lz4Frames struct {
	tail  *lag
	r     *lz4.Reader
	began bool
	over  bool
}

func (l *lz4Frames) Read(p []byte) (int, error) {
	for !l.over {
		n, err := l.r.Read(p)
		l.began = l.began || n > 0 || err == io.EOF
		switch {
		case l.began && errors.Is(err, lz4.ErrInvalidFrame): // the decoder looks for another frame
			l.tail.settle(4)
			l.over = true
			return n, io.EOF
		case n > 0 && err == io.EOF:
			return n, nil
		case err != io.EOF:
			return n, err
		}
		l.tail.settle(0)
		if next, _ := l.tail.buf.Peek(8); len(next) < 8 || bySignature(next) != LZ4 {
			break
		}
		l.r.Reset(l.tail)
	}
	return 0, io.EOF
}
