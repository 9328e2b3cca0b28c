//go:build unix

package source

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"r8scan/internal/budget"
	"r8scan/internal/collect"
	"r8scan/internal/git/gittest"
)

// TestSockets makes sure that sockets, which hold nothing, are skipped wherever they
// are. A pipe may hold anything, and is named.
func TestSockets(t *testing.T) {
	r := gittest.New(t)
	r.Git("commit", "-q", "--allow-empty", "-m", "one")
	for _, in := range []string{".git", ".git/objects", ".git/objects/pack", ".git/refs/heads", ".git/logs", ".git/hooks", ".", "sub"} {
		dir := filepath.Join(r.Dir, filepath.FromSlash(in))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		t.Chdir(dir) // a socket's path must be short
		socket, err := net.Listen("unix", "s")
		if err != nil {
			t.Skip(err)
		}
		defer socket.Close()
	}
	unread := func() bool {
		env := &Env{Budget: budget.New(0, 2), Goroutines: 2}
		env.Sink = collect.NewSink(env.Budget)
		s, err := OpenRepository(r.Dir)
		if err != nil {
			t.Fatal(err)
		}
		read, err := s.Read(context.Background(), env)
		if err != nil {
			t.Fatal(err)
		}
		for _, repo := range read.Repos {
			for _, p := range append(repo.Git.Problems, repo.Git.Refs.Problems...) {
				t.Error(p)
			}
			for _, p := range repo.Store.Problems() {
				t.Error(p)
			}
			repo.Store.Close()
		}
		return !env.Sink.Clean()
	}
	if unread() {
		t.Error("a socket is named as unread")
	}
	if err := syscall.Mkfifo(filepath.Join(r.Dir, ".git", "pipe"), 0o644); err != nil {
		t.Skip(err)
	}
	if !unread() {
		t.Error("a pipe is not named as unread")
	}
}
