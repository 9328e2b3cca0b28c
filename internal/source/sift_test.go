package source

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"r8scan/internal/budget"
	"r8scan/internal/collect"
	"r8scan/internal/git/gittest"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
	"r8scan/internal/git/wire"
)

// sifted sifts the pack of a repository, without the objects that leave names.
func sifted(t *testing.T, r *gittest.Repo, leave ...string) (ok bool, store *odb.Store) {
	t.Helper()
	var ids []string
	for _, line := range gittest.Lines(r.Git("rev-list", "--objects", "--no-object-names", "--all")) {
		if len(leave) == 0 || line != leave[0] {
			ids = append(ids, line)
		}
	}
	name := r.GitInput(strings.Join(ids, "\n")+"\n", "pack-objects", "-q", "--delta-base-offset", filepath.Join(r.Dir, "sent"))
	f, err := os.Open(filepath.Join(r.Dir, "sent-"+name+".pack"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	b := budget.New(0, 2)
	env := &Env{Sink: collect.NewSink(b), Budget: b, Goroutines: 2}
	from := &repository{}
	from.Head = r.Git("rev-parse", "HEAD")
	from.Refs = []repo.Ref{{Name: "refs/heads/main", ID: from.Head}}
	from.forget(env)
	sift := newSift(env, from, odb.NewArriving(f, "the pack", wire.SHA1, odb.LimitsOf(b)))
	got, err := sift.while(t.Context(), func(w io.Writer) error {
		_, err := io.Copy(w, io.NewSectionReader(f, 0, info.Size()))
		return err
	})
	if got != nil || err != nil {
		t.Fatal(got, err)
	}
	if ok, err = sift.finish(t.Context(), info.Size()); err != nil {
		t.Fatal(err)
	}
	if !ok {
		sift.pack.Store.Close()
		return false, nil
	}
	t.Cleanup(from.Store.Close)
	return true, from.Store
}

// TestSift: blobs with nothing in them get no id, others do, and a missing object calls
// for all ids. Trees get ids to tell the story of a token.
func TestSift(t *testing.T) {
	r := gittest.New(t)
	for name, text := range map[string]string{"a": "text", "d/b": "key = '" + gittest.Token(1) + "'", "d/c": strings.Repeat("more text\n", 100)} {
		r.Write(name, text)
	}
	r.Git("add", ".")
	r.Git("commit", "-qm", "one")
	r.Git("tag", "-a", "v1", "-m", "one")
	find := func(s *odb.Store, name string) bool {
		_, ok := s.FindHex(r.Git("rev-parse", name))
		return ok
	}
	ok, store := sifted(t, r)
	if !ok {
		t.Fatal("an ordinary pack needs all ids")
	}
	for name, want := range map[string]bool{"HEAD": true, "v1": true, "HEAD:": true, "HEAD:d": true, "HEAD:d/b": true, "HEAD:a": false, "HEAD:d/c": false} {
		if got := find(store, name); got != want {
			t.Errorf("%s has an id: %v", name, got)
		}
	}
	for _, missing := range []string{"HEAD:a", "HEAD:d/b", "HEAD:d", "HEAD"} {
		if ok, _ := sifted(t, r, r.Git("rev-parse", missing)); ok {
			t.Errorf("nobody notices that %s is missing", missing)
		}
	}
	r.Write("page.br", "a name that says what it \x00 holds")
	r.Git("add", ".")
	r.Git("commit", "-qm", "two")
	if ok, store = sifted(t, r); !ok || !find(store, "HEAD:page.br") {
		t.Error("a blob that is known by its name has no id")
	}
}

// TestSiftClean: where nothing is found, trees get ids only until that at HEAD is found.
func TestSiftClean(t *testing.T) {
	r := gittest.New(t)
	var text strings.Builder
	for n := range 1500 {
		fmt.Fprintf(&text, "commit refs/heads/main\ncommitter a <a@b> %d +0000\ndata 0\n", 1_000_000+n)
		fmt.Fprintf(&text, "D k\nM 644 inline k/%d\ndata 4\nsame\n", n)
		for name, content := range map[string]string{"a": "text ", "d/b.br": "text in Breton ", "e/c.br": "no text \x00"} {
			content += fmt.Sprint(n)
			fmt.Fprintf(&text, "M 644 inline %s\ndata %d\n%s\n", name, len(content), content)
		}
	}
	r.GitInput(text.String(), "fast-import", "--quiet")
	ok, store := sifted(t, r)
	if !ok {
		t.Fatal("an ordinary pack needs all ids")
	}
	for name, want := range map[string]bool{"HEAD": true, "HEAD:": true, "HEAD~1400:": false, "HEAD~1400:d": false, "HEAD:a": false, "HEAD:d/b.br": false, "HEAD:e/c.br": true} {
		if _, got := store.FindHex(r.Git("rev-parse", name)); got != want {
			t.Errorf("%s has an id: %v", name, got)
		}
	}
	for _, missing := range []string{"HEAD", "HEAD~20", "HEAD~1400:", "HEAD~1400:k", "HEAD~1400:a", "HEAD~1400:d/b.br", "HEAD~1400:e/c.br"} {
		if ok, _ := sifted(t, r, r.Git("rev-parse", missing)); ok {
			t.Errorf("nobody notices that %s is missing", missing)
		}
	}
}
