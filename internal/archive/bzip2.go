package archive

import (
	"compress/bzip2"
	"io"
)

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
