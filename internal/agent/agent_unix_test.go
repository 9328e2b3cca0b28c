//go:build unix

package agent

import (
	"path/filepath"
	"syscall"
	"testing"
)

// TestPipe does not wait for the writer of a named pipe.
func TestPipe(t *testing.T) {
	r := project(t)
	if err := syscall.Mkfifo(filepath.Join(r.Dir, "pipe"), 0o600); err != nil {
		t.Skip(err)
	}
	if got := ask(t, r.Dir, "Edit", fields{"file_path": "pipe", "old_string": "a", "new_string": token}); got == "" {
		t.Error("it passes")
	}
	if got := ask(t, r.Dir, "Bash", fields{"command": "cat pipe > main.py"}); got != "" {
		t.Error(got)
	}
}
