package odb

import (
	"bytes"
	"errors"
	"hash"
	"io"
	"strconv"

	"r8scan/internal/git/wire"
)

// newID returns the hash that makes the id, of n bytes, of an object of a type
// and size; its content is to be written to it.
func newID(n int, t Type, size int64) hash.Hash {
	sum := wire.NewHash(n)
	head := append([]byte(t.String()), ' ')
	head = append(strconv.AppendInt(head, size, 10), 0)
	sum.Write(head)
	return sum
}

// ErrID says that an object is not what its id says.
var ErrID = errors.New("its bytes are those of another object, or damaged: git fsck")

// checkedReader reads an object and compares it with its id at the end.
type checkedReader struct {
	r   io.Reader
	sum hash.Hash
	id  []byte
}

func (c *checkedReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.sum.Write(b[:n])
	if err == io.EOF && !bytes.Equal(c.sum.Sum(nil), c.id) {
		return n, ErrID
	}
	return n, err
}
