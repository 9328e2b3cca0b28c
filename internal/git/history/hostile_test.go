package history

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
)

// lie writes a loose object under a false id.
func lie(t *testing.T, r *gittest.Repo, name, kind, content string) {
	t.Helper()
	var file bytes.Buffer
	z := zlib.NewWriter(&file)
	fmt.Fprintf(z, "%s %d\x00%s", kind, len(content), content)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	id := hex.EncodeToString(rawID(name))
	dir := filepath.Join(r.GitDir(), "objects", id[:2])
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, id[2:]), file.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func rawID(name string) []byte {
	sum := sha1.Sum([]byte(name))
	return sum[:]
}

func entry(mode, name, of string) string {
	return mode + " " + name + "\x00" + string(rawID(of))
}

// TestCircles has trees that contain themselves, tags in a circle, and commits
// that are their own ancestors, made with false ids. The walk must end, and no
// hit may be lost.
func TestCircles(t *testing.T) {
	r := gittest.New(t)
	token := gittest.Token(1)
	lie(t, r, "blob", "blob", token)
	lie(t, r, "lost", "blob", token)
	lie(t, r, "a", "tree", entry("40000", "x", "b")+entry("100644", "y", "blob"))
	lie(t, r, "b", "tree", entry("40000", "x", "a")+entry("40000", "z", "b"))
	lie(t, r, "self", "tree", entry("40000", "self", "self")+entry("100644", "lost", "lost"))
	hexOf := func(name string) string { return hex.EncodeToString(rawID(name)) }
	who := "author Ada <ada@example.org> 1 +0000\ncommitter Ada <ada@example.org> 1 +0000\n"
	lie(t, r, "good", "commit", "tree "+hexOf("b")+"\n"+who+"\ngood")
	lie(t, r, "c1", "commit", "tree "+hexOf("a")+"\nparent "+hexOf("c2")+"\n"+who+"\none "+token)
	lie(t, r, "c2", "commit", "tree "+hexOf("a")+"\nparent "+hexOf("c1")+"\n"+who+"\ntwo")
	lie(t, r, "t1", "tag", "object "+hexOf("t2")+"\ntype tag\ntag one\n\n"+token)
	lie(t, r, "t2", "tag", "object "+hexOf("t1")+"\ntype tag\ntag two\n\ntwo")
	for _, name := range []string{"good", "t1"} {
		if err := os.WriteFile(filepath.Join(r.GitDir(), "refs", "heads", name), []byte(hexOf(name)+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	d := tell(t, r, []string{token})
	if got := d.show(0, map[string]string{hexOf("good"): "good"}); !strings.HasPrefix(got, "in good x/y, out -") {
		t.Error(got)
	}
	if n := len(d.graph.Circular()); n != 2 {
		t.Errorf("%d commits are named as their own ancestors, want 2", n)
	}
	places, complete := d.graph.Places(nil, 1<<30)
	if complete {
		t.Error("places in a circle are said to be complete")
	}
	seen := map[string]bool{}
	for _, p := range places {
		seen[d.store.Hex(p.Obj)] = true
	}
	for _, name := range []string{"blob", "lost", "c1", "t1"} {
		if !seen[hexOf(name)] {
			t.Errorf("the hit in %s has no place", name)
		}
	}
}

// TestTooDeep has a file in deeper folders than git allows.
func TestTooDeep(t *testing.T) {
	r := gittest.New(t)
	var m gittest.Import
	m.Commit("refs/heads/main", "deep", nil,
		gittest.File{Path: strings.Repeat("d/", MaxDepth+10) + "key", Mark: m.Blob(gittest.Token(1))},
		gittest.File{Path: strings.Repeat("d/", MaxDepth-10) + "key", Mark: m.Blob(gittest.Token(2))})
	m.Run(r)
	d := tell(t, r, []string{gittest.Token(1), gittest.Token(2)})
	places, complete := d.graph.Places(nil, 1<<30)
	if complete || len(places) != 2 {
		t.Fatalf("%d places, complete %v", len(places), complete)
	}
	deep := 0
	for _, p := range places {
		deep = max(deep, strings.Count(p.Path, "/"))
	}
	if deep != MaxDepth-10 {
		t.Errorf("the deepest path has %d folders", deep)
	}
}
