//go:build unix

package regular

import (
	"io"
	"io/fs"
	"syscall"
)

// File is an open regular file. Unlike an os.File it costs no system call beside
// those that it is asked for, and needs Close: nothing else closes it.
type File struct {
	fd   int
	path string
	stat syscall.Stat_t
}

// Listed opens a path that a folder's listing has just reported as a regular file.
func Listed(path string) (*File, error) {
	fd, err := again(func() (int, error) { return syscall.Open(path, flags(false)|syscall.O_CLOEXEC, 0) })
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	f := &File{fd: fd, path: path}
	if _, err := again(func() (int, error) { return 0, syscall.Fstat(fd, &f.stat) }); err != nil {
		f.Close()
		return nil, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	if err := check(path, kindOf(uint32(f.stat.Mode))); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Size returns how many bytes the file said it has when it was opened.
func (f *File) Size() int64 { return f.stat.Size }

// Sys returns what the system said of the file then, as an fs.FileInfo does.
func (f *File) Sys() any { return &f.stat }

// kindOf returns the kind of a file, without its permissions.
func kindOf(m uint32) fs.FileMode {
	switch m & syscall.S_IFMT {
	case syscall.S_IFREG:
		return 0
	case syscall.S_IFDIR:
		return fs.ModeDir
	case syscall.S_IFLNK:
		return fs.ModeSymlink
	case syscall.S_IFIFO:
		return fs.ModeNamedPipe
	case syscall.S_IFSOCK:
		return fs.ModeSocket
	case syscall.S_IFBLK, syscall.S_IFCHR:
		return fs.ModeDevice
	}
	return fs.ModeIrregular
}

func (f *File) Read(b []byte) (int, error) {
	n, err := again(func() (int, error) { return syscall.Read(f.fd, b[:min(len(b), maxRead)]) })
	return f.read(n, len(b), err)
}

// ReadAt is as io.ReaderAt has it.
func (f *File) ReadAt(b []byte, at int64) (n int, err error) {
	for n < len(b) {
		k, err := again(func() (int, error) { return syscall.Pread(f.fd, b[n:min(len(b), n+maxRead)], at+int64(n)) })
		if k, err = f.read(k, len(b)-n, err); err != nil {
			return n, err
		}
		n += k
	}
	return n, nil
}

// maxRead is how many bytes one call reads: some systems refuse 2 GiB.
const maxRead = 1 << 30

// read returns what a Read of so many bytes returns.
func (f *File) read(n, asked int, err error) (int, error) {
	switch {
	case err != nil:
		return 0, &fs.PathError{Op: "read", Path: f.path, Err: err}
	case n == 0 && asked > 0:
		return 0, io.EOF
	}
	return n, nil
}

// Close closes the file. Nothing was written, so nothing can be lost.
func (f *File) Close() {
	_ = syscall.Close(f.fd)
	f.fd = -1 // the number may soon be another file's
}

// again calls a system call until no signal interrupts it.
func again(call func() (int, error)) (int, error) {
	for {
		if n, err := call(); err != syscall.EINTR {
			return n, err
		}
	}
}
