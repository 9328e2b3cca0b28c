package scanner

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"r8scan/internal/git/gittest"
)

var (
	movingN    = flag.Int("moving.n", 6, "how many times TestMoving scans a repository that git changes meanwhile")
	movingSeed = flag.Uint64("moving.seed", 1, "seed of TestMoving")
)

// TestMoving scans a repository while git commits to it, packs it anew and deletes what no
// ref reaches. A scan finds each token that was committed before it began, or says that it
// is incomplete.
func TestMoving(t *testing.T) {
	r := gittest.New(t)
	rng := rand.New(rand.NewPCG(*movingSeed, 0))
	committed := 0
	commit := func() error {
		name := fmt.Sprint("f", committed%20) // what was in the file is in the history only
		if err := os.WriteFile(filepath.Join(r.Dir, name), []byte("key = "+gittest.Token(committed)+"\n"), 0o600); err != nil {
			return err
		}
		_, addErr := r.Try("", "add", name)
		_, commitErr := r.Try("", "commit", "-qm", name)
		committed++
		return errors.Join(addErr, commitErr)
	}
	for range 20 {
		if err := commit(); err != nil {
			t.Fatal(err)
		}
	}
	for range *movingN {
		want, changed := committed, make(chan error, 1)
		go func() {
			var err error
			for range 3 {
				err = errors.Join(err, change(r, rng, commit))
			}
			changed <- err
		}()
		res, err := History(t.Context(), r.Dir, Options{})
		if err := errors.Join(err, <-changed); err != nil {
			t.Fatal(err)
		}
		found := map[string]bool{}
		for _, f := range res.Findings {
			found[f.Secret.Reveal()] = true
		}
		for i := range want {
			if !found[gittest.Token(i)] && res.Coverage.Complete() {
				t.Errorf("token %d is not found, and the scan says that it is complete", i)
			}
		}
		t.Logf("%d tokens before, %d after, %d found, complete: %v", want, committed, len(found), res.Coverage.Complete())
	}
}

// change lets git change the repository in one of the ways in which it does so by itself.
func change(r *gittest.Repo, rng *rand.Rand, commit func() error) error {
	args := [][]string{
		nil,
		{"repack", "-adfq"},
		{"gc", "-q", "--prune=now"},
		{"pack-refs", "--all"},
		{"commit", "--amend", "-qm", "amended"},
	}[rng.IntN(5)]
	if args == nil {
		return commit()
	}
	_, err := r.Try("", args...)
	return err
}
