package odb

import (
	"fmt"
	"sync/atomic"
)

// gaps counts the known bytes of a pack that belong to no entry. Git never
// reads bytes between two entries or after the last one.
type gaps struct{ n atomic.Int64 }

func (g *gaps) add(n int) {
	if n > 0 {
		g.n.Add(int64(n))
	}
}

// problem reports these bytes, if there are any in the pack at path.
func (g *gaps) problem(path string) (Problem, bool) {
	n := g.n.Load()
	why := "it has a byte that belongs to none of its objects and was not read"
	if n > 1 {
		why = fmt.Sprintf("it has %d bytes that belong to none of its objects and were not read", n)
	}
	return Problem{path, why}, n > 0
}
