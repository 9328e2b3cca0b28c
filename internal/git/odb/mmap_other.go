//go:build !unix && !windows

package odb

import (
	"io"
	"os"

	"r8scan/internal/regular"
)

// MapFile reads a regular file into memory. Without mmap a pack takes its size
// in memory.
func MapFile(path string) (data []byte, unmap func() error, err error) {
	f, info, err := regular.Follow(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	data, err = regular.All(f, path, info.Size(), info.Size())
	return data, func() error { return nil }, err
}

// mapOpen reads the first size bytes of an open file.
func mapOpen(f *os.File, path string, size int64) (data []byte, unmap func() error, err error) {
	data, err = regular.All(io.NewSectionReader(f, 0, size), path, size, size)
	return data, func() error { return nil }, err
}
