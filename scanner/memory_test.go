package scanner

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"r8scan/internal/budget"
	"r8scan/internal/git/gittest"
)

// explosion is a repository of a few trees with a token at 10^40 paths, and with more
// tokens and missing objects than a result can hold.
func explosion(t *testing.T) *gittest.Repo {
	r := gittest.New(t)
	first := gittest.Token(0) // of those that are kept
	sum := sha256.Sum256([]byte(first))
	for i := range 30_002 {
		if s := sha256.Sum256([]byte(gittest.Token(i))); bytes.Compare(s[:], sum[:]) < 0 {
			first, sum = gittest.Token(i), s
		}
	}
	blob := r.GitInput(first+"\n", "hash-object", "-w", "--stdin")
	tree := r.GitInput("100644 blob "+blob+"\tkey\n", "mktree")
	for range 40 {
		var list strings.Builder
		for i := range 10 {
			fmt.Fprintf(&list, "040000 tree %s\t%d\n", tree, i)
		}
		tree = r.GitInput(list.String(), "mktree")
	}
	r.Git("update-ref", "refs/heads/explosion", r.Git("commit-tree", "-m", "explosion", tree))
	var m gittest.Import
	var files []gittest.File
	for i := range 12 {
		var text strings.Builder
		for n := range 2500 {
			fmt.Fprintln(&text, gittest.Token(2+2500*i+n), "and", gittest.Token(2))
		}
		files = append(files, gittest.File{Path: fmt.Sprint("f", i), Mark: m.Blob(text.String())})
	}
	m.Commit("refs/heads/main", "tokens", nil, files...)
	m.Run(r)
	var list strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&list, "100644 blob %08x%032x\tm%d\n", i+1, i, i)
	}
	r.GitInput(list.String(), "mktree", "--missing")
	return r
}

// TestStableBeyondLimits makes sure that beyond all limits the result is the same, byte
// for byte, with any number of workers.
func TestStableBeyondLimits(t *testing.T) {
	r := explosion(t)
	for i := range 8 {
		if err := os.WriteFile(filepath.Join(r.Dir, fmt.Sprint("x", i, ".zip")), bytes.Repeat([]byte("PK\x03\x04"+gittest.Token(i)), 2000), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var want []byte
	for _, jobs := range []int{1, 2, 8} {
		res, err := Audit(t.Context(), r.Dir, Options{Jobs: jobs, MaxMemory: budget.Min})
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal([]any{res.Coverage, res.Findings, res.LeftOut})
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
			all := fmt.Sprint(res.Coverage.Unread)
			for _, limit := range []string{"paths in the history", "places of tokens", "other objects"} {
				if !strings.Contains(all, limit) {
					t.Errorf("%s is not named as over a limit, in %.300s … %.500s", limit, all, all[len(all)-500:])
				}
			}
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%d workers: the result differs from that of one", jobs)
		}
	}
}
