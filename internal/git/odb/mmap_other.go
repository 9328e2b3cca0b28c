//go:build !unix && !windows

package odb

import (
	"io"
	"os"

	"r8scan/internal/regular"
)

// mapOpen reads the first size bytes of an open file. Without mmap a pack takes its
// size in memory.
func mapOpen(f *os.File, path string, size int64) (data []byte, unmap func() error, err error) {
	data, err = regular.All(io.NewSectionReader(f, 0, size), path, size, size)
	return data, func() error { return nil }, err
}
