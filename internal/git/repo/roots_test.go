package repo

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
)

// FuzzIndexIDs checks that reading ids in index extensions ends and stays in
// bounds.
func FuzzIndexIDs(f *testing.F) {
	id := strings.Repeat("i", 20)
	f.Add([]byte("a/b\x00100644\x00100755\x000\x00"+id+id), []byte("\x003 2\n"+id+"a\x002 1\n"+id+"b\x001 0\n"+id+"c\x00-1 0\n"))
	f.Add([]byte("a\x00160000\x000\x000\x00"+id), []byte("\x00-1 1\na\x001 0\n"))
	f.Fuzz(func(t *testing.T, undo, tree []byte) {
		ids := 0
		resolveUndo(undo, 20, func(id []byte) { ids += len(id) })
		if ids > len(undo) {
			t.Errorf("%d bytes of ids in %d", ids, len(undo))
		}
		ids = 0
		parseCacheTree(tree, 20).IDs(func(id []byte) { ids += len(id) })
		if ids > len(tree) {
			t.Errorf("%d bytes of ids in %d", ids, len(tree))
		}
	})
}

// FuzzRoots uses any text as each of the files that name objects. Results must
// be full or abbreviated ids.
func FuzzRoots(f *testing.F) {
	dir := f.TempDir()
	for _, sub := range []string{"rebase-merge", "sequencer", "logs", "objects"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			f.Fatal(err)
		}
	}
	id := strings.Repeat("1a", 20)
	f.Add([]byte(id + "\n"))
	f.Add([]byte("pick 1234 x\nmerge -C " + id + " y\n# bad: [" + id + "] z\ngit bisect good '" + id + "'\n"))
	f.Add([]byte(id + " " + id + " A <a@b> 1 +0000\tx\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, name := range []string{"HEAD", "FETCH_HEAD", "MERGE_HEAD", "BISECT_LOG", "shallow", "logs/HEAD", "rebase-merge/onto", "rebase-merge/done", "rebase-merge/rewritten-list", "sequencer/todo"} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		r := newRepo(Place{Dir: dir, Common: dir, Hash: 20})
		r.Roots(func(root Root) {
			if len(root.ID) < 4 || len(root.ID) > 40 || !bytes.Contains(text, []byte(root.ID)) {
				t.Errorf("%s: %q", root.File, root.ID)
			}
		})
	})
}

// TestResolveUndo compares the versions that an index remembers with git.
func TestResolveUndo(t *testing.T) {
	r := gittest.New(t)
	r.Write("a", "one")
	r.Git("add", ".")
	r.Git("commit", "-qm", "one")
	r.Git("checkout", "-qb", "side")
	r.Write("a", "side")
	r.Git("commit", "-qam", "side")
	r.Git("checkout", "-q", "main")
	r.Write("a", "main")
	r.Git("commit", "-qam", "main")
	if _, err := r.Try("", "merge", "side"); err == nil {
		t.Fatal("there is no conflict")
	}
	r.Write("a", "resolved")
	r.Git("add", "a")
	x, err := openLinked(t, r).ReadIndex()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for n, id := range x.Undo {
		got = append(got, fmt.Sprintf("100644 %s %d\ta", hex.EncodeToString(id), n+1))
	}
	if want := r.Git("ls-files", "--resolve-undo"); strings.Join(got, "\n") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestCacheTreeIDs compares the trees that an index knows with git's.
func TestCacheTreeIDs(t *testing.T) {
	r := gittest.New(t)
	for _, name := range []string{"a", "b/c", "b/d/e", "f/g/h/i", "j"} {
		r.Write(name, name)
	}
	r.Git("add", ".")
	want := []string{r.Git("write-tree")}
	want = append(want, gittest.Lines(r.Git("ls-tree", "-rtd", "--format=%(objectname)", want[0]))...)
	x, err := openLinked(t, r).ReadIndex()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	x.Tree.IDs(func(id []byte) { got = append(got, hex.EncodeToString(id)) })
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestRootsOutside checks that no link out of the git directory is read, in
// place of any of its files.
func TestRootsOutside(t *testing.T) {
	secret := strings.Repeat("ab", 20)
	for _, name := range []string{"FETCH_HEAD", "logs", "shallow", "info/grafts", "rebase-merge", "worktrees/w/refs"} {
		t.Run(name, func(t *testing.T) {
			r := gittest.New(t)
			r.Git("commit", "-q", "--allow-empty", "-m", "one")
			r.Git("worktree", "add", "-q", "--detach", filepath.Join(t.TempDir(), "w"))
			outside := t.TempDir()
			for _, file := range []string{"file", "onto", "HEAD", "bisect/x"} {
				put(t, filepath.Join(outside, filepath.FromSlash(file)), secret+"\n")
			}
			path := filepath.Join(r.GitDir(), filepath.FromSlash(name))
			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
			to := outside
			if name == "FETCH_HEAD" || name == "shallow" || name == "info/grafts" {
				to = filepath.Join(outside, "file")
			}
			symlink(t, to, path)
			main := mustOpen(t, r)
			for _, g := range append(main.Worktrees(), main) {
				for _, p := range g.Roots(func(root Root) {
					if root.ID == secret {
						t.Errorf("%s of %s was read", root.Name, root.File)
					}
				}) {
					if strings.Contains(p.Reason, secret) {
						t.Errorf("%s: %s", p.What, p.Reason)
					}
				}
			}
		})
	}
}
