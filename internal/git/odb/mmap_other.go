//go:build !unix && !windows

package odb

import "r8scan/internal/regular"

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
