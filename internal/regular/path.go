package regular

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// Real returns path with its links followed. git writes real paths into its
// files, so what is shown must be relative to a real root.
func Real(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	real, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return path // some file systems cannot resolve the links of a path that exists
	}
	return real
}

// Within reports whether path, with its links followed, is in dir.
func Within(dir, path string) bool {
	d, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return false
	}
	p, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(d, p)
	return err == nil && filepath.IsLocal(rel)
}

// Reason returns the operation and the cause of an error. It leaves out the
// path, which the caller shows.
func Reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) && !errors.Is(err, ErrOther) {
		return fmt.Sprintf("%s: %v", p.Op, p.Err)
	}
	return Cause(err)
}

// Cause is Reason without the operation.
func Cause(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
