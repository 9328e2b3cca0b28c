package regular

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// Real follows the links in path: git writes real paths into its files, and
// what it names is to be shown relative to the same root.
func Real(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	real, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return path // it exists, and some file systems cannot tell more
	}
	return real
}

// Within reports whether path, with its links followed, lies in dir.
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

// Reason says why without repeating the path, which is named beside it.
func Reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) && !errors.Is(err, ErrOther) {
		return fmt.Sprintf("%s: %v", p.Op, p.Err)
	}
	return Cause(err)
}

// Cause is Reason without what was tried.
func Cause(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
