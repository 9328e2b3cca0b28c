package repo

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
)

func symlink(t *testing.T, to, path string) {
	t.Helper()
	if err := errors.Join(os.RemoveAll(path), os.MkdirAll(filepath.Dir(path), 0o755), os.Symlink(to, path)); err != nil {
		if runtime.GOOS == "windows" {
			t.Skip(err)
		}
		t.Fatal(err)
	}
}

// elsewhere is part of the reason for a pointer that is not followed.
const elsewhere = "elsewhere, which is not followed"

// TestLinks follows links as git does, if they stay in the repository or lead
// to one with the same objects.
func TestLinks(t *testing.T) {
	r := gittest.New(t)
	r.Git("commit", "-q", "--allow-empty", "-m", "one")
	git := r.GitDir()
	id := r.Git("rev-parse", "HEAD")
	outside := filepath.Join(t.TempDir(), "ref")
	put(t, outside, id+"\n")
	put(t, filepath.Join(git, "kept"), id+"\n")
	symlink(t, "refs/heads/main", filepath.Join(git, "refs", "heads", "symbolic"))
	symlink(t, "../../kept", filepath.Join(git, "refs", "heads", "inside"))
	symlink(t, outside, filepath.Join(git, "refs", "heads", "outside"))
	symlink(t, "refs/heads/main", filepath.Join(git, "HEAD"))
	g := mustOpen(t, r)
	refs, head := g.Refs.Read()
	want := fmt.Sprint([]Ref{{"refs/heads/inside", id}, {"refs/heads/main", id}, {"refs/heads/symbolic", id}})
	if fmt.Sprint(refs) != want || head != id {
		t.Errorf("HEAD %s, refs %v, want %v", head, refs, want)
	}
	if len(g.Problems) != 1 || !strings.HasSuffix(g.Problems[0].What, "outside") || !strings.Contains(g.Problems[0].Reason, elsewhere) {
		t.Errorf("problems %v", g.Problems)
	}
	for _, name := range []string{"inside", "symbolic"} { // git also follows these
		if got := r.Git("rev-parse", "refs/heads/"+name); got != id {
			t.Errorf("%s is %s to git", name, got)
		}
	}
}

// TestLinkedFiles checks that links out of the repository are not followed.
func TestLinkedFiles(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	put(t, secret, "[extensions]\n\tsecret = x\n")
	for _, name := range []string{"config", "packed-refs", "shallow", "HEAD", "refs"} {
		r := gittest.New(t)
		r.Git("commit", "-q", "--allow-empty", "-m", "one")
		symlink(t, secret, filepath.Join(r.GitDir(), name))
		g := mustOpen(t, r)
		g.Refs.Read()
		g.Shallow()
		if len(g.Problems) != 1 || !strings.Contains(g.Problems[0].Reason, elsewhere) || strings.Contains(fmt.Sprint(g.Problems), `"secret"`) {
			t.Errorf("%s: %v", name, g.Problems)
		}
	}
}

// TestRefLimits checks that a walk through refs ends at each of its limits and
// reports where.
func TestRefLimits(t *testing.T) {
	dir := t.TempDir()
	for i := range 50 {
		put(t, filepath.Join(dir, "refs", "heads", fmt.Sprint(i)), strings.Repeat("ab", 20))
	}
	put(t, filepath.Join(dir, "refs", "heads", "a", "b", "c", "d"), strings.Repeat("ab", 20))
	for limits, want := range map[refLimits]string{
		{entries: 10, depth: 9, kept: 1 << 20}:   "too large",
		{entries: 1000, depth: 9, kept: 1000}:    "more refs than can be held",
		{entries: 1000, depth: 2, kept: 1 << 20}: "more than 2 folders",
		{entries: 1000, depth: 9, kept: 1 << 20}: "",
	} {
		r := newRepo(Place{Dir: dir, Common: dir})
		raw := map[string]string{}
		readLoose(&r.Place, raw, dir, limits)
		if all := len(raw) == 51; all != (want == "") || all != (len(r.Problems) == 0) || !strings.Contains(fmt.Sprint(r.Problems), want) {
			t.Errorf("%v: %d refs, %v", limits, len(raw), r.Problems)
		}
	}
}

// TestIgnoreLimits matches patterns that would take a naive matcher too long,
// and gives up if there are too many.
func TestIgnoreLimits(t *testing.T) {
	path := strings.Repeat("a", 200)
	for name, c := range map[string]struct {
		text    string
		problem string
	}{
		"a long line":   {strings.Repeat("*a", 3<<20), ""},
		"folders":       {strings.Repeat("**/", 2<<20) + "b", ""},
		"brackets":      {strings.Repeat("[", 4<<20), ""},
		"stars":         {strings.Repeat(strings.Repeat("*a", 100)+"ba*\n", 300), ""},
		"many":          {strings.Repeat(strings.Repeat("*?a", 60)+"*[b]\n", 40_000), "more patterns than can be tried"},
		"too large":     {strings.Repeat("b\n", ignoreMax), "too large"},
		"many of a few": {strings.Repeat("b\n", 1<<20), ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			r := newRepo(Place{Dir: dir, Common: dir})
			r.WorkTree = dir
			put(t, filepath.Join(dir, ".gitignore"), c.text)
			g := r.Ignorer(noEnv)
			for i := range 10 {
				if g.Ignored(fmt.Sprint(path, i, "a")) {
					t.Error("it is ignored")
				}
			}
			if (len(r.Problems) > 0) != (c.problem != "") || !strings.Contains(fmt.Sprint(r.Problems), c.problem) {
				t.Error(r.Problems)
			}
		})
	}
}

// TestCacheTreeLimits has a cache tree with more nested folders than an index
// can have.
func TestCacheTreeLimits(t *testing.T) {
	const deep = 20_000
	tree := parseCacheTree([]byte("\x00-1 2\n"+strings.Repeat("a\x00-1 2\n", 500_000)+strings.Repeat("b\x00-1 0\n", 500_001)), 20)
	for range deep {
		tree = tree.Sub("a") // nil once there were too many
	}
	if tree != nil {
		t.Error("all folders were parsed again for each that they are in")
	}
}

// TestLyingCacheTree skips folders in an index of version 4 whose cache tree
// claims all further entries for each folder.
func TestLyingCacheTree(t *testing.T) {
	const n = 50_000
	rest := make([]byte, 0, n*64)
	for i := range n {
		fixed := make([]byte, 62)
		fixed[61] = 8
		rest = append(append(rest, fixed...), fmt.Sprintf("\x08%06d/f\x00", i)...)
		if i == 0 {
			rest[62] = 0 // there is no path to shorten
		}
	}
	data := binary.BigEndian.AppendUint32([]byte("DIRC\x00\x00\x00\x04"), n)
	data = append(append(data, rest...), make([]byte, 20)...)
	x, _, err := newIndexReader(data, 20)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n - 1 {
		if x.PassFolder(fmt.Sprintf("%06d/", i), &CacheTree{count: n - i - 1}) && i < n-2 {
			t.Fatalf("folder %d was passed by", i)
		}
		if i < n-2 {
			x.Pass(1)
		}
	}
	if len(readAll(x)) > 2 {
		t.Error("entries were lost")
	}
}
