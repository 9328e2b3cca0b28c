package repo

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
)

// readAll returns all entries of a reader.
func readAll(x *IndexReader) (out []Entry) {
	for e := x.Peek(); e != nil; e = x.Peek() {
		copied := *e
		copied.ID = slices.Clone(e.ID)
		out = append(out, copied)
		x.Pass(1)
	}
	return out
}

// TestIndexReader compares the entries with those of ReadIndex, which are
// compared with git elsewhere, and each cached tree with git's tree.
func TestIndexReader(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		for _, form := range []string{"--index-version=2", "--index-version=4", "--split-index"} {
			t.Run(format+form, func(t *testing.T) {
				t.Parallel()
				r := gittest.New(t, "--object-format="+format)
				for i := range 600 { // several marks, and folders with more files than are between two
					r.Write(fmt.Sprintf("dir%d/sub%d/deep/file%d", i%3, i%4, i), "x")
				}
				r.Write("dir1/x", strings.Repeat("x", 5000))
				r.Write("dir2/"+strings.Repeat("l", 250)+"/"+strings.Repeat("o", 250)+"/"+strings.Repeat("n", 250)+"/g", "g")
				r.Git("add", ".")
				r.Git(append([]string{"update-index"}, strings.Split(form, "=")...)...)
				root := r.Git("write-tree")
				r.Write("dir0/sub0/new", "new") // invalidates the cached trees of its folders
				r.Git("add", "dir0")
				g := mustOpen(t, r)
				x, err := g.ReadIndex()
				if err != nil {
					t.Fatal(err)
				}
				use(t, g, func(reader *IndexReader) {
					if got := readAll(reader); fmt.Sprint(got) != fmt.Sprint(x.Entries) {
						t.Errorf("got %d entries, want %d, or they differ", len(got), len(x.Entries))
					}
				})
				checkFolders(t, r, g, x, root)
			})
		}
	}
}

// use is UseIndex without errors.
func use(t *testing.T, g *Repo, f func(x *IndexReader)) {
	t.Helper()
	if err := g.UseIndex(f); err != nil {
		t.Fatal(err)
	}
}

// checkFolders skips each folder of the index whose tree is cached. That tree
// must be the one in root, the tree of the index before the last change.
func checkFolders(t *testing.T, r *gittest.Repo, g *Repo, x *Index, root string) {
	t.Helper()
	known, unknown := 0, 0
	seen := map[string]bool{}
	for first, e := range x.Entries {
		for dir := path.Dir(e.Path); dir != "." && !seen[dir]; dir = path.Dir(dir) {
			seen[dir] = true
			end := first
			for end < len(x.Entries) && strings.HasPrefix(x.Entries[end].Path, dir+"/") {
				end++
			}
			use(t, g, func(reader *IndexReader) {
				tree := reader.Tree
				for name := range strings.SplitSeq(dir, "/") {
					tree = tree.Sub(name)
				}
				reader.Pass(first)
				if tree == nil || tree.ID == nil {
					unknown++
					if reader.PassFolder(dir+"/", tree) {
						t.Errorf("%s was passed by, and its tree is not known", dir)
					}
					return
				}
				known++
				if id := hex.EncodeToString(tree.ID); id != r.Git("rev-parse", root+":"+dir) {
					t.Errorf("%s has the tree %s", dir, id)
				}
				wrong := *tree
				for _, wrong.count = range []int{-1, 0, tree.count - 1, tree.count + 1, 1<<31 - 1} {
					if reader.PassFolder(dir+"/", &wrong) {
						t.Errorf("%s was passed by with %d entries", dir, wrong.count)
					}
				}
				if !reader.PassFolder(dir+"/", tree) {
					t.Errorf("%s was not passed by", dir)
				}
				if rest := readAll(reader); len(rest) != len(x.Entries)-end {
					t.Errorf("behind %s there are %d entries, want %d", dir, len(rest), len(x.Entries)-end)
				}
			})
		}
	}
	if known < 10 || unknown < 2 {
		t.Errorf("%d folders with known trees and %d others: the test proves nothing", known, unknown)
	}
}

func TestUseIndexErrors(t *testing.T) {
	r := gittest.New(t)
	g := mustOpen(t, r)
	none := func(*IndexReader) { t.Error("it was used") }
	if err := g.UseIndex(none); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no index gives %v", err)
	}
	for _, text := range []string{"", "DIRC", strings.Repeat("x", 100)} {
		if err := os.WriteFile(filepath.Join(r.GitDir(), "index"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := g.UseIndex(none); err == nil {
			t.Errorf("%q is no index", text)
		}
	}
}

// TestHead compares with git rev-parse.
func TestHead(t *testing.T) {
	r := gittest.New(t)
	check := func(want string) {
		t.Helper()
		if got, err := mustOpen(t, r).Refs.Head(); err != nil || got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	check("")
	r.Git("commit", "-q", "--allow-empty", "-m", "one")
	one := r.Git("rev-parse", "HEAD")
	check(one)
	r.Git("pack-refs", "--all")
	check(one)
	r.Git("commit", "-q", "--allow-empty", "-m", "two")
	check(r.Git("rev-parse", "HEAD"))
	r.Git("symbolic-ref", "refs/heads/other", "refs/heads/main")
	r.Git("symbolic-ref", "HEAD", "refs/heads/other")
	check(r.Git("rev-parse", "HEAD"))
	r.Git("checkout", "-q", "--detach", one)
	check(one)
	r.Git("symbolic-ref", "HEAD", "refs/heads/none")
	check("")
	head := filepath.Join(r.GitDir(), "HEAD")
	for _, text := range []string{"", "ref: refs/../../x", "ref: config", one[1:], strings.ToUpper(one[:39]) + "F"} {
		if err := os.WriteFile(head, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := mustOpen(t, r).Refs.Head(); err == nil {
			t.Errorf("HEAD %q gives %q and no error", text, got)
		}
	}
	circle := filepath.Join(r.GitDir(), "refs", "heads", "circle")
	for path, text := range map[string]string{head: "ref: refs/heads/circle", circle: "ref: refs/heads/circle"} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := mustOpen(t, r).Refs.Head(); err == nil {
		t.Errorf("a ref that leads to itself gives %q", got)
	}
}
