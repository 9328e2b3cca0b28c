package odb

import (
	"fmt"
	"sync/atomic"
)

// gaps counts the bytes of a pack that belong to none of its entries, as far as
// they are known. A pack is its entries, one behind the other, and what stands
// between two of them, or behind the last one, is no object: git reads none of
// it.
type gaps struct{ n atomic.Int64 }

func (g *gaps) add(n int) {
	if n > 0 {
		g.n.Add(int64(n))
	}
}

// problem names them, if there are any in the pack at path.
func (g *gaps) problem(path string) (Problem, bool) {
	n := g.n.Load()
	why := "it has a byte that belongs to none of its objects and was not read"
	if n > 1 {
		why = fmt.Sprintf("it has %d bytes that belong to none of its objects and were not read", n)
	}
	return Problem{path, why}, n > 0
}
