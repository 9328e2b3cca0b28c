//go:build !unix && !windows

package odb

import "os"

// MapFile reads a file into memory: without mmap a pack costs its size.
func MapFile(path string) (data []byte, unmap func() error, err error) {
	data, err = os.ReadFile(path)
	return data, func() error { return nil }, err
}
