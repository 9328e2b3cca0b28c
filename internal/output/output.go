// Package output writes a file completely or not at all.
package output

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"r8scan/internal/regular"
)

// Check returns an error if it is already clear that no file can be written at
// path. An empty path is no error. The error starts with path.
func Check(path string) error {
	if path == "" {
		return nil
	}
	if _, err := os.Stat(filepath.Dir(path)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: its folder does not exist: create it first", path)
	}
	return nil
}

// WriteFile writes what render produces to the file at path, completely or not
// at all: the old file stays until the new one is on disk. After an error, or
// once ctx is done, nothing is left behind. A link is followed and kept. An
// existing file keeps its permissions; a new file gets 0644 less the umask.
// Pipes, devices and open files of the process, such as /dev/stdout, are
// written to directly. The error names path.
func WriteFile(ctx context.Context, path string, render func(io.Writer) error) error {
	err := writeTo(ctx, path, render)
	if err == nil {
		return nil
	}
	// The path in a PathError or LinkError is that of the temporary file, which
	// means nothing to the user.
	var pathErr *fs.PathError
	var linkErr *os.LinkError
	switch {
	case errors.As(err, &pathErr):
		err = pathErr.Err
	case errors.As(err, &linkErr):
		err = linkErr.Err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write %s: %w: create its folder first", path, err)
	}
	return fmt.Errorf("write %s: %w", path, err)
}

func writeTo(ctx context.Context, path string, render func(io.Writer) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if path == "" {
		return errors.New("it has no name")
	}
	info, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	switch {
	case err == nil && info.IsDir(), os.IsPathSeparator(path[len(path)-1]):
		return errors.New("it is a folder: name a file in it")
	case err == nil && !info.Mode().IsRegular():
		return writeDirect(ctx, path, render)
	}
	target, isOpen, err := regular.Target(path)
	if err != nil {
		return err
	}
	if isOpen {
		return writeDirect(ctx, path, render)
	}
	var mode fs.FileMode // 0 for a new file
	if info != nil {
		mode = info.Mode().Perm()
	}
	return Replace(ctx, target, mode, render)
}

// writeDirect appends. Opening /dev/stdout again starts at offset 0, and would
// overwrite what a shell's >> should keep.
func writeDirect(ctx context.Context, path string, render func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	return errors.Join(renderTo(ctx, f, render), f.Close())
}

// Bytes returns what renders a text that is there.
func Bytes(text []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	}
}

// Replace writes what render produces to a new file next to target and renames it:
// target is no link, and gets the mode, or 0644 less the umask if that is 0. After
// an error nothing is left behind. A rename is atomic only within one file system,
// so both are in one folder.
func Replace(ctx context.Context, target string, mode fs.FileMode, render func(io.Writer) error) (err error) {
	dir := filepath.Dir(target)
	// os.CreateTemp would use 0600; with os.OpenFile the kernel applies the
	// umask.
	f, err := os.OpenFile(filepath.Join(dir, ".r8scan-"+rand.Text()+".tmp"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	done := false
	defer func() {
		if !done { // render may have panicked
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if mode != 0 {
		if err := f.Chmod(mode); err != nil {
			return err
		}
	}
	if err := renderTo(ctx, f, render); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), target); err != nil {
		return err
	}
	done = true
	syncDir(dir)
	return nil
}

// syncDir makes the rename durable across a power failure. Some systems cannot
// sync a folder. Errors are ignored, because the file is complete either way.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

func renderTo(ctx context.Context, f *os.File, render func(io.Writer) error) error {
	w := bufio.NewWriterSize(&contextWriter{ctx, f}, 64<<10)
	if err := render(w); err != nil {
		return err
	}
	return w.Flush()
}

// contextWriter returns an error once its context is done.
type contextWriter struct {
	ctx context.Context
	w   io.Writer
}

func (c *contextWriter) Write(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.w.Write(p)
}
