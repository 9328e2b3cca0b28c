package source

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"r8scan/internal/budget"
	"r8scan/internal/collect"
	"r8scan/internal/git/gittest"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/wire"
)

// sifted sifts the pack of a repository, without the objects that leave names.
func sifted(t *testing.T, r *gittest.Repo, leave ...string) (ok bool, store *odb.Store) {
	t.Helper()
	var ids []string
	for _, line := range gittest.Lines(r.Git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")) {
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
	pack, err := odb.OpenUnindexed(f, info.Size(), "the pack", wire.SHA1, odb.LimitsOf(b))
	if err != nil {
		t.Fatal(err)
	}
	repo := &repository{}
	repo.forget(env)
	ok, err = (&sift{env: env, repo: repo, pack: pack}).run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	store = pack.Index()
	t.Cleanup(store.Close)
	return ok, store
}

// TestSift: blobs with nothing in them get no id, others do, and a missing object calls
// for all ids.
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
	r.Write("page.br", "a name that says what it holds")
	r.Git("add", ".")
	r.Git("commit", "-qm", "two")
	if ok, store = sifted(t, r); !ok || !find(store, "HEAD:page.br") {
		t.Error("a blob that is known by its name has no id")
	}
}
