//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestDoctorUnread makes sure that a file that cannot be read is named.
func TestDoctorUnread(t *testing.T) {
	home, dir := sickbed(t)
	hosts := filepath.Join(home, ".config", "replicate", "hosts")
	docker := filepath.Join(home, ".docker", "config.json")
	node := filepath.Join(dir, "node_modules", "replicate", "package.json")
	for _, path := range []string{hosts, docker, node, filepath.Join(dir, ".env")} {
		writeFile(t, filepath.Join(filepath.Dir(path), "x"), "", 0o600)
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Skip(err)
		}
	}
	writeFile(t, ".env.large", strings.Repeat("#\n", 1<<20), 0o600)
	if err := os.Mkdir(".env.d", 0o700); err != nil {
		t.Fatal(err)
	}
	_, out := diagnose(t, nil)
	wantAll(t, out, ".env: was not read: it is no regular file but a named pipe", ".env.large: was not read: it is too large", "hosts: was not read", "config.json: was not read", "package.json: was not read")
	if strings.Contains(out, "is not logged in") || strings.Contains(out, ".env.d") {
		t.Error(out)
	}
}
