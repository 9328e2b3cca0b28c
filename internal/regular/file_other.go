//go:build !unix

package regular

import (
	"io/fs"
	"os"
)

// File is an open regular file.
type File struct {
	f    *os.File
	info fs.FileInfo
}

// Listed opens a path that a folder's listing has just reported as a regular file.
func Listed(path string) (*File, error) {
	f, info, err := open(path, false)
	if err != nil {
		return nil, err
	}
	return &File{f, info}, nil
}

// Size returns how many bytes the file said it has when it was opened.
func (f *File) Size() int64 { return f.info.Size() }

// Sys returns what the system said of the file then, as an fs.FileInfo does.
func (f *File) Sys() any { return f.info.Sys() }

func (f *File) Read(b []byte) (int, error) { return f.f.Read(b) }

// ReadAt is as io.ReaderAt has it.
func (f *File) ReadAt(b []byte, at int64) (int, error) { return f.f.ReadAt(b, at) }

// Close closes the file. Nothing was written, so nothing can be lost.
func (f *File) Close() { _ = f.f.Close() }
