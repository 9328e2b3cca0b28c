package archive

import (
	"compress/bzip2"
	"io"
)

// bzip2Streams reads consecutive bzip2 streams. It ends after the last one.
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

// errBzip2More is the decoder's error if the two bytes after a stream begin no
// other stream.
var errBzip2More error = bzip2.StructuralError("bad magic value in continuation file")
