package archive

import (
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"
)

// zstdFrames reads consecutive zstd frames. It ends after the last one.
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
