package odb_test

import (
	"encoding/hex"
	"path/filepath"
	"strings"
	"testing"

	"r8scan/internal/budget"
	"r8scan/internal/git/gittest"
	"r8scan/internal/git/odb"
)

// TestEntryAt finds the paths of a commit as git ls-tree does.
func TestEntryAt(t *testing.T) {
	r := gittest.New(t)
	for _, path := range []string{"a.txt", "dir/b.txt", "dir/sub/c.txt", "dir.txt", "DIR2/d.txt"} {
		r.Write(path, path)
	}
	r.Git("add", ".")
	r.GitInput("dir\n", "hash-object", "-w", "--stdin")
	r.Git("update-index", "--add", "--cacheinfo", "120000,"+r.GitInput("dir", "hash-object", "-w", "--stdin")+",link")
	r.Git("commit", "-qm", "one")
	l := odb.NewLookup(odb.Folders{Dirs: []string{filepath.Join(r.GitDir(), "objects")}}, 20, odb.LimitsOf(budget.New(0, 1)))
	defer l.Close()
	commit, err := hex.DecodeString(r.Git("rev-parse", "HEAD"))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := l.TreeOf(commit)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"a.txt", "dir", "dir/b.txt", "dir/sub/c.txt", "dir/sub", "dir.txt", "link", "nowhere", "dir/nowhere", "a.txt/b", "A.txt"} {
		e, err := l.EntryAt(tree, path, odb.SameName)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if e != nil {
			got = hex.EncodeToString(e.ID)
		}
		want := ""
		if fields := strings.Fields(r.Git("ls-tree", "HEAD", path)); len(fields) > 2 && path != "a.txt/b" {
			want = fields[2]
		}
		if got != want {
			t.Errorf("%s: %q, git says %q", path, got, want)
		}
	}
	if e, err := l.EntryAt(tree, "link/b.txt", odb.SameName); err != nil || e == nil || string(e.Name) != "link" {
		t.Errorf("behind a link: %v, %v", e, err)
	}
	if e, err := l.EntryAt(tree, "dir2/D.txt", strings.EqualFold); err != nil || e == nil {
		t.Errorf("in another case: %v, %v", e, err)
	}
	if _, err := l.TreeOf(tree); err == nil {
		t.Error("a tree is taken for a commit")
	}
}
