package odb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
)

// fill imports a history with typical contents of object stores: files that
// change a little each time, folders, tags of tags, empty and large blobs.
func fill(r *gittest.Repo, seed uint64, commits int, args ...string) {
	rng := rand.New(rand.NewPCG(seed, 1))
	var m gittest.Import
	text := make([]string, 200)
	for i := range text {
		text[i] = fmt.Sprintf("line %d of a file %x", i, rng.Uint64())
	}
	noise := make([]byte, 12_000)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	last := m.Commit("refs/heads/main", "root", nil,
		gittest.File{Path: "empty", Mark: m.Blob("")}, gittest.File{Path: "noise", Mark: m.Blob(string(noise))},
		gittest.File{Path: "zeros", Mark: m.Blob(strings.Repeat("\x00", 100_000))})
	for i := range commits {
		text[rng.IntN(len(text))] = fmt.Sprintf("changed %d %x", i, rng.Uint64())
		if i%3 == 0 {
			text = slices.Insert(text, rng.IntN(len(text)), fmt.Sprintf("new %x", rng.Uint64()))
		}
		noise[rng.IntN(len(noise))]++
		last = m.Commit("refs/heads/main", fmt.Sprintf("change %d", i), []int{last},
			gittest.File{Path: fmt.Sprintf("dir%d/file%d", i%7, i%5), Mark: m.Blob(strings.Join(text, "\n"))},
			gittest.File{Path: "noise", Mark: m.Blob(string(noise))})
	}
	tag := m.Tag("v1", "a tag", last)
	tag = m.Tag("v2", "a tag of a tag", tag)
	m.Tag("v3", "a tag of a tag of a tag", tag)
	m.Run(r, args...)
	r.GitInput("", "hash-object", "-w", "-t", "tree", "--stdin")
}

// shapes are ways to store the same objects. Each changes the repository as its
// name says and returns additional object directories.
var shapes = map[string]func(r *gittest.Repo) []string{
	"loose": func(r *gittest.Repo) []string {
		fill(r, 1, 15, "--max-pack-size=1g")
		unpack(r)
		return nil
	},
	"packed":       func(r *gittest.Repo) []string { fill(r, 2, 60); r.Git("repack", "-adfq"); return nil },
	"as imported":  func(r *gittest.Repo) []string { fill(r, 3, 30, "--depth=50"); return nil },
	"deep chains":  func(r *gittest.Repo) []string { fill(r, 4, 150); repackDeep(r); return nil },
	"ref-deltas":   refDeltas,
	"idx v1":       indexV1,
	"fixed thin":   fixedThin,
	"duplicates":   duplicates,
	"several":      severalPacks,
	"alternates":   withAlternate,
	"loose copies": func(r *gittest.Repo) []string { fill(r, 5, 15); unpackKeep(r); return nil },
}

func repackDeep(r *gittest.Repo) { r.Git("repack", "-adfq", "--depth=4095", "--window=3") }

// packs returns the paths of the repository's packs.
func packs(r *gittest.Repo) []string {
	paths, err := filepath.Glob(filepath.Join(r.GitDir(), "objects", "pack", "*.pack"))
	if err != nil || len(paths) == 0 {
		r.T.Fatal("the repository has no packs")
	}
	return paths
}

// takePacks removes all packs and returns their bytes.
func takePacks(r *gittest.Repo) (out []string) {
	for _, path := range packs(r) {
		data, err := os.ReadFile(path)
		if err != nil {
			r.T.Fatal(err)
		}
		out = append(out, string(data))
	}
	if err := os.RemoveAll(filepath.Join(r.GitDir(), "objects", "pack")); err != nil {
		r.T.Fatal(err)
	}
	return out
}

func unpack(r *gittest.Repo) {
	for _, p := range takePacks(r) {
		r.GitInput(p, "unpack-objects", "-q")
	}
}

// unpackKeep leaves the packs and makes all objects loose too.
func unpackKeep(r *gittest.Repo) {
	was := takePacks(r)
	for _, p := range was {
		r.GitInput(p, "unpack-objects", "-q")
	}
	for _, p := range was {
		r.GitInput(p, "index-pack", "--stdin")
	}
}

func refDeltas(r *gittest.Repo) []string {
	fill(r, 6, 50)
	r.Git("config", "repack.useDeltaBaseOffset", "false")
	r.Git("repack", "-adfq")
	return nil
}

func indexV1(r *gittest.Repo) []string {
	fill(r, 7, 30)
	r.Git("config", "pack.indexVersion", "1")
	r.Git("repack", "-adfq")
	return nil
}

// fixedThin makes a pack as a fetch does: missing bases are appended.
func fixedThin(r *gittest.Repo) []string {
	fill(r, 8, 60)
	r.Git("repack", "-adfq")
	thin := r.GitInput("main\n^main~30\n", "pack-objects", "--revs", "--thin", "--stdout", "-q", "--delta-base-offset")
	r.GitInput(thin, "index-pack", "--stdin", "--fix-thin")
	return nil
}

func duplicates(r *gittest.Repo) []string {
	fill(r, 9, 60)
	r.Git("repack", "-adfq")
	for _, revs := range []string{"main\n", "main~20\n", "main~3\n^main~50\n"} {
		r.GitInput(revs, "pack-objects", "--revs", "-q", filepath.Join(r.GitDir(), "objects", "pack", "pack"))
	}
	return nil
}

func severalPacks(r *gittest.Repo) []string {
	for i := range uint64(4) {
		fill(r, 10+i, 15)
	}
	return nil
}

func withAlternate(r *gittest.Repo) []string {
	other := gittest.New(r.T, "--object-format="+r.Git("rev-parse", "--show-object-format"))
	fill(other, 20, 15)
	fill(r, 21, 15)
	unpackKeep(other)
	dir := filepath.Join(other.GitDir(), "objects")
	if err := os.WriteFile(filepath.Join(r.GitDir(), "objects", "info", "alternates"), []byte(dir+"\n"), 0o644); err != nil {
		r.T.Fatal(err)
	}
	return []string{dir}
}

// TestAgainstGit compares what a walk reads with git's list: the same objects,
// each matching its id, and the same bytes from Read.
func TestAgainstGit(t *testing.T) {
	for name, shape := range shapes {
		for _, format := range []string{"sha1", "sha256"} {
			t.Run(name+" "+format, func(t *testing.T) {
				t.Parallel()
				r := gittest.New(t, "--object-format="+format)
				more := shape(r)
				hash := map[string]int{"sha1": 20, "sha256": 32}[format]
				dirs := append([]string{filepath.Join(r.GitDir(), "objects")}, more...)
				for _, limits := range []Limits{defaultLimits(), {Stream: 100, Object: 1 << 20, Held: 8 << 20}} {
					s := openOwn(dirs, hash, limits)
					compareWithGit(t, r, s, limits.Stream > 100)
					lookUpAll(t, dirs, s, limits)
					s.Close()
				}
			})
		}
	}
}

func compareWithGit(t *testing.T, r *gittest.Repo, s *Store, read bool) {
	t.Helper()
	h := walkAll(t, s)
	for o, why := range h.failed {
		t.Errorf("%s: %s", s.Hex(o), why)
	}
	for _, p := range s.Problems() {
		t.Errorf("%s: %s", p.What, p.Reason)
	}
	want := gittest.Lines(r.Git("cat-file", "--batch-all-objects", "--batch-check"))
	if len(want) != s.Len() {
		t.Errorf("git has %d objects, the store %d", len(want), s.Len())
	}
	for _, line := range want {
		id, rest, _ := strings.Cut(line, " ")
		o, ok := s.FindHex(id)
		if !ok || !h.seen[o] {
			t.Fatalf("%s was not read", line)
		}
		if !read {
			continue
		}
		typ, data, err := s.Read(o)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%s %d", typ, len(data)); got != rest {
			t.Errorf("%s: Read gives %s, git %s", id, got, rest)
		}
		sum := h.new()
		fmt.Fprintf(sum, "%s %d\x00", typ, len(data))
		sum.Write(data)
		if !bytes.Equal(sum.Sum(nil), s.ID(o)) {
			t.Errorf("%s: Read's bytes have another hash", id)
		}
	}
}

// lookUpAll checks that a Lookup reads every object with its id.
func lookUpAll(t *testing.T, dirs []string, s *Store, limits Limits) {
	t.Helper()
	l := NewLookup(Folders{Dirs: dirs}, s.HashLen(), limits)
	defer l.Close()
	for o := range Obj(s.Len()) {
		c, err := l.Read(s.ID(o), nil)
		if err != nil {
			t.Fatalf("%s: %v", s.Hex(o), err)
		}
		if c.Stream != nil {
			if c.Data, err = io.ReadAll(c.Stream); err != nil {
				t.Fatalf("%s: %v", s.Hex(o), err)
			}
		}
		_, want, err := s.Read(o)
		if err == nil && !bytes.Equal(c.Data, want) {
			t.Errorf("%s: a lookup and the store give different bytes", s.Hex(o))
		}
		c.Close()
	}
	if _, err := l.Read(make([]byte, s.HashLen()), nil); !errors.Is(err, ErrMissing) {
		t.Errorf("an object that is not there gives %v", err)
	}
}
