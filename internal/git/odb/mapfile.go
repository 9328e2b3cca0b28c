package odb

import "r8scan/internal/regular"

// MapFile maps a regular file into memory, read-only.
func MapFile(path string) (data []byte, unmap func() error, err error) {
	f, info, err := regular.Follow(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	return mapOpen(f, path, info.Size())
}
