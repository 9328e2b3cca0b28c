package revision

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/budget"
	"r8scan/internal/git/gittest"
	"r8scan/internal/git/history"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
)

// open returns what looks up revisions in a repository.
func open(t *testing.T, r *gittest.Repo) Names {
	t.Helper()
	g, err := repo.Within(r.Dir).Open(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	store := odb.OpenFolders(odb.Folders{Dirs: []string{filepath.Join(r.GitDir(), "objects")}, Lent: []bool{false}}, g.Hash, odb.LimitsOf(budget.New(0, 1)))
	t.Cleanup(store.Close)
	refs, head := g.Refs.Read()
	return Names{Store: store, Git: g, Refs: refs, Head: head}
}

// merges makes commits with up to three parents, branches, and tags of commits
// and of tags.
func merges(t *testing.T) *gittest.Repo {
	r := gittest.New(t)
	rng := rand.New(rand.NewPCG(1, 2))
	tree := r.GitInput("", "mktree")
	var ids []string
	for i := range 30 {
		args := []string{"commit-tree", "-m", fmt.Sprint(i), tree}
		if i > 0 {
			args = append(args, "-p", ids[i-1])
		}
		for range min(i, rng.IntN(3)) {
			if p := ids[max(0, i-1-rng.IntN(5))]; !slices.Contains(args, p) {
				args = append(args, "-p", p)
			}
		}
		ids = append(ids, r.Git(args...))
	}
	r.Git("update-ref", "refs/heads/main", ids[29])
	r.Git("update-ref", "refs/heads/side", ids[25])
	r.Git("update-ref", "refs/remotes/origin/main", ids[20])
	r.Git("tag", "-a", "v1", "-m", "x", ids[22])
	r.Git("tag", "-a", "v2", "-m", "x", "v1")
	r.Git("tag", "light", ids[10])
	return r
}

// TestRevisionsAgainstGit compares random revisions with git rev-parse,
// including those that git rejects.
func TestRevisionsAgainstGit(t *testing.T) {
	r := merges(t)
	n := open(t, r)
	rng := rand.New(rand.NewPCG(3, 4))
	id := r.Git("rev-parse", "main~2")
	bases := []string{"HEAD", "@", "main", "side", "heads/main", "refs/heads/side", "origin/main", "v1", "v2", "tags/v1", "light", id, id[:12], "none", id[:3], "refs/heads"}
	steps := []string{"^", "^2", "^3", "^0", "~", "~2", "~5", "^{commit}", "^{}", "^4", "~40"}
	resolved := 0
	for range 400 {
		name := bases[rng.IntN(len(bases))]
		for range rng.IntN(4) {
			name += steps[rng.IntN(len(steps))]
		}
		want, err := r.Try("", "rev-parse", "--verify", "-q", name+"^{commit}")
		var s history.Span
		got := ""
		if n.Add(&s, name) == nil {
			got = n.Store.Hex(s.With[0])
			resolved++
		}
		if want = strings.TrimSpace(want); err != nil {
			want = ""
		}
		if got != want {
			t.Errorf("%s: %q, git says %q", name, got, want)
		}
		if n.Known(name) != (want != "") {
			t.Errorf("%s: known %v", name, n.Known(name))
		}
	}
	if resolved < 100 {
		t.Errorf("%d revisions are right", resolved)
	}
}

// TestRangesAgainstGit lists the commits of random ranges as git does.
func TestRangesAgainstGit(t *testing.T) {
	r := merges(t)
	n := open(t, r)
	g, err := history.Read(t.Context(), n.Store, nil, budget.New(0, 1), 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range []string{"side..main", "main..side", "side...main", "..side", "side..", "...side", "v2..HEAD", "^light main", "main ^side ^v1", "HEAD~3", "v1 side ^light", "light..v2"} {
		s, err := n.Range(spec)
		if err != nil {
			t.Errorf("%s: %v", spec, err)
			continue
		}
		var got []string
		for _, o := range g.Commits(g.Range(s)) {
			got = append(got, n.Store.Hex(o))
		}
		want := gittest.Lines(r.Git(append([]string{"rev-list"}, strings.Fields(spec)...)...))
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d commits, git lists %d", spec, len(got), len(want))
		}
	}
	for _, spec := range []string{"", "^main", "none..main", "side...main ^light", "main~100"} {
		if _, err := n.Range(spec); err == nil {
			t.Errorf("%q is no error", spec)
		}
	}
}
