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

// stream returns a reader of an object that is no delta. Too few bytes are an
// error of the reader. If left is not nil, it is told at the end how many bytes
// are behind the entry's stream.
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

// exactReader reads n bytes from r. An early end is an error, and so is more
// behind them; only at the end does zlib compare its checksum.
type exactReader struct {
	r     io.Reader
	n     int64
	atEnd func() // called once, when r has ended as it should; may be nil
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

// end returns io.EOF if r ends here as it should.
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
