package scanner

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/ulikunitz/xz/lzma"

	"r8scan/internal/git/gittest"
	"r8scan/result"
)

// TestContainersInGit makes sure that each version of a container in git is read, loose
// and packed, and that a second scan with the cache counts and finds the same.
func TestContainersInGit(t *testing.T) {
	a, b := token(1), token(2)
	repo := gittest.New(t)
	padding := strings.Repeat("the same in both versions\n", 2000)
	repo.Write("x.tar", tarWith(t, "c", padding+"text "+a, "d.zip", zipWith(t, zip.Deflate, "", "e", "text")))
	repo.Git("add", ".")
	repo.Git("commit", "-qm", "one")
	repo.Write("x.tar", tarWith(t, "c", padding+"text "+a, "d.zip", zipWith(t, zip.Deflate, "", "e", "text "+b)))
	repo.Git("commit", "-qam", "two")
	repo.Write("x.tar", tarWith(t, "c", padding, "d.zip", zipWith(t, zip.Deflate, "", "e", "text")))
	repo.Git("commit", "-qam", "three")
	opts := Options{Cache: t.TempDir()}
	var members, bytes int64
	for _, how := range []string{"loose", "packed", "remembered"} {
		if how == "packed" {
			repo.Git("repack", "-adfq")
		}
		res, err := History(t.Context(), repo.Dir, opts)
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Findings) != 2 || !res.Coverage.Complete() {
			t.Fatalf("%s: %d findings, unread %v", how, len(res.Findings), res.Coverage.Unread)
		}
		for _, f := range res.Findings {
			want, blobs := result.Location{Path: "x.tar", Member: "c", Line: 2001, Column: 6, EndColumn: 46}, 2
			if f.Secret.Reveal() == b {
				want, blobs = result.Location{Path: "x.tar", Member: "d.zip!e", Line: 1, Column: 6, EndColumn: 46}, 1
			}
			if len(f.Locations) != blobs {
				t.Errorf("%s: %+v", how, f.Locations)
			}
			for _, l := range f.Locations {
				if l.Path != want.Path || l.Member != want.Member || l.Line != want.Line || l.Column != want.Column || l.EndColumn != want.EndColumn {
					t.Errorf("%s: %+v, want %+v", how, l, want)
				}
			}
			if h := f.History; h == nil || h.Introduced == nil || h.Removed == nil || h.AtHead {
				t.Errorf("%s: history %+v", how, h)
			}
		}
		if members == 0 {
			members, bytes = res.Coverage.ArchiveMembers, res.Coverage.Bytes
		}
		if res.Coverage.ArchiveMembers != 9 || res.Coverage.Bytes != bytes {
			t.Errorf("%s: %d members, %d bytes; want %d, %d", how, res.Coverage.ArchiveMembers, res.Coverage.Bytes, members, bytes)
		}
	}
}

// TestUnreadInGit makes sure that every scan names, by object and member, what cannot be
// read in a container in git.
func TestUnreadInGit(t *testing.T) {
	repo := gittest.New(t)
	repo.Write("x.tar", tarWith(t, "c.gz", gzipped(strings.Repeat("text", 1000))[:40]))
	repo.Git("add", ".")
	repo.Git("commit", "-qm", "one")
	repo.Git("repack", "-adq")
	opts := Options{Cache: t.TempDir()}
	for range 2 {
		res, err := History(t.Context(), repo.Dir, opts)
		if err != nil {
			t.Fatal(err)
		}
		id := strings.TrimSpace(repo.Git("rev-parse", "HEAD:x.tar"))
		if u := res.Coverage.Unread; len(u) != 1 || u[0].What != "blob "+id+"!c.gz!c" {
			t.Errorf("unread %q", u)
		}
	}
}

// withoutSignature returns compressed texts that only their names reveal.
func withoutSignature(t *testing.T, text string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for name, open := range map[string]func(io.Writer) (io.WriteCloser, error){
		"app.js.br": func(w io.Writer) (io.WriteCloser, error) { return brotli.NewWriter(w), nil },
		"log.lzma":  func(w io.Writer) (io.WriteCloser, error) { return lzma.NewWriter(w) },
	} {
		var b bytes.Buffer
		w, err := open(&b)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(w, text)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		out[name] = b.String()
	}
	return out
}

// TestNamedInGit makes sure that Brotli and bare LZMA in git are read by the names that
// trees give them: loose, packed, from the cache, in a pack without their trees, in a
// range, and by a name that only the index has.
func TestNamedInGit(t *testing.T) {
	for name, content := range withoutSignature(t, strings.Repeat("a line\n", 9)+"key "+token(1)+"\n") {
		repo := gittest.New(t)
		repo.Write("a", "text")
		repo.Git("add", ".")
		repo.Git("commit", "-qm", "one")
		repo.Git("repack", "-adfq")
		opts := Options{Cache: t.TempDir()}
		look := func(how string, scan func() (*result.Result, error)) {
			t.Helper()
			res, err := scan()
			if err != nil {
				t.Fatal(err)
			}
			member := strings.TrimSuffix(strings.TrimSuffix(name, ".br"), ".lzma")
			if len(res.Findings) != 1 || res.Findings[0].Locations[0].Member != member || !res.Coverage.Complete() {
				t.Errorf("%s, %s: %d findings, unread %v", name, how, len(res.Findings), res.Coverage.Unread)
			}
		}
		history := func() (*result.Result, error) { return History(t.Context(), repo.Dir, opts) }
		repo.Write("b/"+name, content)
		repo.Git("add", ".")
		if err := os.RemoveAll(filepath.Join(repo.Dir, "b")); err != nil {
			t.Fatal(err)
		}
		look("staged only", func() (*result.Result, error) { return Audit(t.Context(), repo.Dir, opts) })
		blob := strings.TrimSpace(repo.Git("rev-parse", ":b/"+name))
		repo.Git("commit", "-qm", "two")
		look("loose", history)
		look("range", func() (*result.Result, error) { return Range(t.Context(), repo.Dir, "HEAD~1..HEAD", Options{}) })
		dir := filepath.Join(repo.GitDir(), "objects", "pack", "pack")
		repo.GitInput(blob+"\n", "pack-objects", "-q", dir)
		repo.GitInput("HEAD~1..HEAD\n", "pack-objects", "-q", "--revs", "--incremental", dir)
		repo.Git("prune-packed", "-q")
		look("in two packs", history)
		look("remembered in two packs", history)
		repo.Git("repack", "-adfq")
		look("packed", history)
		look("remembered", history)
	}
}
