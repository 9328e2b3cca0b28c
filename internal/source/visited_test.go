package source

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"r8scan/internal/collect"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/outline"
	"r8scan/internal/git/repo"
	"r8scan/internal/search"
	"r8scan/result"
)

// rememberedHistory is what is remembered of a history of one commit.
func rememberedHistory() *visited {
	id := strings.Repeat("ab", 20)
	return &visited{Head: id, Anchor: "README", Refs: []repo.Ref{{Name: "refs/heads/main", ID: id}}, Tips: []string{id},
		Read:    collect.Progress{Objects: 3, Bytes: 100, Commits: 1, Unread: []result.Unread{{What: "a", Reason: "b"}}},
		Pointed: []string{id}, Unsigned: map[string]string{id: "x.br"},
		Hits: []collect.SavedHit{{Rule: "replicate-api-token", Mask: "r8_ab" + strings.Repeat("*", 35), ID: "0123456789abcdef", Kind: result.KindCommit,
			Object: id, From: search.Position{Line: 1, Column: 2}, To: search.Position{Line: 1, Column: 42}}},
		outline: &outline.Outline{Hash: 20, IDs: bytes.Repeat([]byte{0xab}, 20), Objects: []outline.Object{{Type: odb.Commit, Tree: outline.NoTree, Text: "A <a>"}}},
		keys:    []byte("12345678abcdefgh")}
}

// TestVisited: what is remembered is read as it was written, and only that.
func TestVisited(t *testing.T) {
	want := rememberedHistory()
	text, err := want.encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseVisited(text, nil)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := got.encode(); err != nil || !bytes.Equal(text, again) {
		t.Errorf("it is written as %q, was %q, %v", again, text, err)
	}
	got.outline, want.outline = nil, nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	for name, change := range map[string]func(v *visited){
		"a token":             func(v *visited) { v.Hits[0].Mask = "r8_" + strings.Repeat("aB3", 12) + "x" },
		"a hit in nothing":    func(v *visited) { v.Hits[0].Object = strings.Repeat("cd", 20) },
		"a hit in a file":     func(v *visited) { v.Hits[0].Kind = result.KindFile },
		"a tip that is not":   func(v *visited) { v.Tips[0] = strings.Repeat("cd", 20) },
		"a HEAD that is not":  func(v *visited) { v.Head = strings.Repeat("cd", 20) },
		"a negative number":   func(v *visited) { v.Read.Bytes = -1 },
		"half a key":          func(v *visited) { v.keys = v.keys[1:] },
		"an id that is none":  func(v *visited) { v.Unsigned["x"] = "y" },
		"another hash's tips": func(v *visited) { v.Tips[0] += strings.Repeat("00", 12) },
	} {
		v := rememberedHistory()
		change(v)
		text, err := v.encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseVisited(text, nil); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}

// FuzzVisited: what is damaged is refused, and what is taken can be used.
func FuzzVisited(f *testing.F) {
	text, err := rememberedHistory().encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(text[:len(text)-8])
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := parseVisited(b, nil)
		if err != nil {
			return
		}
		for _, h := range v.Hits {
			if strings.TrimLeft(h.Mask[min(11, len(h.Mask)):], "*") != "" {
				t.Fatalf("a mask shows %d bytes", len(h.Mask))
			}
		}
		for _, id := range v.Tips {
			if _, ok := v.find(id); !ok {
				t.Fatal("a tip is not there")
			}
		}
		v.has(map[uint64]bool{1: false})
		if _, err := v.encode(); err != nil {
			t.Fatal(err)
		}
	})
}
