package scanner

import (
	"archive/zip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
	"r8scan/result"
)

// scanRange scans a range of a repository.
func scanRange(t *testing.T, repo *gittest.Repo, spec string) *result.Result {
	t.Helper()
	res, err := Range(t.Context(), repo.Dir, spec, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// commit commits the whole work tree.
func commit(repo *gittest.Repo, message string) {
	repo.Git("add", "-A")
	repo.Git("commit", "-q", "--allow-empty", "-m", message)
}

// TestRangeContainer makes sure that a token in a container is found in a range too. The
// second reading, of all history, once had limits of zero, and read no container.
func TestRangeContainer(t *testing.T) {
	repo := gittest.New(t)
	commit(repo, "one")
	repo.Write("x.zip", zipWith(t, zip.Deflate, "", "e", "text "+token(1)))
	commit(repo, "two")
	res := scanRange(t, repo, "HEAD~1..HEAD")
	if len(res.Findings) != 1 || res.Findings[0].Locations[0].Member != "e" || !res.Coverage.Complete() {
		t.Fatalf("%d findings, unread %v", len(res.Findings), res.Coverage.Unread)
	}
}

// TestRangeTag makes sure that the message of a tag at the range's end counts.
func TestRangeTag(t *testing.T) {
	repo := gittest.New(t)
	commit(repo, "one")
	repo.Git("tag", "-a", "-m", "old "+token(3), "old")
	commit(repo, "two")
	repo.Git("tag", "-a", "-m", "key "+token(1), "inner")
	repo.Git("tag", "-a", "-m", "key "+token(2), "outer", "inner")
	for spec, want := range map[string]int{"HEAD~1..outer": 2, "HEAD~1..inner": 1, "old..HEAD": 0, "old..outer": 2, "HEAD~1..outer^{}": 0, "HEAD..outer": 2} {
		res := scanRange(t, repo, spec)
		if len(res.Findings) != want || !res.Coverage.Complete() {
			t.Errorf("%s: %d findings, want %d; unread %v", spec, len(res.Findings), want, res.Coverage.Unread)
		}
		for _, f := range res.Findings {
			if f.Locations[0].Kind != result.KindTag || f.History == nil || f.History.Introduced == nil {
				t.Errorf("%s: %+v", spec, f)
			}
		}
	}
}

// spoil removes a loose object, or overwrites it with text.
func spoil(t *testing.T, repo *gittest.Repo, id, text string) {
	t.Helper()
	path := filepath.Join(repo.GitDir(), "objects", id[:2], id[2:])
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if text != "" {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRangeBroken makes sure that a range with a missing or damaged commit is incomplete.
func TestRangeBroken(t *testing.T) {
	for _, how := range []string{"", "damaged"} {
		repo := gittest.New(t)
		commit(repo, "one")
		repo.Write("a", token(1))
		commit(repo, "two")
		repo.Git("rm", "-q", "a")
		commit(repo, "three")
		commit(repo, "four")
		spoil(t, repo, repo.Git("rev-parse", "HEAD~1"), how)
		one := repo.Git("rev-parse", "HEAD")
		res := scanRange(t, repo, one)
		if res.Coverage.Complete() {
			t.Errorf("%q: the range is complete", how)
		}
	}
}

// TestRangeLong makes sure that a long range, which is read in another way, finds the same
// as a short one. It reads all objects once, and names only faults of the range.
func TestRangeLong(t *testing.T) {
	repo := gittest.New(t)
	repo.Write("old", token(1))
	commit(repo, "one")
	repo.Write("gone", token(2))
	commit(repo, "two")
	repo.Git("rm", "-q", "gone")
	repo.Write("copy", token(1))
	repo.Write("late", token(3))
	commit(repo, "three "+token(4))
	repo.Git("tag", "-am", "key "+token(5), "v1")
	objects := len(gittest.Lines(repo.Git("cat-file", "--batch-all-objects", "--batch-check")))
	for _, spec := range []string{"HEAD~2..v1", "HEAD~1..HEAD", "v1", "HEAD..v1"} {
		short, long := scanAs(t, repo, spec, false), scanAs(t, repo, spec, true)
		if !reflect.DeepEqual(placesOf(short), placesOf(long)) || !long.Coverage.Complete() {
			t.Errorf("%s: a short range has %v, a long one %v", spec, placesOf(short), placesOf(long))
		}
		if spec != "HEAD..v1" && long.Coverage.Objects != int64(objects) {
			t.Errorf("%s: %d objects were read, there are %d", spec, long.Coverage.Objects, objects)
		}
	}
	for _, how := range []string{"damaged", ""} {
		spoil(t, repo, repo.Git("rev-parse", "HEAD~1:gone"), how)
		for spec, complete := range map[string]bool{"HEAD~1..v1": true, "HEAD~2..v1": false, "HEAD~1": false, "HEAD~2": true} {
			short, long := scanAs(t, repo, spec, false), scanAs(t, repo, spec, true)
			if long.Coverage.Complete() != complete || !reflect.DeepEqual(placesOf(short), placesOf(long)) || !reflect.DeepEqual(short.Coverage.Unread, long.Coverage.Unread) {
				t.Errorf("%q, %s: %v and %v; unread %v and %v", how, spec, placesOf(short), placesOf(long), short.Coverage.Unread, long.Coverage.Unread)
			}
		}
	}
}

// TestRangeLongFault makes sure that a damaged archive (two things are named) does not make
// a long range slow, and counts only if the range adds it.
func TestRangeLongFault(t *testing.T) {
	repo := gittest.New(t)
	repo.Write("old.zip", zipWith(t, zip.Deflate, "", "old", "text")[:34])
	commit(repo, "one")
	repo.Write("bad.zip", zipWith(t, zip.Deflate, "", "bad", "other")[:34])
	commit(repo, "two")
	repo.Git("rm", "-q", "bad.zip")
	commit(repo, "three")
	objects := len(gittest.Lines(repo.Git("cat-file", "--batch-all-objects", "--batch-check")))
	for spec, unread := range map[string]int{"HEAD~1..HEAD": 0, "HEAD~2..HEAD": 2, "HEAD~2": 2, "HEAD": 4} {
		short, long := scanAs(t, repo, spec, false), scanAs(t, repo, spec, true)
		if len(long.Coverage.Unread) != unread || !reflect.DeepEqual(short.Coverage.Unread, long.Coverage.Unread) {
			t.Errorf("%s: unread %v and %v, want %d", spec, short.Coverage.Unread, long.Coverage.Unread, unread)
		}
		if long.Coverage.Objects != int64(objects) {
			t.Errorf("%s: %d objects were read, there are %d", spec, long.Coverage.Objects, objects)
		}
	}
}

// scanAs is scanRange, with every range long, or none.
func scanAs(t *testing.T, repo *gittest.Repo, spec string, long bool) *result.Result {
	t.Helper()
	res, err := Range(t.Context(), repo.Dir, spec, Options{longRanges: long})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// placesOf returns the places of each finding, by token id.
func placesOf(res *result.Result) map[string][]result.Location {
	out := map[string][]result.Location{}
	for _, f := range res.Findings {
		out[f.Secret.ID()] = f.Locations
	}
	return out
}

// TestRangeTreeBomb makes sure that a tree that others hold many times is read once.
func TestRangeTreeBomb(t *testing.T) {
	repo := gittest.New(t)
	commit(repo, "one")
	blob := repo.GitInput(token(1), "hash-object", "-w", "--stdin")
	tree := repo.GitInput("100644 blob "+blob+"\tf\n", "mktree")
	for range 12 {
		var b strings.Builder
		for i := range 10 {
			b.WriteString("040000 tree " + tree + "\td" + string(rune('0'+i)) + "\n")
		}
		tree = repo.GitInput(b.String(), "mktree")
	}
	id := repo.Git("commit-tree", "-p", "HEAD", "-m", "bomb", tree)
	if res := scanRange(t, repo, "HEAD.."+id); len(res.Findings) != 1 {
		t.Errorf("%d findings", len(res.Findings))
	}
}

// TestRangeError makes sure that a range with two wrong ends gives one line about the
// first.
func TestRangeError(t *testing.T) {
	repo := gittest.New(t)
	commit(repo, "one")
	for _, spec := range []string{"no..none", "no...none"} {
		_, err := Range(t.Context(), repo.Dir, spec, Options{})
		if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), `"no"`) {
			t.Errorf("%s: %v", spec, err)
		}
	}
}
