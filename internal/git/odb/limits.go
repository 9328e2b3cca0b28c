package odb

import (
	"errors"
	"fmt"
	"io"
	"math"

	"r8scan/internal/budget"
)

// Limits bound what a walk holds in memory. Tests set them absurdly small.
type Limits struct {
	Stream int64 // a whole object above this is handed over as a stream, not as bytes
	Object int64 // a delta's result above this is not built
	Held   int64 // bytes of bases, deltas and results that may be held to read one object
}

// LimitsOf returns the limits that a budget gives. git makes no deltas of files
// above 512 MB by default.
func LimitsOf(b *budget.Budget) Limits {
	object := min(b.Work/5*4, math.MaxInt32) // of trees, offsets are kept in 32 bits
	return Limits{Stream: min(32<<20, b.Work/8), Object: object, Held: b.Work}
}

// allows says that an object of size bytes cannot be held beside under bytes
// that count too.
func (l Limits) allows(size, under int64) error {
	if size < 0 || size > l.Object {
		return fmt.Errorf("it has %d bytes, more than may be held of one object: %w", uint64(size), ErrLimit)
	}
	if roomOf(size) > l.Held-under {
		return fmt.Errorf("its %d bytes and those it builds on need more than %d bytes of memory: %w", size, l.Held, ErrLimit)
	}
	return nil
}

// readWhole reads size bytes and makes sure that the stream ends behind them.
// It takes the memory for them; under is what else counts towards l.Held.
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

// readExactly is readWhole for a size that was looked at.
func readExactly(r io.Reader, size int64) ([]byte, error) {
	data := make([]byte, size)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, err
	}
	var one [1]byte
	if _, err := r.Read(one[:]); err != io.EOF { // an exactReader gives no more bytes, but may fail
		return nil, err
	}
	return data, nil
}

// ErrLimit is in the chain of errors that say a limit was passed.
var ErrLimit = errors.New("limit passed")

// reading bounds the reading of one object: how many more chains of deltas may
// be followed, and the memory. A chain may go on in another pack, or with
// another copy of what is damaged; only hostile stores go in circles.
type reading struct {
	chains  int
	lenient bool  // wrong checksums do not count
	under   int64 // bytes that are held meanwhile and count towards Limits.Held
	memory  *budget.Account
}

const maxChains = 64

func newReading(under int64, memory *budget.Account) *reading {
	return &reading{chains: maxChains, under: under, memory: memory}
}
