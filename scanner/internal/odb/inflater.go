package odb

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
)

// inflater inflates whole zlib streams.
type inflater struct {
	src bytes.Reader
	z   io.ReadCloser
}

// inflate fills dst, whose length is the declared size, from the zlib stream
// at the start of src.
func (f *inflater) inflate(dst, src []byte) error {
	f.src.Reset(src)
	if f.z == nil {
		z, err := zlib.NewReader(&f.src)
		if err != nil {
			return damaged(err)
		}
		f.z = z
	} else if err := f.z.(zlib.Resetter).Reset(&f.src, nil); err != nil {
		return damaged(err)
	}
	if _, err := io.ReadFull(f.z, dst); err != nil {
		return damaged(err)
	}
	var one [1]byte
	if n, err := f.z.Read(one[:]); n > 0 {
		return errLonger
	} else if err != io.EOF {
		return damaged(err)
	}
	return nil
}

var errLonger = errors.New("its data is longer than it declares")

func damaged(err error) error { return fmt.Errorf("its compressed data is damaged: %w", err) }

// streamZlib returns a reader of the size bytes that src inflates to. Too few
// bytes are an error of the reader.
func streamZlib(src []byte, size int64) (io.Reader, error) {
	z, err := zlib.NewReader(bytes.NewReader(src))
	if err != nil {
		return nil, damaged(err)
	}
	return &exactReader{z, size}, nil
}

// exactReader reads n bytes from r, which must have neither less nor more: its
// end is where zlib compares the checksum.
type exactReader struct {
	r io.Reader
	n int64
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

// end returns io.EOF if r ends here too.
func (e *exactReader) end() error {
	var one [1]byte
	n, err := io.ReadFull(e.r, one[:])
	switch {
	case n > 0:
		return errLonger
	case err == io.EOF:
		return io.EOF
	}
	return damaged(err)
}
