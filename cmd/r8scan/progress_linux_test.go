package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"r8scan/internal/git/gittest"
)

// onTerminal is r8scan with standard error on a terminal.
type onTerminal struct {
	*exec.Cmd
	screen *bufio.Reader // what it shows
	ctrl   *os.File
}

// openTerminal returns a terminal and its other end.
func openTerminal(t *testing.T) (ctrl, tty *os.File) {
	t.Helper()
	ctrl, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminal for a test:", err)
	}
	t.Cleanup(func() { _ = ctrl.Close() })
	if err := unix.IoctlSetPointerInt(int(ctrl.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(ctrl.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return ctrl, tty
}

// startOnTerminal starts r8scan on a terminal of so many columns, with nothing in
// its environment that keeps progress away but env.
func startOnTerminal(t *testing.T, columns uint16, stdin *os.File, env []string, args ...string) *onTerminal {
	t.Helper()
	ctrl, tty := openTerminal(t)
	defer tty.Close()
	c := &onTerminal{exec.Command("r8scan", args...), bufio.NewReader(ctrl), ctrl}
	c.resize(t, columns)
	c.Stderr = tty
	if stdin != nil { // a nil *os.File is no nil io.Reader
		c.Stdin = stdin
	}
	c.Env = append([]string{"TERM=xterm", "HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}, env...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *onTerminal) resize(t *testing.T, columns uint16) {
	t.Helper()
	if err := unix.IoctlSetWinsize(int(c.ctrl.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
}

// frame returns the next line that is drawn over another one.
func (c *onTerminal) frame(t *testing.T) string {
	t.Helper()
	text, err := c.screen.ReadString('J')
	if err != nil {
		t.Fatalf("%v after %q", err, text)
	}
	return strings.TrimSuffix(text[strings.LastIndex(text, "\r")+1:], "\x1b[J")
}

// rest returns what is shown until the program ends, and its exit code.
func (c *onTerminal) rest(t *testing.T) (text string, code int) {
	t.Helper()
	var b strings.Builder
	_, err := c.screen.WriteTo(&b) // reading fails once nobody has the terminal
	if err != nil && !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	err = c.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return b.String(), c.ProcessState.ExitCode()
}

// openInput returns an input that does not end, and has much in it already.
func openInput(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	if _, err := w.WriteString("T=" + seededToken(1) + "\n"); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestProgressOnTerminal: the line keeps to the terminal, which becomes narrower and
// wider meanwhile, is gone at the end, and shows no token.
func TestProgressOnTerminal(t *testing.T) {
	c := startOnTerminal(t, 120, openInput(t), nil, "files", "-")
	for _, columns := range []int{120, 20, 1, 60} {
		c.resize(t, uint16(columns))
		want := "file"
		if columns == 1 {
			want = ""
		}
		for line := c.frame(t); len(line) >= columns || !strings.Contains(line, want); line = c.frame(t) {
			if len(line) >= 120 {
				t.Fatalf("%q", line)
			}
		}
		for range 3 { // what was drawn for the former width has passed
			if line := c.frame(t); len(line) >= columns || !strings.Contains(line, want) {
				t.Errorf("%d columns: %q", columns, line)
			}
		}
	}
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	text, code := c.rest(t)
	if code != exitInterrupted || !strings.HasSuffix(text, "\r\x1b[J\rinterrupted: 1 file (43 B) read; 0 tokens so far\r\n") {
		t.Errorf("exit %d, %q", code, text)
	}
	assertNoToken(t, text, seededToken(1))
}

// TestProgressWhereUnwanted: nothing is drawn where nobody wants to see it.
func TestProgressWhereUnwanted(t *testing.T) {
	for _, tt := range []struct {
		name string
		env  []string
		args []string
		told bool
	}{
		{"NO_COLOR", []string{"NO_COLOR=1"}, nil, true},
		{"CI", []string{"CI=true"}, nil, true},
		{"no progress", nil, []string{"--no-progress"}, true},
		{"quiet", nil, []string{"-q"}, false},
		{"a dumb terminal", []string{"TERM=dumb"}, nil, true},
	} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		c := startOnTerminal(t, 80, r, tt.env, append([]string{"files", "-"}, tt.args...)...)
		_ = r.Close()
		// No pipe holds as much: once it is written, the scan is reading.
		if _, err := w.WriteString(strings.Repeat("x\n", 1<<20)); err != nil {
			t.Fatal(err)
		}
		if err := c.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		text, code := c.rest(t)
		_ = w.Close()
		told := regexp.MustCompile(`^interrupted: 1 file \(2\.\d MB\) read; 0 tokens so far\r\n$`).MatchString(text)
		if code != exitInterrupted || strings.Contains(text, "\x1b") || told != tt.told || !told && text != "" {
			t.Errorf("%s: exit %d, %q", tt.name, code, text)
		}
	}
}

// TestInterruptedHistory interrupts the scan of a large repository when its first
// line is drawn: it says how far it was, and leaves no file.
func TestInterruptedHistory(t *testing.T) {
	const blobs, lines = 100, 400_000
	r := gittest.New(t, "--bare")
	m := &gittest.Import{}
	var files []gittest.File
	var long strings.Builder // much to read, and little in the pack: each is a delta of the one before it
	for i := range lines {
		fmt.Fprintln(&long, "this is the line", i)
	}
	packed := gzipped(t, long.String())
	for i := range blobs {
		files = append(files, gittest.File{Path: fmt.Sprint("f", i), Mark: m.Blob(gzipped(t, fmt.Sprint(i)) + packed)})
	}
	m.Commit("refs/heads/main", "all", nil, files...)
	m.Run(r)
	out := filepath.Join(t.TempDir(), "out.json")
	c := startOnTerminal(t, 80, nil, nil, "history", r.Dir, "-j", "1", "-o", out, "--no-cache")
	first := c.frame(t)
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	text, code := c.rest(t)
	told := regexp.MustCompile(`\r\x1b\[J\rinterrupted: [\d,]+ of 102 objects read; 0 tokens so far\r\n$`)
	if code != exitInterrupted || !told.MatchString(text) || !strings.HasPrefix(first, "reading packs  ") || len(first) >= 80 {
		t.Errorf("exit %d: %q, then %q", code, first, text)
	}
	if list, err := os.ReadDir(filepath.Dir(out)); err != nil || len(list) > 0 {
		t.Errorf("%v was left, %v", list, err)
	}
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
