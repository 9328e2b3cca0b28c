//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"r8scan/internal/git/gittest"
)

// endless replace a file: opening the first one blocks, the second is a device, and
// the others are regular files that report size 0 and never end.
var endless = map[string]func(path string) error{
	"pipe":    func(path string) error { return syscall.Mkfifo(path, 0o600) },
	"zero":    func(path string) error { return os.Symlink("/dev/zero", path) },
	"pagemap": func(path string) error { return os.Symlink("/proc/self/pagemap", path) },
	"folder":  func(path string) error { return os.Mkdir(path, 0o755) },
}

// gitsFiles are files of git, and whether an audit without them is incomplete: the
// others are not needed, or an audit reads only the name.
var gitsFiles = map[string]bool{
	"HEAD": true, "config": true, "index": true, "packed-refs": true, "shallow": true, "commondir": true, "refs/heads/other": true,
	"objects/info/alternates": true, "objects/pack/pack-1.idx": true, "objects/pack/pack-1.pack": true,
	"objects/00/0123456789abcdef0123456789abcdef012345": true, "objects/text": true, "objects/info/text": true,
	"worktrees/w/HEAD": true, "worktrees/w/commondir": true,
	"MERGE_HEAD": false, "refs/stash": false, "logs/HEAD": false, "logs/refs/stash": false, "info/exclude": false, "modules": false,
	"worktrees/w/gitdir": false, "worktrees/w/index": false, "FETCH_HEAD": false, "sharedindex.1": false,
}

// TestEndlessFiles replaces each file of git's by an endless one. Each scan ends, in
// bounded memory, and is not complete without a file that it needs.
func TestEndlessFiles(t *testing.T) {
	for name, needed := range gitsFiles {
		for kind, put := range endless {
			t.Run(name+" "+kind, func(t *testing.T) {
				t.Parallel()
				repo := hostileRepo(t)
				path := filepath.Join(repo.GitDir(), filepath.FromSlash(name))
				replace(t, path, put)
				if stem, ok := strings.CutPrefix(name, "objects/pack/pack-1"); ok {
					other := map[string]string{".idx": ".pack", ".pack": ".idx"}[stem]
					if err := os.WriteFile(strings.TrimSuffix(path, stem)+other, nil, 0o600); err != nil {
						t.Fatal(err)
					}
				}
				if res := limited(t, repo.Dir, "audit", "-f", "json", "--no-cache", "."); res.complete && needed && kind != "folder" {
					t.Errorf("the audit is complete: %s", res.out)
				}
				limited(t, repo.Dir, "history", "--no-cache", ".")
				limited(t, repo.Dir, "staged", ".")
			})
		}
	}
}

// TestEndlessNamed does the same with files that the user names, and with
// .r8scan.yaml and .git of the scanned tree.
func TestEndlessNamed(t *testing.T) {
	for kind, put := range endless {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			repo := hostileRepo(t)
			bad := filepath.Join(t.TempDir(), "bad")
			replace(t, bad, put)
			for _, flag := range []string{"--config", "--baseline"} {
				if res := limited(t, repo.Dir, "audit", flag, bad, "."); res.code != exitUsage {
					t.Errorf("%s: exit code %d: %s", flag, res.code, res.err)
				}
			}
			replace(t, filepath.Join(repo.Dir, ".r8scan.yaml"), put)
			if res := limited(t, repo.Dir, "audit", "."); res.code != exitUsage {
				t.Errorf("its own configuration: exit code %d: %s", res.code, res.err)
			}
			nested := filepath.Join(repo.Dir, "nested")
			replace(t, filepath.Join(nested, ".git"), put)
			if err := os.Remove(filepath.Join(repo.Dir, ".r8scan.yaml")); err != nil {
				t.Fatal(err)
			}
			if res := limited(t, repo.Dir, "audit", "-f", "json", "."); res.code != exitIncomplete && kind != "folder" {
				t.Errorf("a nested .git: exit code %d: %s", res.code, res.err)
			}
		})
	}
}

func TestEndlessCache(t *testing.T) {
	for kind, put := range endless {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			repo := hostileRepo(t)
			repo.Git("repack", "-adq")
			if res := limited(t, repo.Dir, "history", "."); res.code != exitClean {
				t.Fatalf("exit code %d: %s", res.code, res.err)
			}
			entries, err := filepath.Glob(filepath.Join(filepath.Dir(repo.Dir), "cache", "r8scan", "packs", "*"))
			if err != nil || len(entries) == 0 {
				t.Fatalf("%d entries: %v", len(entries), err)
			}
			for _, path := range entries {
				replace(t, path, put)
			}
			if res := limited(t, repo.Dir, "history", "."); res.code != exitClean {
				t.Errorf("exit code %d: %s", res.code, res.err)
			}
		})
	}
}

// TestRefFolders has folders of refs that lead elsewhere, in circles, and down without
// end.
func TestRefFolders(t *testing.T) {
	for name, make := range map[string]func(refs string) error{
		"a large folder elsewhere": func(refs string) error { return errors.Join(os.RemoveAll(refs), os.Symlink("/usr", refs)) },
		"the root":                 func(refs string) error { return errors.Join(os.RemoveAll(refs), os.Symlink("/", refs)) },
		"a folder of refs that is a link": func(refs string) error {
			return os.Symlink("/usr", filepath.Join(refs, "heads", "x"))
		},
		"a circle": func(refs string) error { return os.Symlink("..", filepath.Join(refs, "heads", "x")) },
		"deep":     func(refs string) error { return deepFolders(filepath.Join(refs, "heads"), 10_000) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repo := hostileRepo(t)
			if err := make(filepath.Join(repo.GitDir(), "refs")); err != nil {
				t.Fatal(err)
			}
			for _, command := range []string{"audit", "history"} {
				want := exitIncomplete
				if name == "a circle" {
					want = exitClean // git follows it as far as the system does, and nothing is missing
				}
				if res := limited(t, repo.Dir, command, "-f", "json", "."); res.code != want {
					t.Errorf("%s: exit code %d: %s", command, res.code, res.err)
				}
			}
		})
	}
}

// deepFolders creates n nested folders. The path to the last one is too long.
func deepFolders(dir string, n int) error {
	at, err := syscall.Open(dir, syscall.O_DIRECTORY, 0)
	for ; n > 0 && err == nil; n-- {
		up := at
		if err = syscall.Mkdirat(up, "a", 0o755); err == nil {
			at, err = syscall.Openat(up, "a", syscall.O_DIRECTORY, 0)
		}
		err = errors.Join(err, syscall.Close(up))
	}
	return errors.Join(err, syscall.Close(at))
}

// TestIndexBombs reads small indexes that expand to much data.
func TestIndexBombs(t *testing.T) {
	entry := func(mode uint32, name string) string {
		fixed := make([]byte, 62)
		binary.BigEndian.PutUint32(fixed[24:], mode)
		fixed[61] = byte(len(name))
		return string(fixed) + "\x00" + name + "\x00"
	}
	sparse := map[string]int64{"more than there can be": 400 << 20, "too large": 1 << 40}
	for name, index := range map[string][]byte{
		"paths of version 4":     indexFile(4, 60_000, strings.Repeat(entry(0o100644, "a"), 60_000)),
		"deep paths":             indexFile(4, 60_000, strings.Repeat(entry(0o100644, "a/"), 60_000)),
		"sparse folders":         indexFile(4, 60_000, strings.Repeat(entry(0o040000, "a/"), 60_000)+"sdir\x00\x00\x00\x00"),
		"a long path":            indexFile(4, 1, entry(0o100644, strings.Repeat("a/", 4<<20))),
		"more than it has":       indexFile(2, 1<<32-1, strings.Repeat("\x00", 1<<20)),
		"more than there can be": indexFile(2, 5<<20, "")[:12],
		"too large":              indexFile(2, 1, "")[:12],
		"split, without an end":  indexFile(2, 0, "link\x00\x00\x00\x14"+strings.Repeat("\x01", 20)),
	} {
		t.Run(name, func(t *testing.T) {
			repo := hostileRepo(t)
			path := filepath.Join(repo.GitDir(), "index")
			err := os.WriteFile(path, index, 0o600)
			if size := sparse[name]; size > 0 {
				err = errors.Join(err, os.Truncate(path, size))
			}
			if err != nil {
				t.Fatal(err)
			}
			if res := limited(t, repo.Dir, "audit", "-f", "json", "."); res.code != exitIncomplete {
				t.Errorf("audit: exit code %d: %s", res.code, res.err)
			}
			if res := limited(t, repo.Dir, "staged", "-f", "json", "."); res.code != exitUsage && res.code != exitIncomplete {
				t.Errorf("staged: exit code %d: %s", res.code, res.err)
			}
		})
	}
}

// indexFile returns an index with the right checksum.
func indexFile(version, entries uint32, rest string) []byte {
	data := binary.BigEndian.AppendUint32([]byte("DIRC"), version)
	data = append(binary.BigEndian.AppendUint32(data, entries), rest...)
	sum := sha1.Sum(data)
	return append(data, sum[:]...)
}

// hostileRepo creates a repository with a commit and no token.
func hostileRepo(t *testing.T) *gittest.Repo {
	t.Helper()
	repo := gittest.New(t)
	repo.Write("file", "nothing")
	repo.Git("add", ".")
	repo.Git("commit", "-qm", "one")
	return repo
}

// replace removes what is at path and calls put for it.
func replace(t *testing.T, path string, put func(path string) error) {
	t.Helper()
	if err := errors.Join(os.RemoveAll(path), os.MkdirAll(filepath.Dir(path), 0o755), put(path)); err != nil {
		t.Fatal(err)
	}
}

type limitedRun struct {
	code     int
	out, err string
	complete bool
}

// limited runs r8scan in a folder with 4 GB of address space. It fails the test if
// r8scan crashes or does not end.
func limited(t *testing.T, dir string, args ...string) limitedRun {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	limit := "4000000"
	if raceDetected() { // which takes terabytes of addresses
		limit = "unlimited"
	}
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", `ulimit -v "$0" && exec r8scan "$@"`, limit}, args...)...)
	home := filepath.Dir(dir)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CACHE_HOME="+filepath.Join(home, "cache"), "XDG_CONFIG_HOME="+filepath.Join(home, "xdg"))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if ctx.Err() != nil {
		t.Fatalf("r8scan %v does not end", args)
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	res := limitedRun{code: cmd.ProcessState.ExitCode(), out: out.String(), err: errs.String()}
	if res.code < exitClean || res.code > exitIncomplete || strings.Contains(res.err, "goroutine") {
		t.Fatalf("r8scan %v: exit code %d: %.2000s", args, res.code, res.err)
	}
	var doc struct{ Complete bool }
	if err := json.Unmarshal(out.Bytes(), &doc); err == nil {
		res.complete = doc.Complete
	}
	return res
}

// raceDetected reports whether the tests run with the race detector.
func raceDetected() bool {
	info, _ := debug.ReadBuildInfo()
	return info != nil && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
