package odb

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"

	"r8scan/internal/inflate"
)

// inflate fills dst, whose length is the declared size, from the zlib stream
// of an entry of p, at the start of src. The checksum of the stream is looked at
// only if the index, which has one of its own from version 2 on, has none.
func (w *Walker) inflate(dst, src []byte, p *pack) error {
	w.z.Checksum = p.idx.crc == nil
	n, err := w.z.Zlib(dst, src)
	if errors.Is(err, inflate.ErrSize) {
		return errSize
	} else if err != nil {
		return damaged(err)
	}
	if w.Thorough {
		p.gap(len(src) - n)
	}
	return nil
}

var errSize = errors.New("its data is longer or shorter than it declares")

func damaged(err error) error { return fmt.Errorf("its compressed data is damaged: %w", err) }

// streamZlib returns a reader of the size bytes that src inflates to. Too few
// bytes are an error of the reader. If left is not nil, it is told at the end
// how many bytes of src are behind the stream.
func streamZlib(src []byte, size int64, left func(n int)) (io.Reader, error) {
	packed := bytes.NewReader(src)
	z, err := zlib.NewReader(packed)
	if err != nil {
		return nil, damaged(err)
	}
	r := &exactReader{r: z, n: size}
	if left != nil {
		r.atEnd = func() { left(packed.Len()) }
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
