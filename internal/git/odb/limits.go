package odb

import (
	"errors"
	"fmt"
	"io"
	"math"

	"r8scan/internal/budget"
)

// Limits limit what a walk holds in memory, in bytes. Tests set them very
// small.
type Limits struct {
	Stream int64 // a larger whole object is passed as a stream
	Object int64 // a larger result of a delta is not built
	Held   int64 // bases, deltas and results that may be held to read one object
}

// LimitsOf returns the limits for a budget. By default git makes no deltas of
// files above 512 MB.
func LimitsOf(b *budget.Budget) Limits {
	object := min(b.Work/5*4, math.MaxInt32) // offsets in trees have 32 bits
	return Limits{Stream: min(32<<20, b.Work/8), Object: object, Held: b.Work}
}

// allows returns an error if an object of size bytes may not be held while
// under bytes are held.
func (l Limits) allows(size, under int64) error {
	if size < 0 || size > l.Object {
		return fmt.Errorf("it has %d bytes, more than may be held of one object: %w", uint64(size), ErrLimit)
	}
	if roomOf(size) > l.Held-under {
		return fmt.Errorf("its %d bytes and those it builds on need more than %d bytes of memory: %w", size, l.Held, ErrLimit)
	}
	return nil
}

// readWhole reads size bytes and checks that the stream ends there. It takes
// memory for them. under is how many other bytes count towards l.Held.
func (l Limits) readWhole(r io.Reader, size, under int64, memory *budget.Account) ([]byte, error) {
	if err := l.allows(size, under); err != nil {
		return nil, err
	}
	memory.Take(roomOf(size))
	data, err := readExactly(r, size)
	if err != nil {
		memory.Give(roomOf(size))
	}
	return data, err
}

// readExactly is readWhole for a size that was checked.
func readExactly(r io.Reader, size int64) ([]byte, error) {
	data := make([]byte, size)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, err
	}
	var one [1]byte
	if _, err := r.Read(one[:]); err != io.EOF { // an exactReader has no more bytes, but may return an error
		return nil, err
	}
	return data, nil
}

// ErrLimit is in the chain of errors for a passed limit.
var ErrLimit = errors.New("limit passed")

// reading limits the reading of one object: its memory, and how many more
// chains of deltas may be followed. A chain may continue in another pack, or
// with another copy of a damaged object. Only a hostile store has circles.
type reading struct {
	chains  int
	lenient bool  // wrong checksums are ignored
	under   int64 // other bytes that count towards Limits.Held
	memory  *budget.Account
}

const maxChains = 64

func newReading(under int64, memory *budget.Account) *reading {
	return &reading{chains: maxChains, under: under, memory: memory}
}
