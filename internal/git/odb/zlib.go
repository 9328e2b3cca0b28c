package odb

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
)

var errSize = errors.New("its data is longer or shorter than it declares")

func damaged(err error) error { return fmt.Errorf("its compressed data is damaged: %w", err) }

// stream returns a reader of an object that is not a delta. The reader returns
// an error if there are too few bytes. At the end it calls left, unless nil,
// with the number of bytes after the entry's stream.
func (e packed) stream(left func(n int)) (io.Reader, error) {
	if err := e.plausible(); err != nil {
		return nil, err
	}
	rest := bytes.NewReader(e.src)
	z, err := zlib.NewReader(rest)
	if err != nil {
		return nil, damaged(err)
	}
	r := &exactReader{r: z, n: int64(e.size)}
	if left != nil {
		r.atEnd = func() { left(rest.Len()) }
	}
	return r, nil
}

// exactReader reads exactly n bytes from r. Fewer or more bytes are an error.
// It reads to the end of r, because zlib compares its checksum only there.
type exactReader struct {
	r     io.Reader
	n     int64
	atEnd func() // called once when r ends after n bytes; may be nil
}

func (e *exactReader) Read(b []byte) (int, error) {
	if e.n == 0 {
		return 0, e.end()
	}
	if int64(len(b)) > e.n {
		b = b[:e.n]
	}
	n, err := e.r.Read(b)
	e.n -= int64(n)
	switch {
	case err == io.EOF && e.n > 0:
		return n, damaged(io.ErrUnexpectedEOF)
	case err == io.EOF, err == nil:
		return n, nil
	}
	return n, damaged(err)
}

// end returns io.EOF if r ends here.
func (e *exactReader) end() error {
	var one [1]byte
	switch n, err := io.ReadFull(e.r, one[:]); {
	case n > 0:
		return errSize
	case err != io.EOF:
		return damaged(err)
	}
	if e.atEnd != nil {
		e.atEnd()
		e.atEnd = nil
	}
	return io.EOF
}
