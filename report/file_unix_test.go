//go:build unix

package report

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A pipe is no file to be replaced: what waits at its other end reads it.
func TestWriteFileToAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	got := make(chan string)
	go func() {
		data, err := os.ReadFile(path)
		if err != nil {
			data = []byte(err.Error())
		}
		got <- string(data)
	}()
	if err := WriteFile(t.Context(), path, writes("report")); err != nil {
		t.Fatal(err)
	}
	if s := <-got; s != "report" {
		t.Errorf("the pipe gave %q", s)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode().IsRegular() {
		t.Errorf("the pipe became %v, %v", info, err)
	}
}

// -o /dev/stdout with the shell's >> must add to the file, not replace it. The
// test runs itself to have a standard output of its own.
func TestWriteFileToStandardOutput(t *testing.T) {
	if os.Getenv("R8SCAN_TEST_STDOUT") != "" {
		if err := WriteFile(t.Context(), "/dev/stdout", writes("report\n")); err != nil {
			t.Fatal(err)
		}
		return
	}
	if _, err := os.Stat("/dev/stdout"); err != nil {
		t.Skip(err)
	}
	path := filepath.Join(t.TempDir(), "log")
	log, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if _, err := io.WriteString(log, "before\n"); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestWriteFileToStandardOutput$")
	cmd.Env = append(os.Environ(), "R8SCAN_TEST_STDOUT=1")
	cmd.Stdout, cmd.Stderr = log, os.Stderr
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if got := content(t, path); !strings.HasPrefix(got, "before\nreport\n") {
		t.Errorf("the file holds %q", got)
	}
	onlyFiles(t, filepath.Dir(path), "log")
}
