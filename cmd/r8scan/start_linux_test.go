package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestAlone: r8scan without arguments on a terminal says where the user is and how to
// start. Without a terminal at both ends it prints its help.
func TestAlone(t *testing.T) {
	dir := t.TempDir()
	repo, outside := filepath.Join(dir, "app"), filepath.Join(dir, "outside")
	for _, args := range [][]string{{"init", "-q", "-b", "main", repo}, {"init", "-q", "--bare", filepath.Join(dir, "bare.git")}} {
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v: %s", args, err, out)
		}
	}
	for _, folder := range []string{outside, filepath.Join(repo, "src")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for folder, want := range map[string][]string{
		repo:                           {"You are in the git repository " + repo + ", on the branch main.", "r8scan audit     scan it: files, index, and every git object"},
		filepath.Join(repo, "src"):     {"You are in the git repository " + repo + ","},
		filepath.Join(dir, "bare.git"): {"You are in the bare git repository ", "r8scan audit "},
		outside:                        {"You are in no git repository.", "r8scan files     scan the files in this folder"},
	} {
		ctrl, tty := openTerminal(t)
		cmd := exec.Command("r8scan")
		cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = folder, tty, tty, tty
		cmd.Env = []string{"TERM=xterm", "HOME=" + dir, "PATH=" + os.Getenv("PATH"), "GIT_CEILING_DIRECTORIES=" + dir}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		_ = tty.Close()
		text, code := (&onTerminal{cmd, bufio.NewReader(ctrl), ctrl}).rest(t)
		if code != exitClean || strings.Contains(text, "Usage:") {
			t.Errorf("%s: exit %d\n%s", folder, code, text)
		}
		wantAll(t, text, append(want, "r8scan install", "r8scan --help")...)
	}
}
