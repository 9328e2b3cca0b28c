package scanner

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
	"r8scan/result"
	"r8scan/rules"
)

const zeros = "0000000000000000000000000000000000000000"

// received scans what a push of revisions adds to a repository, which has what its refs
// reach.
func received(t *testing.T, repo *gittest.Repo, revisions ...string) *result.Result {
	t.Helper()
	var updates []RefUpdate
	for i, rev := range revisions {
		updates = append(updates, RefUpdate{Ref: fmt.Sprint("refs/heads/new", i), New: rev, Old: zeros})
	}
	res, err := Receive(t.Context(), repo.Dir, updates, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// TestPushAgainstGit pushes random commits and tags. The push adds the tokens of objects
// that git lists for the pushed side and not for the other side.
func TestPushAgainstGit(t *testing.T) {
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 6))
		repo := gittest.New(t)
		ids := randomCommits(repo, rng)
		var has, brings []string
		for i := range 2 { // the tags are last; one is on both sides
			has = append(has, ids[rng.IntN(len(ids))], ids[len(ids)-2-i])
			brings = append(brings, ids[rng.IntN(len(ids))], ids[len(ids)-1-i])
		}
		moveRefs(repo, "refs/keep/", has)
		want := tokensIn(repo, brings)
		if len(want) == 0 {
			t.Fatal("the push has no token")
		}
		for token := range tokensIn(repo, has) {
			delete(want, token)
		}
		check := func(how string, res *result.Result, err error) {
			if err != nil {
				t.Fatal(err)
			}
			if got := tokensOf(res); !maps.Equal(got, want) || !res.Coverage.Complete() {
				t.Errorf("seed %d, %s: found %v, want %v; unread %v", seed, how, got, want, res.Coverage.Unread)
			}
		}
		check("received", received(t, repo, brings...), nil)
		for _, long := range []bool{false, true} {
			res, err := Push(t.Context(), repo.Dir, Pushed{Updates: []RefUpdate{{"refs/heads/a", brings[0], has[0]}, {"refs/heads/b", brings[1], has[1]},
				{"refs/heads/c", brings[2], has[2]}, {"refs/heads/d", brings[3], has[3]}}}, Options{longRanges: long})
			check(fmt.Sprint("pushed, as a long range ", long), res, err)
		}
		moveRefs(repo, "refs/remotes/origin/", has)
		res, err := Push(t.Context(), repo.Dir, Pushed{Remote: "origin", Updates: []RefUpdate{{"refs/heads/a", brings[0], zeros}, {"refs/tags/b", brings[1], zeros},
			{"refs/heads/c", brings[2], zeros}, {"refs/tags/d", brings[3], zeros}}}, Options{})
		check("pushed", res, err)
	}
}

// tokenPool is how many tokens come and go.
const tokenPool = 40

// randomCommits makes commits and tags in which tokens come and go. It returns their ids.
func randomCommits(repo *gittest.Repo, rng *rand.Rand) []string {
	text := func() string {
		if rng.IntN(3) == 0 {
			return token(rng.Uint64N(tokenPool))
		}
		return fmt.Sprint("nothing ", rng.IntN(4))
	}
	var m gittest.Import
	var marks []int
	for i := range 24 {
		var parents []int
		for range min(i, rng.IntN(4)) {
			if p := marks[rng.IntN(i)]; !slices.Contains(parents, p) {
				parents = append(parents, p)
			}
		}
		var files []gittest.File
		for range 1 + rng.IntN(3) {
			path := []string{"a", "b", "d/a", "d/e/b"}[rng.IntN(4)]
			files = append(files, gittest.File{Path: path, Mark: m.Blob(text())})
		}
		marks = append(marks, m.Commit(fmt.Sprint("refs/heads/c", i), text(), parents, files...))
		if rng.IntN(3) == 0 {
			m.Tag(fmt.Sprint("t", i), text(), marks[i])
		}
	}
	m.Run(repo)
	return gittest.Lines(repo.Git("for-each-ref", "--format=%(objectname)"))
}

// moveRefs makes refs below prefix that name ids, and deletes all others.
func moveRefs(repo *gittest.Repo, prefix string, ids []string) {
	var b strings.Builder
	for _, ref := range gittest.Lines(repo.Git("for-each-ref", "--format=%(refname)")) {
		fmt.Fprintf(&b, "delete %s\n", ref)
	}
	repo.GitInput(b.String(), "update-ref", "--stdin")
	b.Reset()
	for i, id := range ids {
		fmt.Fprintf(&b, "update %sr%d %s\n", prefix, i, id)
	}
	repo.GitInput(b.String(), "update-ref", "--stdin")
}

// tokensIn returns the ids of the tokens in all objects that git reaches from ids.
func tokensIn(repo *gittest.Repo, ids []string) map[string]bool {
	objects := repo.Git(append([]string{"rev-list", "--objects", "--no-object-names"}, ids...)...)
	text := repo.GitInput(objects+"\n", "cat-file", "--batch")
	out := map[string]bool{}
	for i := range uint64(tokenPool) {
		if strings.Contains(text, token(i)) {
			out[rules.NewSecret(token(i), 0).ID()] = true
		}
	}
	return out
}

func tokensOf(res *result.Result) map[string]bool {
	out := map[string]bool{}
	for _, f := range res.Findings {
		out[f.Secret.ID()] = true
	}
	return out
}

// TestReceiveOldDamage makes sure that older damage of the server does not count.
func TestReceiveOldDamage(t *testing.T) {
	for _, what := range []string{"HEAD~1:a", "HEAD~1:d", "HEAD~1", "HEAD~1^{tree}"} {
		for _, how := range []string{"", "damaged"} {
			repo := gittest.New(t)
			repo.Write("a", "x")
			repo.Write("d/b", token(1))
			commit(repo, "one")
			repo.Write("d/c", token(2))
			commit(repo, "two")
			repo.Git("branch", "old", "HEAD~1")
			spoil(t, repo, repo.Git("rev-parse", what), how)
			repo.Write("d/e", token(3))
			repo.Git("update-index", "--add", "d/e")
			id := repo.Git("commit-tree", "-p", "HEAD", "-m", "three", repo.Git("write-tree", "--missing-ok"))
			res := received(t, repo, id)
			if len(res.Findings) != 1 || res.Findings[0].Secret.ID() != rules.NewSecret(token(3), 0).ID() || !res.Coverage.Complete() {
				t.Errorf("%s %s: %d findings, unread %v", what, how, len(res.Findings), res.Coverage.Unread)
			}
		}
	}
}

// TestReceiveBroken makes sure that what cannot be read of a push stops it.
func TestReceiveBroken(t *testing.T) {
	for _, what := range []string{"HEAD:d/e", "HEAD:d", "HEAD^{tree}", "HEAD", "HEAD~1", "HEAD~1:a", "inner", "outer"} {
		for _, how := range []string{"", "damaged"} {
			repo := gittest.New(t)
			commit(repo, "one")
			repo.Git("update-ref", "refs/heads/known", "HEAD")
			repo.Write("a", "text")
			commit(repo, "two")
			repo.Git("rm", "-q", "a")
			repo.Write("d/e", "other")
			commit(repo, "three")
			repo.Git("tag", "-am", "inner", "inner")
			repo.Git("tag", "-am", "outer", "outer", "inner")
			id := repo.Git("rev-parse", "outer")
			spoiled := repo.Git("rev-parse", what)
			repo.Git("symbolic-ref", "HEAD", "refs/heads/known")
			for _, ref := range []string{"refs/heads/main", "refs/tags/inner", "refs/tags/outer"} {
				repo.Git("update-ref", "-d", ref)
			}
			spoil(t, repo, spoiled, how)
			if res := received(t, repo, id); res.Coverage.Complete() {
				t.Errorf("%s %s: the push passes", what, how)
			}
		}
	}
}

// TestPushPartial makes sure that objects that the promisor remote has do not count in a
// push to it, and are unread in a push to another remote.
func TestPushPartial(t *testing.T) {
	repo := gittest.New(t)
	repo.Write("a", "x")
	commit(repo, "one")
	repo.Git("config", "remote.origin.promisor", "true")
	repo.Git("config", "remote.origin.url", "https://example.org/a.git")
	spoil(t, repo, repo.Git("rev-parse", "HEAD:a"), "")
	id := repo.Git("rev-parse", "HEAD")
	for _, tt := range []struct {
		name, url string
		complete  bool
	}{
		{"origin", "https://example.org/a.git", true},
		{"https://example.org/a.git", "https://example.org/a.git", true},
		{"short:a", "https://example.org/a.git", true},
		{"other", "https://example.org/b.git", false},
	} {
		res, err := Push(t.Context(), repo.Dir, Pushed{Remote: tt.name, URL: tt.url, Updates: []RefUpdate{{"refs/heads/a", id, zeros}}}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if res.Coverage.Complete() != tt.complete {
			t.Errorf("%s: unread %v", tt.name, res.Coverage.Unread)
		}
	}
}

// TestPushLost makes sure that many unknown refs give a short note, and that no note has
// the password of a URL.
func TestPushLost(t *testing.T) {
	repo := gittest.New(t)
	commit(repo, "one")
	repo.Git("update-ref", "refs/remotes/origin/main", "HEAD")
	var updates []RefUpdate
	for i := range 10 {
		updates = append(updates, RefUpdate{fmt.Sprint("refs/heads/r", i), repo.Git("rev-parse", "HEAD"), strings.Repeat("12", 20)})
	}
	for remote, want := range map[string]string{
		"origin":                       "origin has refs/heads/r0, refs/heads/r1, refs/heads/r2, others at a commit that is not in this clone",
		"https://me:secret@host/a.git": "it is not known what the remote has",
	} {
		res, err := Push(t.Context(), repo.Dir, Pushed{Remote: remote, URL: remote, Updates: updates}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Notes) != 1 || !strings.HasPrefix(res.Notes[0], want) {
			t.Errorf("%s: notes: %q", remote, res.Notes)
		}
	}
}

// TestPushReftable makes sure that reftables tell too what the other side has, and which
// branch is pushed by hand.
func TestPushReftable(t *testing.T) {
	repo := gittest.New(t)
	repo.Write("a", token(1))
	commit(repo, "one")
	repo.Git("update-ref", "refs/remotes/elsewhere/main", "HEAD")
	repo.Git("remote", "add", "elsewhere", "https://example.org/a.git")
	repo.Write("b", token(1)+"\n"+token(2))
	commit(repo, "two")
	id := repo.Git("rev-parse", "HEAD")
	repo.ToReftable()
	for name, what := range map[string]Pushed{
		"by hand": {Current: true},
		"a line":  {Remote: "elsewhere", Updates: []RefUpdate{{"refs/heads/main", id, zeros}}},
	} {
		res, err := Push(t.Context(), repo.Dir, what, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Findings) != 1 || res.Findings[0].Secret.ID() != rules.NewSecret(token(2), 0).ID() || !res.Coverage.Complete() {
			t.Errorf("%s: %d findings, notes %v, unread %v", name, len(res.Findings), res.Notes, res.Coverage.Unread)
		}
	}
	if res := received(t, repo, id); len(res.Findings) != 0 { // one of the receiver's refs reaches it
		t.Errorf("received: %d findings", len(res.Findings))
	}
}
