// Package regular opens files that an attacker may have replaced. It opens no
// pipe, device or socket: opening one can block forever, or have side effects.
// It checks a file again after opening it, and trusts no size that a file
// claims.
package regular

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// Open opens the regular file at path for reading. A link is an error.
func Open(path string) (*os.File, fs.FileInfo, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, nil, err
	}
	if err := check(path, info.Mode()); err != nil {
		return nil, nil, err
	}
	return open(path, false)
}

// Follow is Open for a path that may be a link to a regular file.
func Follow(path string) (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if err := check(path, info.Mode()); err != nil {
		return nil, nil, err
	}
	return open(path, true)
}

// open opens a file without blocking and checks that it is regular.
func open(path string, follow bool) (*os.File, fs.FileInfo, error) {
	f, err := os.OpenFile(path, flags(follow), 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = check(path, info.Mode())
	}
	if err != nil {
		_ = f.Close() // nothing was read
		return nil, nil, err
	}
	return f, info, nil
}

func check(path string, mode fs.FileMode) error {
	if mode.IsRegular() {
		return nil
	}
	return &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("%w but a %s, which is not opened", ErrOther, Kind(mode))}
}

// ErrOther means that the path is something other than a regular file.
var ErrOther = errors.New("it is no regular file")

// Kind names the kind of a file that is not regular.
func Kind(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "folder"
	case m&fs.ModeSymlink != 0:
		return "link"
	case m&fs.ModeNamedPipe != 0:
		return "named pipe"
	case m&fs.ModeSocket != 0:
		return "socket"
	case m&fs.ModeDevice != 0:
		return "device"
	}
	return "special file"
}

// ErrTooLarge means that a file has more bytes than the limit and was not read.
var ErrTooLarge = errors.New("it is too large")

// Read returns the content of the regular file at path, or ErrTooLarge if it
// has more than limit bytes. A link is an error.
func Read(path string, limit int64) ([]byte, error) { return read(Open, path, limit) }

// ReadFollowed is Read for a path that may be a link.
func ReadFollowed(path string, limit int64) ([]byte, error) { return read(Follow, path, limit) }

func read(open func(string) (*os.File, fs.FileInfo, error), path string, limit int64) ([]byte, error) {
	f, info, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // nothing was written
	return All(f, path, info.Size(), limit)
}

// emptyMax is how many bytes are read of a file that reports size 0. Files of
// the kernel do, and some of them have no end.
const emptyMax = 1 << 20

// All returns the content of a file from Open or Follow that reports size
// bytes, or ErrTooLarge if it has more than limit bytes.
func All(f io.Reader, path string, size, limit int64) ([]byte, error) {
	if size == 0 {
		limit = min(limit, emptyMax)
	}
	var text bytes.Buffer
	if size <= limit {
		text.Grow(int(size) + bytes.MinRead)
		if _, err := text.ReadFrom(io.LimitReader(f, limit+1)); err != nil {
			return nil, err
		}
	}
	if size > limit || int64(text.Len()) > limit {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("%w: it has more than the limit of %d bytes", ErrTooLarge, limit)}
	}
	return text.Bytes(), nil
}

// List returns the entries of the folder dir, sorted by name. If there are more
// than limit, it returns limit of them and ErrTooLarge.
func List(dir string, limit int) ([]fs.DirEntry, error) {
	f, err := os.OpenFile(dir, folderFlags, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close() // nothing was written
	entries, err := f.ReadDir(limit + 1)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if len(entries) > limit {
		entries, err = entries[:limit], &fs.PathError{Op: "list", Path: dir, Err: fmt.Errorf("%w: it has more than the limit of %d entries", ErrTooLarge, limit)}
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}
