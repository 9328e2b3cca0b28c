package scanner

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
	"r8scan/result"
)

// noisyRepo is a repository with delta families that are large enough to be split
// between workers, and with a few tokens that come and go.
func noisyRepo(t *testing.T) (*gittest.Repo, []string) {
	r := gittest.New(t)
	rng := rand.New(rand.NewPCG(1, 2))
	var tokens []string
	for i := range 6 {
		tokens = append(tokens, gittest.Token(i))
	}
	lines := make([]string, 4000)
	for i := range lines {
		lines[i] = fmt.Sprintf("%x", rng.Uint64())
	}
	var m gittest.Import
	var parents []int
	for i := range 80 {
		for range 100 {
			lines[rng.IntN(len(lines))] = fmt.Sprintf("%x", rng.Uint64())
		}
		if i%4 == 0 {
			lines[rng.IntN(len(lines))] = tokens[rng.IntN(len(tokens))]
		}
		message := fmt.Sprint("change ", i)
		if i%20 == 3 {
			message += " " + tokens[0]
		}
		files := []gittest.File{{Path: "big", Mark: m.Blob(strings.Join(lines, "\n"))}}
		if i%16 == 5 {
			files = append(files, gittest.File{Path: "names/" + tokens[1] + fmt.Sprint(i), Mark: m.Blob("x")})
		}
		parents = []int{m.Commit("refs/heads/main", message, parents, files...)}
	}
	m.Tag("v1", "for "+tokens[2], parents[0])
	m.Run(r)
	r.Git("repack", "-adfq", "--depth=20", "--window=5")
	return r, tokens
}

// TestEveryObjectThatHoldsAToken compares the objects that an audit names with a search
// of everything that git prints.
func TestEveryObjectThatHoldsAToken(t *testing.T) {
	r, tokens := noisyRepo(t)
	var want []string
	for _, line := range gittest.Lines(r.Git("cat-file", "--batch-all-objects", "--batch-check")) {
		f := strings.Fields(line)
		content := r.Git("cat-file", f[1], f[0])
		for i, token := range tokens {
			if strings.Contains(content, token) {
				want = append(want, fmt.Sprint(f[0], " ", i))
			}
		}
	}
	slices.Sort(want)
	for _, jobs := range []int{1, 4} {
		res, err := History(context.Background(), r.Dir, Options{Jobs: jobs})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range res.Findings {
			for _, l := range f.Locations {
				got = append(got, fmt.Sprint(l.Object, " ", slices.Index(tokens, f.Secret.Reveal())))
			}
		}
		slices.Sort(got)
		got = slices.Compact(got)
		if !slices.Equal(got, want) {
			t.Errorf("with %d jobs, %d objects with tokens are found, git has %d", jobs, len(got), len(want))
		}
		if len(want) < 40 || !res.Coverage.Complete() {
			t.Errorf("%d objects hold tokens; unread: %v", len(want), res.Coverage.Unread)
		}
	}
}

// TestHitWithoutPath makes sure that a tree that contains itself, which takes a wrong id,
// does not hide a token below it.
func TestHitWithoutPath(t *testing.T) {
	r := gittest.New(t)
	token := gittest.Token(1)
	self := sha1.Sum([]byte("no hash of the tree"))
	blob := r.GitInput(token, "hash-object", "-w", "--stdin")
	raw, err := hex.DecodeString(blob)
	if err != nil {
		t.Fatal(err)
	}
	tree := "40000 self\x00" + string(self[:]) + "100644 x\x00" + string(raw)
	var file bytes.Buffer
	z := zlib.NewWriter(&file)
	fmt.Fprintf(z, "tree %d\x00%s", len(tree), tree)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	id := hex.EncodeToString(self[:])
	dir := filepath.Join(r.GitDir(), "objects", id[:2])
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, id[2:]), file.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	res, err := Audit(context.Background(), r.Dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Findings) != 1 || res.Findings[0].Locations[0].Object != blob {
		t.Errorf("findings: %v", res.Findings)
	}
}

// TestQuarantine scans what a push brought and git has not accepted yet.
func TestQuarantine(t *testing.T) {
	r := gittest.New(t)
	other := gittest.New(t)
	other.GitInput(gittest.Token(1), "hash-object", "-w", "--stdin")
	t.Setenv("GIT_OBJECT_DIRECTORY", filepath.Join(other.GitDir(), "objects"))
	for _, scan := range []func(context.Context, string, Options) (*result.Result, error){Audit, History} {
		res, err := scan(context.Background(), r.Dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Findings) != 1 {
			t.Errorf("%d findings, want the one in quarantine", len(res.Findings))
		}
	}
}

// TestSplitIndexIsRead stages a token in a split index.
func TestSplitIndexIsRead(t *testing.T) {
	r := gittest.New(t)
	for i := range 40 {
		r.Write(fmt.Sprintf("file%d", i), fmt.Sprint(i))
	}
	r.Write("key", gittest.Token(1))
	r.Git("add", ".")
	r.Git("update-index", "--split-index")
	if err := os.Remove(filepath.Join(r.Dir, "key")); err != nil {
		t.Fatal(err)
	}
	res, err := Audit(context.Background(), r.Dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Findings) != 1 || res.Findings[0].Exposure != result.ExposureStaged || res.Findings[0].Locations[0].Path != "key" || !res.Coverage.Complete() {
		t.Errorf("findings %v, unread %v", res.Findings, res.Coverage.Unread)
	}
}
