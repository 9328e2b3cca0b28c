package scanner

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
)

// benchRepository makes a repository of 2,000 commits that each change one of 200
// files, packed by git. Some commits, as many as tokens says, add a token each.
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
		res, err := History(context.Background(), r.GitDir(), Options{})
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

// BenchmarkObjectsAndStories reads one with 50 tokens and traces their history. The
// difference is the cost of tracing.
func BenchmarkObjectsAndStories(b *testing.B) { benchmarkObjects(b, 50) }

// BenchmarkRange reads what the last ten commits add.
func BenchmarkRange(b *testing.B) {
	r := benchRepository(b, 0)
	b.ResetTimer()
	for b.Loop() {
		if _, err := Range(context.Background(), r.GitDir(), "main~10..main", Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// stagedRepository makes a repository of 75,000 files in 3,000 folders, with one
// changed file in the index.
func stagedRepository(b *testing.B) *gittest.Repo {
	b.Helper()
	r := gittest.New(b)
	m := &gittest.Import{}
	var files []gittest.File
	for i := range 75_000 {
		files = append(files, gittest.File{Path: fmt.Sprintf("src/pkg%02d/module%02d/file_%05d.go", i/1500, i/25%60, i),
			Mark: m.Blob(strings.Repeat(fmt.Sprintf("content of file %d\n", i), 3))})
	}
	m.Commit("refs/heads/main", "all", nil, files...)
	m.Run(r)
	r.Git("read-tree", "main")
	r.Git("write-tree") // as git commit does before it runs a hook
	id := r.GitInput("changed\n", "hash-object", "-w", "--stdin")
	r.Git("update-index", "--cacheinfo", "100644,"+id+",src/pkg30/module30/"+strings.TrimPrefix(files[45_750].Path, "src/pkg30/module30/"))
	return r
}

// BenchmarkStaged scans one changed file of 75,000.
func BenchmarkStaged(b *testing.B) {
	r := stagedRepository(b)
	b.ResetTimer()
	for b.Loop() {
		res, err := Staged(context.Background(), r.Dir, Options{})
		if err != nil {
			b.Fatal(err)
		}
		if res.Coverage.Objects != 1 || !res.Coverage.Complete() {
			b.Fatalf("%d objects were read, unread %v", res.Coverage.Objects, res.Coverage.Unread)
		}
	}
}

// BenchmarkStagedGit runs git diff --cached --quiet for the same. It includes the start
// of the process.
func BenchmarkStagedGit(b *testing.B) {
	r := stagedRepository(b)
	b.ResetTimer()
	for b.Loop() {
		if _, err := r.Try("", "diff", "--cached", "--quiet"); err == nil {
			b.Fatal("git sees no change")
		}
	}
}
