//go:build unix

package output

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
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

// What lies below /dev and is a plain file is written like any other.
func TestWriteFileInMemory(t *testing.T) {
	dir, err := os.MkdirTemp("/dev/shm", "r8scan-")
	if err != nil {
		t.Skip(err)
	}
	defer os.RemoveAll(dir)
	for path, name := range map[string]string{
		filepath.Join(dir, "a"):                                       "a",
		"/dev/../dev/shm/" + filepath.Base(dir) + "/b":                "b",
		"/proc/self/root/dev/shm/" + filepath.Base(dir) + "/./c.json": "c.json",
	} {
		for _, text := range []string{"first, the longer one", "second"} {
			if err := WriteFile(t.Context(), path, writes(text)); err != nil {
				t.Fatal(err)
			}
			if got := content(t, filepath.Join(dir, name)); got != text {
				t.Errorf("%s holds %q", path, got)
			}
		}
	}
	onlyFiles(t, dir, "a", "b", "c.json")
}

// What a link leads to counts: a device is written to and stays, and so does an
// open file of the process, by whatever path it is called.
func TestWriteFileInPlace(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("/dev/null", filepath.Join(dir, "null")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/dev/null", filepath.Join(dir, "null")} {
		if err := WriteFile(t.Context(), path, writes("x")); err != nil {
			t.Error(err)
		}
	}
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode().IsRegular() {
		t.Fatalf("/dev/null is %v, %v", info, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "open"), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	open := fmt.Sprintf("/dev/fd/%d", f.Fd())
	if _, err := os.Stat(open); err != nil {
		t.Skip(err)
	}
	if err := os.Symlink(open, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{open, filepath.Join(dir, "link")} {
		if err := WriteFile(t.Context(), path, writes("x")); err != nil {
			t.Error(err)
		}
	}
	if err := os.Remove(f.Name()); err != nil { // the link now says "(deleted)", which is no path
		t.Fatal(err)
	}
	if err := WriteFile(t.Context(), open, writes("x")); err != nil && runtime.GOOS == "linux" {
		t.Error(err)
	}
	if info, err := f.Stat(); err != nil || info.Size() < 2 {
		t.Errorf("%v, %v: the open file did not grow", info, err)
	}
	onlyFiles(t, dir, "link", "null")
}
