package treediff

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/budget"
	"r8scan/internal/git/gittest"
	"r8scan/internal/git/odb"
)

// TestTreeAgainstGit compares random trees with up to three earlier trees.
// Their names are such that the order of files and folders matters. What is new
// and what is gone must match git's lists of the files.
func TestTreeAgainstGit(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		rng := rand.New(rand.NewPCG(uint64(len(format)), 1))
		r := gittest.New(t, "--object-format="+format)
		var trees []string
		for range 12 {
			trees = append(trees, randomTree(r, rng))
		}
		store := odb.OpenFolders(odb.Folders{Dirs: []string{filepath.Join(r.GitDir(), "objects")}, Lent: []bool{false}}, len(trees[0])/2, odb.LimitsOf(budget.New(0, 1)))
		t.Cleanup(store.Close)
		for range 40 {
			now := trees[rng.IntN(len(trees))]
			var before []string
			for range rng.IntN(4) {
				before = append(before, trees[rng.IntN(len(trees))])
			}
			compare(t, r, store, now, before)
		}
	}
}

// randomTree returns the id of a new tree.
func randomTree(r *gittest.Repo, rng *rand.Rand) string {
	names := []string{"a", "a-b", "a.c", "a0", "b", "ab"}
	for range 1 + rng.IntN(12) {
		path := names[rng.IntN(len(names))]
		for range rng.IntN(3) {
			path += "/" + names[rng.IntN(len(names))]
		}
		id := r.GitInput(fmt.Sprint(rng.IntN(4)), "hash-object", "-w", "--stdin")
		mode := []string{"100644", "100755", "120000", "0"}[rng.IntN(4)]
		r.GitInput(fmt.Sprintf("%s %s\t%s\n", mode, id, path), "update-index", "--replace", "--index-info")
	}
	return r.Git("write-tree")
}

// filesOf returns the ids of a tree's files by path, as git lists them.
func filesOf(r *gittest.Repo, tree string) map[string]string {
	out := map[string]string{}
	for _, line := range gittest.Lines(r.Git("ls-tree", "-r", tree)) {
		what, path, _ := strings.Cut(line, "\t")
		out[path] = strings.Fields(what)[2]
	}
	return out
}

func compare(t *testing.T, r *gittest.Repo, store *odb.Store, now string, before []string) {
	t.Helper()
	want := filesOf(r, now)
	wantKnown := map[string]bool{}
	for _, tree := range before {
		for path, id := range filesOf(r, tree) {
			if want[path] == id {
				delete(want, path)
			}
			wantKnown[path] = true
		}
	}
	got := map[string]string{}
	read := func(id []byte) ([]odb.TreeEntry, error) {
		o, ok := store.Find(id)
		if !ok {
			return nil, odb.ErrMissing
		}
		_, data, err := store.Read(o)
		if err != nil {
			return nil, err
		}
		return odb.Entries(data, store.HashLen())
	}
	var gone []string
	d := &Diff{
		Before: read,
		Now: func(tree Tree) ([]odb.TreeEntry, bool) {
			list, err := read(tree.ID)
			return list, err == nil
		},
		Entry: func(e Entry) {
			got[e.Path] = fmt.Sprintf("%x", e.ID)
			if e.Known != wantKnown[e.Path] {
				t.Errorf("%s of %s beside %v: known %v", e.Path, now, before, e.Known)
			}
			if base := e.Path[strings.LastIndexByte(e.Path, '/')+1:]; e.Name != base {
				t.Errorf("the name of %s is %q", e.Path, e.Name)
			}
		},
		Gone:   func(e odb.TreeEntry) { gone = append(gone, string(e.Name)) },
		Failed: func(_ Tree, err error) { t.Error(err) },
	}
	d.Tree(raw(store, now), rawAll(store, before))
	if !maps.Equal(got, want) {
		t.Errorf("%s beside %v: got %v, want %v", now, before, got, want)
	}
	if len(before) == 1 {
		compareGone(t, r, now, before[0], gone)
	}
}

// compareGone compares the names of gone entries with git's list.
func compareGone(t *testing.T, r *gittest.Repo, now, before string, gone []string) {
	t.Helper()
	var want []string
	there := filesOf(r, now)
	folders := map[string]bool{}
	for path := range there {
		for i, c := range path {
			if c == '/' {
				folders[path[:i]] = true
			}
		}
	}
	for path := range filesOf(r, before) {
		if _, ok := there[path]; ok {
			continue
		}
		top := path // only the topmost gone folder is reported
		for i, c := range path {
			if c == '/' && !folders[path[:i]] {
				top = path[:i]
				break
			}
		}
		if !slices.Contains(want, top) {
			want = append(want, top)
		}
	}
	for i, path := range want {
		want[i] = path[strings.LastIndexByte(path, '/')+1:]
	}
	slices.Sort(want)
	slices.Sort(gone)
	if !slices.Equal(gone, want) {
		t.Errorf("%s beside %s: gone %v, want %v", now, before, gone, want)
	}
}

func raw(store *odb.Store, id string) []byte {
	o, _ := store.FindHex(id)
	return slices.Clone(store.ID(o))
}

func rawAll(store *odb.Store, ids []string) (out [][]byte) {
	for _, id := range ids {
		out = append(out, raw(store, id))
	}
	return out
}

// TestDepth has a tree that contains itself, made with a false id. The walk
// must end and report it.
func TestDepth(t *testing.T) {
	self := make([]byte, 20)
	read := func([]byte) ([]odb.TreeEntry, error) {
		return []odb.TreeEntry{{Mode: odb.ModeDir, Name: []byte("d"), ID: self}}, nil
	}
	var failed error
	d := &Diff{Before: read, Now: func(Tree) ([]odb.TreeEntry, bool) { list, err := read(nil); return list, err == nil },
		Entry: func(Entry) {}, Failed: func(_ Tree, err error) { failed = err }}
	if d.Tree(self, nil); failed != ErrDepth {
		t.Errorf("%v, want %v", failed, ErrDepth)
	}
}
