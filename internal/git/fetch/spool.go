package fetch

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Spool is a file without a name, which takes a pack. The system removes it however
// the process ends.
type Spool struct {
	File *os.File
	Size int64

	most int64
}

// NewSpool returns an empty spool for so many bytes at most.
func NewSpool(most int64) (*Spool, error) {
	dir := os.TempDir()
	f, err := openSpool(dir)
	if err != nil {
		return nil, fmt.Errorf("the pack cannot be kept in %s: %w: name another folder in TMPDIR", dir, pathless(err))
	}
	return &Spool{File: f, most: most}, nil
}

// ErrTooLarge means that a pack is larger than its spool may be.
var ErrTooLarge = errors.New("the pack is larger than --max-size")

// SpoolError is an error of the disk.
type SpoolError struct{ Err error }

func (e *SpoolError) Error() string { return e.Err.Error() }
func (e *SpoolError) Unwrap() error { return e.Err }

// Write appends to the spool.
func (s *Spool) Write(b []byte) (int, error) {
	if int64(len(b)) > s.most-s.Size {
		return 0, ErrTooLarge
	}
	n, err := s.File.Write(b)
	s.Size += int64(n)
	if errors.Is(err, syscall.ENOSPC) {
		err = fmt.Errorf("%s is full: name another folder in TMPDIR", os.TempDir())
	}
	if err != nil {
		err = &SpoolError{pathless(err)}
	}
	return n, err
}

// End appends n bytes where the checksum of a pack should be that was cut short.
func (s *Spool) End(n int) error {
	_, err := s.File.Write(make([]byte, n))
	s.Size += int64(n)
	return err
}

// pathless removes the path from an error: it is that of no file that exists.
func pathless(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
