//go:build unix

package regular

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestReadNamed reads an open pipe, as a shell passes it for <(command), and no
// pipe on disk.
func TestReadNamed(t *testing.T) {
	dir := t.TempDir()
	file, fifo, link := filepath.Join(dir, "file"), filepath.Join(dir, "fifo"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skip(err)
	}
	piped := func(text string) string {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		go func() {
			w.WriteString(text) // fails once the reader has enough
			w.Close()
		}()
		return fmt.Sprint("/dev/fd/", r.Fd())
	}
	if err := os.Symlink(piped("linked"), link); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{file: "text", piped("pipe"): "pipe", piped(""): "", link: "linked", os.DevNull: ""} {
		if text, err := ReadNamed(path, 8); string(text) != want || err != nil {
			t.Errorf("%s: %q, %v", path, text, err)
		}
	}
	for path, want := range map[string]error{piped(strings.Repeat("x", 1<<20)): ErrTooLarge, fifo: ErrOther, dir: ErrOther, "/dev/zero": ErrOther, filepath.Join(dir, "none"): os.ErrNotExist} {
		if _, err := ReadNamed(path, 8); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
}

// TestListedKinds: no pipe, socket or device takes a file's place.
func TestListedKinds(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, kind := range map[string]string{pipe: "named pipe", os.DevNull: "device", dir: "folder"} {
		_, err := Listed(path)
		if !errors.Is(err, ErrOther) || !strings.Contains(err.Error(), kind) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
