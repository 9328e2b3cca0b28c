package regular

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"
)

// TestListed reads files as os does, in order and at any place.
func TestListed(t *testing.T) {
	for _, content := range [][]byte{nil, []byte("x"), bytes.Repeat([]byte("some text\n"), 10_000)} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := Listed(path)
		if err != nil {
			t.Fatal(err)
		}
		if f.Size() != int64(len(content)) || f.Sys() == nil {
			t.Errorf("size %d, want %d; system's own %v", f.Size(), len(content), f.Sys())
		}
		if err := iotest.TestReader(f, content); err != nil {
			t.Error(err)
		}
		if err := iotest.TestReader(io.NewSectionReader(f, 0, f.Size()), content); err != nil {
			t.Error(err)
		}
		b := make([]byte, 10)
		if n, err := f.ReadAt(b, f.Size()-1); err != io.EOF && len(content) > 0 || n > 1 {
			t.Errorf("across the end: %d bytes, %v", n, err)
		}
		f.Close()
		var of *fs.PathError
		if _, err := f.Read(b); !errors.As(err, &of) || of.Path != path {
			t.Errorf("after Close: %v", err)
		}
	}
}

// TestListedNotRegular: whatever took the place of a file is not opened, and the reason
// says what it is.
func TestListedNotRegular(t *testing.T) {
	dir := t.TempDir()
	if _, err := Listed(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if f, err := Listed(dir); err == nil {
		f.Close()
		t.Error("a folder was opened")
	}
	link := filepath.Join(dir, "link")
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("file", link); err != nil {
		t.Skip(err)
	}
	if f, err := Listed(link); err == nil {
		f.Close()
		t.Error("a link was followed")
	}
}
