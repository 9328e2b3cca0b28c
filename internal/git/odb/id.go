package odb

import (
	"bytes"
	"hash"
	"io"
	"strconv"

	"r8scan/internal/budget"
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

// IDOf returns the raw id that an object of a type and content has.
func (s *Store) IDOf(t Type, data []byte) []byte {
	sum := newID(s.hash, t, int64(len(data)))
	sum.Write(data)
	return sum.Sum(nil)
}

// CheckID reports whether the node's bytes are those that its id names. It
// completes them.
func (s *Store) CheckID(n *Node) bool {
	n.Complete()
	return bytes.Equal(s.IDOf(n.Type, n.Data), s.ID(n.Obj))
}

// CheckedStream returns the node's stream, which gives ErrID in place of io.EOF
// if its bytes are not those that the node's id names.
func (s *Store) CheckedStream(n *Node) io.Reader {
	return &checkedReader{n.Stream, newID(s.hash, n.Type, n.Size), s.ID(n.Obj)}
}

// IsLoose reports whether a file of its own, and no pack, reports o.
func (s *Store) IsLoose(o Obj) bool { return s.where[o].pack < 0 }

// Holds reports whether the i-th pack has o, reported by it or not.
func (s *Store) Holds(i int, o Obj) bool {
	_, ok := s.packs[i].idx.find(s.ID(o))
	return ok
}

// ReadIn is ReadHeld for the copy of o in the i-th pack, if there is one.
func (s *Store) ReadIn(i int, o Obj, memory *budget.Account) (t Type, data []byte, err error) {
	p := s.packs[i]
	e, ok := p.idx.find(s.ID(o))
	if at := (place{p.number, int32(e)}); ok && s.where[o] != at {
		before := memory.Held()
		err = Guarded(func() error {
			t, data, err = s.readAt(at, newReading(0, memory))
			return err
		})
		if err == nil {
			return t, data, nil
		}
		memory.Back(before)
	}
	return s.ReadHeld(o, memory)
}
