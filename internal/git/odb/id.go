package odb

import (
	"bytes"
	"errors"
	"hash"
	"io"
	"strconv"

	"r8scan/internal/git/wire"
)

// newID returns a hash for the id, of n bytes, of an object with a type and
// size. Write the object's content to it.
func newID(n int, t Type, size int64) hash.Hash {
	sum := wire.NewHash(n)
	head := append([]byte(t.String()), ' ')
	head = append(strconv.AppendInt(head, size, 10), 0)
	sum.Write(head)
	return sum
}

// ErrID means that an object's content does not match its id.
var ErrID = errors.New("its bytes are those of another object, or damaged: git fsck")

// checkedReader reads an object, and compares it with its id at the end.
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
