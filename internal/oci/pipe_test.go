//go:build unix

package oci

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestPipe: a pipe that nobody writes to is not waited for.
func TestPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "config.json")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("no pipes here")
	}
	t.Setenv("DOCKER_CONFIG", filepath.Dir(pipe))
	if k := newKeychain(); len(k.config.Auths) > 0 {
		t.Error("a pipe has logins")
	}
	if _, err := Open(t.Context(), "docker-archive:"+pipe); err == nil || !strings.Contains(err.Error(), "named pipe") {
		t.Errorf("%v", err)
	}
}
