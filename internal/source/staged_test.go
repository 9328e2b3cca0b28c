package source

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/budget"
	"r8scan/internal/collect"
	"r8scan/internal/git/gittest"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
)

// TestStagedAgainstGit changes an index at random. It compares what is new and what
// is gone with git, for one and two parents, and for every form of an index.
func TestStagedAgainstGit(t *testing.T) {
	for seed, format := range []string{"sha1", "sha256", "sha1", "sha1"} {
		t.Run(fmt.Sprint(format, seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(uint64(seed), 6))
			r := gittest.New(t, "--object-format="+format)
			var blobs []string
			for i := range 6 {
				blobs = append(blobs, r.GitInput(fmt.Sprint("content ", i), "hash-object", "-w", "--stdin"))
			}
			var parents []string
			for range 2 {
				change(r, rng, blobs, 60)
				parents = append(parents, r.Git("commit-tree", "-m", "x", r.Git("write-tree")))
			}
			r.Git("update-ref", "HEAD", parents[0])
			r.Git("read-tree", parents[rng.IntN(2)])
			for step := range 25 {
				switch step % 6 {
				case 1:
					r.Git("write-tree") // git caches the trees in the index
				case 2:
					r.Git("update-index", "--index-version", fmt.Sprint(2+2*rng.IntN(2)))
				case 3:
					r.Git("update-index", "--split-index")
				case 5:
					r.Git("update-index", "--no-split-index")
				}
				of := parents[:1+rng.IntN(2)]
				checkStaged(t, r, of)
				change(r, rng, blobs, rng.IntN(8))
				checkStaged(t, r, of)
			}
		})
	}
}

// change adds, changes and removes files in the index. The names make the order of
// files and folders matter.
func change(r *gittest.Repo, rng *rand.Rand, blobs []string, n int) {
	names := []string{"a", "a-b", "a.c", "a0", "b", "ab"}
	for range n {
		path := names[rng.IntN(len(names))]
		for range rng.IntN(3) {
			path += "/" + names[rng.IntN(len(names))]
		}
		mode, id := []string{"100644", "100755", "120000", "160000"}[rng.IntN(4)], blobs[rng.IntN(len(blobs))]
		if rng.IntN(4) == 0 {
			mode, id = "0", strings.Repeat("0", len(id))
		}
		r.GitInput(fmt.Sprintf("%s %s\t%s\n", mode, id, path), "update-index", "--replace", "--index-info")
	}
}

// checkStaged compares the index with the parents, HEAD first.
func checkStaged(t *testing.T, r *gittest.Repo, parents []string) {
	t.Helper()
	merge := filepath.Join(r.GitDir(), "MERGE_HEAD")
	_ = os.Remove(merge) // of the step before
	if len(parents) > 1 {
		if err := os.WriteFile(merge, []byte(parents[1]+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	g, err := repo.Within(r.GitDir()).OpenDir(r.GitDir())
	if err != nil {
		t.Fatal(err)
	}
	b := budget.New(0, 1)
	store := odb.NewLookup(g.ObjectDirs(nil), g.Hash, odb.LimitsOf(b))
	defer store.Close()
	s := &stagedDiff{env: &Env{Sink: collect.NewSink(b), Budget: b}, git: g, blobs: blobReader{store: store, git: g}}
	if _, err := s.compare(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range s.files {
		got = append(got, fmt.Sprintf("%x %s", f.id, f.path))
	}
	if want := stagedByGit(r, parents); !slices.Equal(got, want) {
		t.Fatalf("got  %q\nwant %q", got, want)
	}
	if len(parents) == 1 {
		checkGone(t, s, r)
	}
	if !s.env.Sink.Clean() {
		t.Error("something could not be read")
	}
}

// stagedByGit returns "id path" of the files in the index that no parent has.
func stagedByGit(r *gittest.Repo, parents []string) []string {
	var out []string
	for i, parent := range parents {
		differ := map[string]bool{}
		for _, line := range gittest.Lines(r.Git("diff-index", "--cached", "--raw", "--no-renames", "--no-abbrev", parent)) {
			change, path, _ := strings.Cut(line, "\t")
			f := strings.Fields(change) // :mode mode id id status
			if f[4] != "D" && f[1] != "160000" && (f[2] != f[3] || f[0] == ":160000") {
				differ[f[3]+" "+path] = true
			}
		}
		if i == 0 {
			out = slices.Collect(maps.Keys(differ))
		}
		out = slices.DeleteFunc(out, func(f string) bool { return !differ[f] })
	}
	slices.SortFunc(out, func(a, b string) int {
		_, a, _ = strings.Cut(a, " ")
		_, b, _ = strings.Cut(b, " ")
		return strings.Compare(a, b)
	})
	return out
}

// checkGone compares the files that HEAD has and the index does not.
func checkGone(t *testing.T, s *stagedDiff, r *gittest.Repo) {
	t.Helper()
	var got, want []string
	for left := s.gone; len(left) > 0; {
		e := left[0]
		left = left[1:]
		if e.Mode != odb.ModeDir {
			got = append(got, fmt.Sprintf("%x %s", e.ID, e.Name))
			continue
		}
		below, err := s.blobs.store.Tree(e.ID)
		if err != nil {
			t.Fatal(err)
		}
		left = append(below, left...)
	}
	for _, line := range gittest.Lines(r.Git("diff-index", "--cached", "--raw", "--no-renames", "--no-abbrev", "HEAD")) {
		change, path, _ := strings.Cut(line, "\t")
		if f := strings.Fields(change); f[4] == "D" {
			want = append(want, f[2]+" "+path[strings.LastIndexByte(path, '/')+1:])
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("gone: got  %q\nwant %q", got, want)
	}
}
