package regular

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
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

// Entry returns path, absolute, with the links of its folder followed but not its own.
// If they cannot be followed, it returns the absolute path, and the error.
func Entry(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path, err
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(abs))
	if err != nil {
		return abs, err
	}
	return filepath.Join(dir, filepath.Base(abs)), nil
}

// Contains reports whether path is dir or in it, by their names alone.
func Contains(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// GlobQuoted quotes what is special to filepath.Glob in a path.
func GlobQuoted(path string) string {
	if os.PathSeparator == '\\' {
		return path // there a glob has no quotes
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
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
	return Contains(d, p)
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
