//go:build unix

package odb

import (
	"os"
	"syscall"

	"r8scan/internal/regular"
)

// MapFile maps a regular file into memory, read-only.
func MapFile(path string) (data []byte, unmap func() error, err error) {
	f, info, err := regular.Follow(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	return mapOpen(f, path, info.Size())
}

// mapOpen maps the first size bytes of an open file.
func mapOpen(f *os.File, path string, size int64) (data []byte, unmap func() error, err error) {
	if size == 0 {
		return nil, func() error { return nil }, nil
	}
	data, err = syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, nil, &os.PathError{Op: "map", Path: path, Err: err}
	}
	return data, func() error { return syscall.Munmap(data) }, nil
}
