package scanner

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ulikunitz/xz/lzma"

	"r8scan/internal/git/gittest"
	"r8scan/internal/search"
	"r8scan/result"
	"r8scan/rules"
)

// TestUnsignedOnce makes sure that a blob that is a container by name only is read and
// counted once, in every kind of scan.
func TestUnsignedOnce(t *testing.T) {
	r := gittest.New(t)
	commit(r, "one")
	var packed bytes.Buffer
	w, err := lzma.NewWriter(&packed)
	if err != nil {
		t.Fatal(err)
	}
	text := token(1) + strings.Repeat("\n", 5000)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r.Write("log.lzma", packed.String())
	r.Git("add", ".")
	r.Git("commit", "-qm", "two")
	var inAll int64
	for _, c := range []struct {
		how  string
		scan func() (*result.Result, error)
	}{
		{"all", func() (*result.Result, error) { return History(t.Context(), r.Dir, Options{}) }},
		{"range", func() (*result.Result, error) { return Range(t.Context(), r.Dir, "HEAD~..HEAD", Options{}) }},
		{"long range", func() (*result.Result, error) {
			return Range(t.Context(), r.Dir, "HEAD~..HEAD", Options{longRanges: true})
		}},
		{"push", func() (*result.Result, error) {
			return Push(t.Context(), r.Dir, Pushed{To: "HEAD", From: "HEAD~"}, Options{})
		}},
		{"audit", func() (*result.Result, error) { return Audit(t.Context(), r.GitDir(), Options{}) }},
	} {
		res, err := c.scan()
		if err != nil {
			t.Fatal(err)
		}
		if n := res.Coverage.ArchiveMembers; n != 1 || len(res.Findings) != 1 {
			t.Errorf("%s: %d members, %d findings", c.how, n, len(res.Findings))
		}
		switch b := res.Coverage.Bytes; c.how {
		case "all":
			inAll = b
		case "long range":
			if b != inAll {
				t.Errorf("%s: %d bytes, want %d", c.how, b, inAll)
			}
		case "range", "push":
			if b >= inAll || b < int64(len(text)) {
				t.Errorf("%s: %d bytes of %d", c.how, b, inAll)
			}
		}
	}
}

// TestMemberNamesLikeFileNames makes sure that names of members are searched like names of
// files: for API tokens only, and within the limits.
func TestMemberNamesLikeFileNames(t *testing.T) {
	hook := "REPLICATE_WEBHOOK_SECRET=whsec_" + "q5Zt8Qw1LpXc7Vb2NmKj9Hg5Fd3Sa6Po"
	dir := t.TempDir()
	write := func(name string, members ...string) {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, m := range members {
			if _, err := z.Create(m); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.zip", token(1)+".txt")
	res, err := Files(t.Context(), []string{dir}, nil, Options{})
	if err != nil || len(res.Findings) != 1 || res.Findings[0].Locations[0].Member == "" || !res.Coverage.Complete() {
		t.Fatalf("%v: %+v", err, res)
	}
	if err := os.WriteFile(filepath.Join(dir, hook), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	write("b.zip", hook)
	if res, err = Files(t.Context(), []string{dir}, nil, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, f := range res.Findings {
		for _, l := range f.Locations {
			if f.Secret.Reveal() != token(1) && l.Member == hook {
				t.Errorf("a name matches the rule %s", f.Rule)
			}
		}
	}
	var many []string
	for i := range 33_000 {
		many = append(many, fmt.Sprint(i, "/", token(uint64(i))))
	}
	write("c.zip", many...)
	if res, err = Files(t.Context(), []string{filepath.Join(dir, "c.zip")}, nil, Options{MaxMemory: MinMemory}); err != nil {
		t.Fatal(err)
	}
	if len(res.Coverage.Unread) == 0 || res.Coverage.Unread[0].Reason != search.TooMany {
		t.Errorf("%d findings, unread %v", len(res.Findings), res.Coverage.Unread)
	}
}

// TestMessagePositions makes sure that lines and columns in a commit or a tag count in its
// message, or in the value of a header, which is named.
func TestMessagePositions(t *testing.T) {
	r := gittest.New(t)
	commit(r, "one")
	r.Git("commit", "-q", "--allow-empty", "-m", "subject\n\nbody\n  "+token(1))
	r.Git("tag", "-a", "v1", "-m", token(2)+" in a tag")
	by := token(3) + " <a@b> 1 +0000\n"
	head := r.GitInput("tree "+r.Git("rev-parse", "HEAD^{tree}")+"\nauthor "+by+"committer "+by+"x-key first\n "+token(4)+"\n"+token(5)+" keyword\n\nmessage\n",
		"hash-object", "-t", "commit", "-w", "--stdin", "--literally")
	r.Git("update-ref", "refs/heads/odd", head)
	want := map[string]string{
		token(1): "commit 4:3-43",
		token(2): "tag 1:1-41",
		token(3): "commit author 1:1-41, commit committer 1:1-41",
		token(4): "commit x-key 2:2-42",
		token(5): "commit " + rules.Redact(token(5)) + " 1:1-41",
	}
	for _, cached := range []bool{false, true} {
		r.Git("repack", "-adqf")
		opts := Options{}
		if cached {
			opts.Cache = t.TempDir()
			if _, err := History(t.Context(), r.Dir, opts); err != nil {
				t.Fatal(err)
			}
		}
		res, err := History(t.Context(), r.Dir, opts)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, f := range res.Findings {
			var places []string
			for _, l := range f.Locations {
				places = append(places, strings.Join(strings.Fields(fmt.Sprintf("%s %s %d:%d-%d", l.Kind, l.Header, l.Line, l.Column, l.EndColumn)), " "))
			}
			got[f.Secret.Reveal()] = strings.Join(places, ", ")
		}
		for secret, places := range want {
			if got[secret] != places {
				t.Errorf("cached %v: %s, want %s", cached, got[secret], places)
			}
		}
	}
}

// TestZerosInID makes sure that a missing object whose id begins with sixteen zero bytes is
// noticed.
func TestZerosInID(t *testing.T) {
	r := gittest.New(t)
	commit(r, "one")
	id := strings.Repeat("0", 32) + "12345678"
	tree := r.GitInput("100644 blob "+id+"\tgone\n", "mktree", "--missing")
	r.Git("update-ref", "refs/heads/other", r.Git("commit-tree", "-m", "two", tree))
	res, err := History(t.Context(), r.Dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if u := res.Coverage.Unread; len(u) != 1 || u[0].What != "blob "+id+" (gone)" {
		t.Errorf("unread %v", u)
	}
}
