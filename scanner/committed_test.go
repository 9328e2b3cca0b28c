package scanner

import (
	"testing"
	"time"

	"r8scan/internal/git/gittest"
)

// TestCommitted: a place in the history says when its commit was made, so that a
// reader sees when a token moved from one file to another.
func TestCommitted(t *testing.T) {
	r := gittest.New(t)
	made := map[string]string{} // by path
	for i, path := range []string{"a.py", "b.py"} {
		made[path] = time.Date(2024, time.Month(3+i), 1, 12, 0, 0, 0, time.UTC).Format(time.RFC3339)
		r.Env = append(r.Env, "GIT_COMMITTER_DATE="+made[path])
		r.Write(path, token(1))
		r.Git("add", "-A")
		r.Git("commit", "-qm", path)
		r.Git("rm", "-q", "--cached", path)
	}
	res, err := History(t.Context(), r.Dir, Options{})
	if err != nil || len(res.Findings) != 1 {
		t.Fatalf("%d findings, %v", len(res.Findings), err)
	}
	got := map[string]string{}
	for _, l := range res.Findings[0].Locations {
		got[l.Path] = l.Committed.Format(time.RFC3339)
	}
	for path, want := range made {
		if got[path] != want {
			t.Errorf("%s: committed %q, want %q", path, got[path], want)
		}
	}
}
