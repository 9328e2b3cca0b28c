package archive

import (
	"bufio"
	"fmt"
	"io"
)

const bufLen = 32 << 10

// content is a container, or data that may be one, during a walk.
type content struct {
	src  *source
	buf  *bufio.Reader // of src
	at   io.ReaderAt   // nil if it can only be read once
	size int64         // of at
	held int64         // bytes of memory that the walk accounts for c
	name string        // last element of its path

	whole io.ReaderAt // at is the part of it from off on; nil if at is all
	off   int64

	done  bool // nothing is left to read
	noZip bool // it contains no header of a zip's member
	inZip bool // it is a part of a zip whose members are known
}

// pos is the number of bytes read from c.
func (c *content) pos() int64 { return c.src.n - int64(c.buf.Buffered()) }

// begin cuts off what is before a place in c.
func (c *content) begin(from int64) {
	if c.whole == nil {
		c.whole = c.at
	}
	c.off += min(from, c.size)
	c.size -= min(from, c.size)
	rest := io.NewSectionReader(c.whole, c.off, c.size)
	c.at, c.src = rest, &source{r: rest}
	c.buf.Reset(c.src)
}

// text reports whether c begins like text.
func (c *content) text() bool {
	head, _ := c.buf.Peek(HeadLen)
	return IsText(head)
}

// random makes c readable at any place. If necessary, it copies c into memory.
// The walk accounts for the copy until the container is done.
func (c *content) random(w *walk) error {
	if c.at != nil {
		return nil
	}
	p := &pieces{}
	for {
		if w.take(pieceLen) != nil {
			return limitError(fmt.Sprintf("it is read from its end, so it must be held in memory, and only %d bytes of it fit; raise --max-memory", p.size))
		}
		c.held += pieceLen
		b := make([]byte, pieceLen)
		n, err := io.ReadFull(c.buf, b)
		p.list = append(p.list, b)
		if p.size += int64(n); err != nil { // what there is can be read; src keeps the error
			c.at, c.size = p, p.size
			return nil
		}
	}
}

// slice reads a part of c into memory. The caller calls give when it no longer
// needs the bytes.
func (c *content) slice(w *walk, from, size int64) (b []byte, give func(), err error) {
	if err := w.take(size); err != nil {
		return nil, nil, err
	}
	b = make([]byte, size)
	if n, err := c.at.ReadAt(b, from); n < len(b) {
		w.give(size)
		return nil, nil, fmt.Errorf("its header cannot be read: %w", err)
	}
	return b, func() { w.give(size) }, nil
}

// source counts the bytes read from a reader and keeps the error that ended it.
// Decoders wrap or drop the errors of their input.
type source struct {
	r   io.Reader
	n   int64
	err error // other than io.EOF
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.n += int64(n)
	if err != nil && err != io.EOF && s.err == nil {
		s.err = err
	}
	return n, err
}

// pieces is a container in memory. It grows without being copied.
type pieces struct {
	list [][]byte // of pieceLen bytes each
	size int64
}

const pieceLen = 64 << 10

func (p *pieces) ReadAt(b []byte, off int64) (n int, err error) {
	for n < len(b) && off < p.size {
		from := off % pieceLen
		k := copy(b[n:], p.list[off/pieceLen][from:min(pieceLen, p.size-off+from)])
		n, off = n+k, off+int64(k)
	}
	if n < len(b) {
		err = io.EOF
	}
	return n, err
}
