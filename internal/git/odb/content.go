package odb

import (
	"bytes"
	"io"

	"r8scan/internal/budget"
)

// Content is an object from a Lookup.
type Content struct {
	Type   Type
	Size   int64
	Data   []byte    // nil if Stream is set
	Stream io.Reader // a blob too large to hold

	file   io.Closer // nil unless Stream reads a file
	memory *budget.Account
}

// Close closes the stream and returns the memory of Data to its account.
func (c *Content) Close() {
	c.memory.Give(Held(c.Data))
	c.Data = nil
	if c.file != nil {
		_ = c.file.Close() // it was read only
	}
}

// check compares the content with its id. A stream is compared when it is read
// to its end.
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

// checked returns c if its bytes match the id, otherwise an error. It passes on
// a nil c and err.
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
