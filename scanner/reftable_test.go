package scanner

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
	"r8scan/result"
)

// leakyRepo is a repository with tokens in history under several refs, in the index, in
// the name of a branch, and in reflogs of a branch, the stash and a linked worktree.
func leakyRepo(t *testing.T) *gittest.Repo {
	t.Helper()
	r := gittest.New(t)
	write := func(text string) {
		r.Write("a.txt", text)
		r.Git("add", ".")
	}
	write("x")
	r.Git("commit", "-qm", "one")
	write(gittest.Token(1))
	r.Git("commit", "-qm", "two")
	r.Git("tag", "-a", "-m", "v1", "v1")
	r.Git("branch", "old-"+gittest.Token(2))
	write("y " + gittest.Token(3))
	r.Git("commit", "-qm", "three")
	for _, n := range []int{4, 5} {
		write(gittest.Token(n))
		r.Git("stash", "-q")
	}
	r.Git("commit", "-q", "--allow-empty", "-m", gittest.Token(6))
	r.Git("reset", "-q", "--hard", "HEAD~1")
	linked := filepath.Join(t.TempDir(), "linked")
	r.Git("worktree", "add", "-q", "--detach", linked, "HEAD~2")
	there := *r
	there.Dir = linked
	there.Git("commit", "-q", "--allow-empty", "-m", gittest.Token(7))
	r.Git("prune", "--expire=now") // the commit of token 6 stays: the reflog has it
	write("y " + gittest.Token(3) + gittest.Token(8))
	return r
}

// told returns what findings say, without their places in .git.
func told(t *testing.T, res *result.Result) (out []string) {
	t.Helper()
	for _, f := range res.Findings {
		line := f.Secret.ID() + " " + string(f.Exposure)
		if h := f.History; h != nil {
			line += " " + strings.Join(h.Refs, ",")
			if h.AtHead {
				line += " at head"
			}
			if h.Reachable {
				line += " reachable"
			}
		}
		kinds := map[string]bool{}
		for _, l := range f.Locations {
			kinds[l.Kind] = true
		}
		for _, k := range []string{result.KindFile, result.KindIndex, result.KindBlob, result.KindCommit, result.KindRef, result.KindReflog} {
			if kinds[k] {
				line += " " + k
			}
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

// TestReftableLikeFiles audits a repository with refs in files and then in tables. Tokens,
// their history and the kinds of their places must be the same.
func TestReftableLikeFiles(t *testing.T) {
	r := leakyRepo(t)
	scan := func(res *result.Result, err error) []string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range res.Coverage.Unread {
			t.Error(u)
		}
		return append(told(t, res), res.Target.Head)
	}
	all := func() [][]string {
		ctx := t.Context()
		return [][]string{scan(Audit(ctx, r.Dir, Options{})), scan(History(ctx, r.Dir, Options{})),
			scan(Range(ctx, r.Dir, "v1..HEAD", Options{})), scan(Range(ctx, r.Dir, "stash", Options{}))}
	}
	want := all()
	r.ToReftable()
	for i, got := range all() {
		if !slices.Equal(got, want[i]) {
			t.Errorf("with tables:\n%s\nwith files:\n%s", strings.Join(got, "\n"), strings.Join(want[i], "\n"))
		}
	}
	if len(want[0]) != 9 {
		t.Errorf("%d tokens are found, want 8", len(want[0])-1)
	}
}

// TestReftablePlaces makes sure that a token's line in a table is named once.
func TestReftablePlaces(t *testing.T) {
	r := leakyRepo(t)
	r.ToReftable()
	table := ".git/reftable/0x000000000001-0x000000000001-00000001.ref"
	res, err := Audit(context.Background(), r.Dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int][]result.Location{
		2: {{Path: table, Member: "refs", Line: 2, Column: 57, EndColumn: 97, Kind: result.KindRef},
			{Path: table, Member: "logs/refs/heads/old-" + gittest.Token(2)[:5] + strings.Repeat("*", 35), Line: 1, Column: 21, EndColumn: 61, Kind: result.KindReflog}},
		7: {{Path: ".git/worktrees/linked/reftable/0x000000000001-0x000000000001-00000001.ref", Member: "logs/HEAD", Line: 1, Column: 130, EndColumn: 170, Kind: result.KindReflog}},
	} {
		var got []result.Location
		for _, f := range res.Findings {
			for _, l := range f.Locations {
				if f.Secret.Reveal() == gittest.Token(n) && (l.Kind == result.KindRef || l.Kind == result.KindReflog) {
					got = append(got, l)
				}
			}
		}
		if len(got) != len(want) {
			t.Errorf("token %d: %+v, want %+v", n, got, want)
			continue
		}
		for i := range want {
			if g, w := got[i], want[i]; g.Path != w.Path || g.Member != w.Member || g.Line != w.Line || g.Column != w.Column || g.EndColumn != w.EndColumn || g.Kind != w.Kind {
				t.Errorf("token %d: %+v, want %+v", n, g, w)
			}
		}
	}
}

// TestReftableDamage inverts and truncates a table byte by byte. A token in a reflog is
// found, or the audit is incomplete.
func TestReftableDamage(t *testing.T) {
	step := 7
	if testing.Short() {
		step = 37
	}
	r := gittest.New(t)
	r.Write("a.txt", "x")
	r.Git("add", ".")
	r.Git("commit", "-qm", "one")
	r.Git("update-ref", "-m", "to "+gittest.Token(1), "refs/heads/side", "HEAD")
	r.ToReftable()
	want := scanFor(t, r.Dir)
	if len(want.Findings) != 1 || !want.Coverage.Complete() {
		t.Fatalf("%d findings, unread %v", len(want.Findings), want.Coverage.Unread)
	}
	tables, err := filepath.Glob(filepath.Join(r.GitDir(), "reftable", "*.ref"))
	if err != nil || len(tables) != 2 {
		t.Fatal(tables, err)
	}
	damage(t, r.Dir, tables[0], step, want)

	// a missing table of the list may have had anything
	for _, path := range append(tables, filepath.Join(r.GitDir(), "reftable", "tables.list")) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if scanFor(t, r.Dir).Coverage.Complete() {
			t.Errorf("%s is missing, but the scan is complete", path)
		}
		write(t, path, text)
	}
}

// TestReftableOfWorktree makes sure that a missing table of a linked worktree's list is
// named.
func TestReftableOfWorktree(t *testing.T) {
	r := leakyRepo(t)
	r.ToReftable()
	tables, err := filepath.Glob(filepath.Join(r.GitDir(), "worktrees", "*", "reftable", "*.ref"))
	if err != nil || len(tables) != 1 {
		t.Fatal(tables, err)
	}
	if err := os.Remove(tables[0]); err != nil {
		t.Fatal(err)
	}
	res := scanFor(t, r.Dir)
	if u := res.Coverage.Unread; len(u) != 1 || !strings.HasPrefix(u[0].What, ".git/worktrees/linked/reftable/0x") || !strings.Contains(u[0].Reason, "it is missing") {
		t.Errorf("unread: %v", u)
	}
}
