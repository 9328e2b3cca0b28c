package odb

import (
	"os"
	"syscall"
	"unsafe"
)

// mapOpen maps the first size bytes of an open file.
func mapOpen(f *os.File, path string, size int64) (data []byte, unmap func() error, err error) {
	if size == 0 {
		return nil, func() error { return nil }, nil
	}
	mapping, err := syscall.CreateFileMapping(syscall.Handle(f.Fd()), nil, syscall.PAGE_READONLY, 0, 0, nil)
	if err != nil {
		return nil, nil, &os.PathError{Op: "map", Path: path, Err: err}
	}
	defer syscall.CloseHandle(mapping) // the view keeps it open
	at, err := syscall.MapViewOfFile(mapping, syscall.FILE_MAP_READ, 0, 0, uintptr(size))
	if err != nil {
		return nil, nil, &os.PathError{Op: "map", Path: path, Err: err}
	}
	// The address is not in Go's memory, so the garbage collector ignores it.
	data = unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&at))), size)
	return data, func() error { return syscall.UnmapViewOfFile(at) }, nil
}
