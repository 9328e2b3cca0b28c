// Package gittest makes git repositories for tests. It needs git, and ignores
// the user's configuration.
package gittest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Repo is a repository in its own folder, which is removed after the test.
type Repo struct {
	T   testing.TB
	Dir string // the work tree, or the git directory of a bare repository
	Env []string
}

// New makes an empty repository; args are passed to git init. Without git the
// test is skipped.
func New(t testing.TB, args ...string) *Repo {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir := t.TempDir()
	r := &Repo{T: t, Dir: filepath.Join(dir, "repo"), Env: []string{
		"HOME=" + dir, "XDG_CONFIG_HOME=" + filepath.Join(dir, "xdg"), "PATH=" + os.Getenv("PATH"), "LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.org", "GIT_AUTHOR_DATE=1700000000 +0100",
		"GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.org", "GIT_COMMITTER_DATE=1700000000 +0100",
	}}
	if root := os.Getenv("SystemRoot"); root != "" { // Windows programs need it to start
		r.Env = append(r.Env, "SystemRoot="+root)
	}
	if err := os.Mkdir(r.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	r.Git(append([]string{"-c", "init.defaultBranch=main", "init", "-q"}, args...)...)
	r.Git("config", "gc.auto", "0")
	r.Git("config", "fastimport.unpackLimit", "1") // even a small import makes a pack
	return r
}

// Git runs git in the repository and returns its output without the last line
// feed. An error fails the test.
func (r *Repo) Git(args ...string) string {
	r.T.Helper()
	return r.GitInput("", args...)
}

// GitInput is Git with a standard input.
func (r *Repo) GitInput(stdin string, args ...string) string {
	r.T.Helper()
	out, err := r.Try(stdin, args...)
	if err != nil {
		r.T.Fatal(err)
	}
	return out
}

// Try is GitInput for commands that may fail.
func (r *Repo) Try(stdin string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = r.Dir, r.Env
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, errs.String())
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

// Write writes a file of the work tree.
func (r *Repo) Write(path, content string) {
	r.T.Helper()
	full := filepath.Join(r.Dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		r.T.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
		r.T.Fatal(err)
	}
}

// GitDir returns the git directory.
func (r *Repo) GitDir() string {
	if dir := filepath.Join(r.Dir, ".git"); exists(dir) {
		return dir
	}
	return r.Dir
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func (r *Repo) readFile(path string) string {
	r.T.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		r.T.Fatal(err)
	}
	return strings.TrimSuffix(string(text), "\n")
}

// Lines splits output into lines; nil for "".
func Lines(out string) []string {
	if out == "" {
		return nil
	}
	return strings.Split(out, "\n")
}

// Token returns the n-th fake token. It is put together here, so that no file
// of this repository contains one.
func Token(n int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	var b strings.Builder
	b.WriteString("r8_")
	for i := 0; b.Len() < 40; i++ {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d/%d", n, i))
		b.WriteByte(letters[int(sum[0])%len(letters)])
	}
	return b.String()
}
