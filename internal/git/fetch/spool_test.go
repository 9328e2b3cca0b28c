package fetch

import (
	"errors"
	"os"
	"runtime"
	"testing"
)

// TestSpool: the file has no name, so nothing is left of it however the process ends,
// and it takes no more than it may.
func TestSpool(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("TMP", dir)
	s, err := NewSpool(10)
	if err != nil {
		t.Fatal(err)
	}
	defer s.File.Close()
	if n, err := s.Write([]byte("PACK.")); n != 5 || err != nil {
		t.Error(n, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 && runtime.GOOS != "windows" {
		t.Errorf("%v, %v", entries, err)
	}
	if _, err := s.Write([]byte("123456")); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	if err := s.End(3); err != nil || s.Size != 8 {
		t.Error(s.Size, err)
	}
	b := make([]byte, 8)
	if _, err := s.File.ReadAt(b, 0); err != nil || string(b) != "PACK.\x00\x00\x00" {
		t.Errorf("%q, %v", b, err)
	}
	t.Setenv("TMPDIR", dir+"/missing")
	t.Setenv("TMP", dir+"/missing")
	if _, err := NewSpool(10); err == nil {
		t.Error("there is no such folder")
	}
}
