package scanner

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/r8scan/r8scan/scanner/internal/gittest"
)

// benchRepository makes a repository of 2,000 commits that each change one of
// 200 files, packed by git. Of the commits, tokens add a token each.
func benchRepository(b *testing.B, tokens int) *gittest.Repo {
	b.Helper()
	const commits, files = 2000, 200
	rng := rand.New(rand.NewPCG(1, 2))
	r := gittest.New(b, "--bare")
	contents := make([][]string, files)
	for i := range contents {
		for line := range 120 {
			contents[i] = append(contents[i], fmt.Sprintf("line %d of %d: %x", line, i, rng.Uint64()))
		}
	}
	m := &gittest.Import{}
	var parents []int
	for n := range commits {
		i := rng.IntN(files)
		text := contents[i]
		text[rng.IntN(len(text))] = fmt.Sprintf("changed by %d: %x", n, rng.Uint64())
		if tokens > 0 && n%(commits/tokens) == 0 {
			text[rng.IntN(len(text))] = "token = " + gittest.Token(n)
		}
		blob := m.Blob(strings.Join(text, "\n"))
		path := fmt.Sprintf("dir%d/sub%d/file%d.txt", i%10, i%3, i)
		parents = []int{m.Commit("refs/heads/main", fmt.Sprint("change ", n), parents, gittest.File{Path: path, Mark: blob})}
	}
	m.Run(r)
	r.Git("repack", "-adfq")
	return r
}

func benchmarkObjects(b *testing.B, tokens int) {
	r := benchRepository(b, tokens)
	b.ResetTimer()
	for b.Loop() {
		res, err := Objects(context.Background(), r.GitDir(), Options{})
		if err != nil {
			b.Fatal(err)
		}
		if tokens != len(res.Findings) {
			b.Fatalf("%d findings, want %d", len(res.Findings), tokens)
		}
		b.SetBytes(res.Coverage.Bytes)
	}
}

// BenchmarkObjects reads a history without tokens.
func BenchmarkObjects(b *testing.B) { benchmarkObjects(b, 0) }

// BenchmarkObjectsAndStories reads one with 50 tokens and tells their stories:
// the difference is what attribution costs.
func BenchmarkObjectsAndStories(b *testing.B) { benchmarkObjects(b, 50) }

// BenchmarkRange reads what the last ten commits add.
func BenchmarkRange(b *testing.B) {
	r := benchRepository(b, 0)
	b.ResetTimer()
	for b.Loop() {
		if _, err := Objects(context.Background(), r.GitDir(), Options{Range: "main~10..main"}); err != nil {
			b.Fatal(err)
		}
	}
}
