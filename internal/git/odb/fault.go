package odb

import (
	"errors"
	"io"
	"runtime/debug"
)

var errCut = errors.New("the file was cut short while it was read")

// CatchFault runs f. A mapped file that is cut short while it is read faults; that
// becomes an error, not the end of the process.
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

// isFault reports whether a recovered panic is a fault of memory access. A nil
// pointer, which is a mistake of ours, is none.
func isFault(r any) bool {
	_, fault := r.(interface{ Addr() uintptr })
	return fault
}

// guardedReader reads from a mapped file, which may be cut short meanwhile.
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
