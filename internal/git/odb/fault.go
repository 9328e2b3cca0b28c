package odb

import (
	"errors"
	"io"
	"runtime/debug"
)

var errCut = errors.New("the file was cut short while it was read")

// CatchFault runs f. Reading a mapped file that was truncated causes a fault.
// CatchFault turns it into an error, so that the process goes on.
func CatchFault(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			if !isFault(r) {
				panic(r)
			}
			err = errCut
		}
	}()
	return f()
}

// isFault reports whether a recovered panic is a memory fault. A nil pointer
// dereference is a bug and does not count.
func isFault(r any) bool {
	_, fault := r.(interface{ Addr() uintptr })
	return fault
}

// guardedReader reads from a mapped file, which may be truncated at any time.
type guardedReader struct{ r io.Reader }

func (g guardedReader) Read(b []byte) (n int, err error) {
	cut := CatchFault(func() error {
		n, err = g.r.Read(b)
		return nil
	})
	if cut != nil {
		return 0, cut
	}
	return n, err
}
