package odb

import (
	"bytes"
	"io"

	"r8scan/internal/budget"
)

// Content is an object that was looked up.
type Content struct {
	Type   Type
	Size   int64
	Data   []byte    // nil if Stream is set
	Stream io.Reader // a blob too large to hold

	file   io.Closer // nil if there is none
	memory *budget.Account
}

// Close ends the reading of a stream and gives back the memory of Data.
func (c *Content) Close() {
	c.memory.Give(Held(c.Data))
	c.Data = nil
	if c.file != nil {
		_ = c.file.Close() // it was read only
	}
}

// check compares the content with its id; that of a stream when it is read to
// its end.
func (c *Content) check(id []byte) error {
	sum := newID(len(id), c.Type, c.Size)
	if c.Stream != nil {
		c.Stream = &checkedReader{c.Stream, sum, id}
		return nil
	}
	sum.Write(c.Data)
	if !bytes.Equal(sum.Sum(nil), id) {
		return ErrID
	}
	return nil
}

// checked returns an object that was read without an error if its bytes are those
// of its id. With neither an object nor an error it does nothing.
func checked(c *Content, err error, id []byte) (*Content, error) {
	if err != nil || c == nil {
		return nil, err
	}
	if err := c.check(id); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}
