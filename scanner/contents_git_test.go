package scanner

import (
	"archive/zip"
	"strings"
	"testing"

	"github.com/r8scan/r8scan/scanner/internal/gittest"
)

// Containers in git are read in each of their versions, loose and packed, and
// a second scan that remembers the pack counts and finds the same.
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
		res, err := Objects(t.Context(), repo.Dir, opts)
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Findings) != 2 || !res.Coverage.Complete() {
			t.Fatalf("%s: %d findings, unread %v", how, len(res.Findings), res.Coverage.Unread)
		}
		for _, f := range res.Findings {
			want, blobs := Location{Path: "x.tar", Member: "c", Line: 2001, Column: 6, EndColumn: 46}, 2
			if f.Secret.Reveal() == b {
				want, blobs = Location{Path: "x.tar", Member: "d.zip!e", Line: 1, Column: 6, EndColumn: 46}, 1
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

// What of a container in git cannot be read is named by object and member, by
// every scan.
func TestUnreadInGit(t *testing.T) {
	repo := gittest.New(t)
	repo.Write("x.tar", tarWith(t, "c.gz", gzipped(strings.Repeat("text", 1000))[:40]))
	repo.Git("add", ".")
	repo.Git("commit", "-qm", "one")
	repo.Git("repack", "-adq")
	opts := Options{Cache: t.TempDir()}
	for range 2 {
		res, err := Objects(t.Context(), repo.Dir, opts)
		if err != nil {
			t.Fatal(err)
		}
		id := strings.TrimSpace(repo.Git("rev-parse", "HEAD:x.tar"))
		if u := res.Coverage.Unread; len(u) != 1 || u[0].What != "blob "+id+"!c.gz!c" {
			t.Errorf("unread %q", u)
		}
	}
}
