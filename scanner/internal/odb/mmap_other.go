//go:build !unix && !windows

package odb

import "os"

// mapFile reads a file into memory: without mmap a pack costs its size.
func mapFile(path string) (data []byte, unmap func() error, err error) {
	data, err = os.ReadFile(path)
	return data, func() error { return nil }, err
}
