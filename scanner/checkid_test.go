package scanner

import (
	"bytes"
	"compress/zlib"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
	"r8scan/result"
)

// writeLoose writes an object into the loose file of an id, and returns the file.
func writeLoose(t *testing.T, objects, id, kind, content string) string {
	t.Helper()
	var file bytes.Buffer
	z := zlib.NewWriter(&file)
	fmt.Fprintf(z, "%s %d\x00%s", kind, len(content), content)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(objects, id[:2], id[2:])
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(path) // git makes it read-only
	write(t, path, file.Bytes())
	return path
}

// packed makes a repository with a pack that has a file with a text, and returns the
// file's id.
func packed(t *testing.T, text string) (r *gittest.Repo, id string) {
	r = gittest.New(t)
	r.Write("a", text)
	r.Git("add", ".")
	r.Git("commit", "-qm", "one")
	r.Git("repack", "-adq")
	return r, r.Git("rev-parse", "HEAD:a")
}

// checkScans scans objects without a cache, and twice with one. Findings and what is
// unread must be the same.
func checkScans(t *testing.T, r *gittest.Repo, findings int, unread string) {
	t.Helper()
	cache := t.TempDir()
	for i, opts := range []Options{{}, {Cache: cache}, {Cache: cache}, {Cache: cache, CheckIDs: true}} {
		res, err := History(context.Background(), r.Dir, opts)
		if err != nil {
			t.Fatal(err)
		}
		u := res.Coverage.Unread
		if len(res.Findings) != findings || (unread == "") != (len(u) == 0) ||
			unread != "" && !slices.ContainsFunc(u, func(u result.Unread) bool { return strings.Contains(u.What+": "+u.Reason, unread) }) {
			t.Errorf("scan %d: %d findings, want %d; unread %q, want %q", i, len(res.Findings), findings, u, unread)
		}
	}
}

// TestFalseLoose has loose objects that do not match their ids.
func TestFalseLoose(t *testing.T) {
	token := gittest.Token(1)
	for _, c := range []struct {
		name, kind, content string
		findings            int
	}{
		{"lost", "blob", "something else", 0},
		{"found in what is there", "blob", token, 1},
		{"of another type", "tag", "text", 0},
		{"large", "blob", strings.Repeat("x", 40<<20) + "\n" + token, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := gittest.New(t)
			id := r.GitInput("text", "hash-object", "-w", "--stdin")
			writeLoose(t, filepath.Join(r.GitDir(), "objects"), id, c.kind, c.content)
			checkScans(t, r, c.findings, c.kind+" "+id+": its content does not match its id")
		})
	}
}

// TestCopies has an object in a pack and again as a loose object, in an alternate or in
// another pack.
func TestCopies(t *testing.T) {
	token := gittest.Token(1)
	t.Run("loose and the same", func(t *testing.T) {
		r, id := packed(t, token)
		writeLoose(t, filepath.Join(r.GitDir(), "objects"), id, "blob", token)
		checkScans(t, r, 1, "")
	})
	t.Run("loose and another", func(t *testing.T) {
		r, id := packed(t, "text")
		writeLoose(t, filepath.Join(r.GitDir(), "objects"), id, "blob", token)
		checkScans(t, r, 1, "a further copy of it does not match its id")
	})
	t.Run("loose, another, nothing in it", func(t *testing.T) {
		r, id := packed(t, token)
		writeLoose(t, filepath.Join(r.GitDir(), "objects"), id, "blob", "nothing")
		checkScans(t, r, 1, "a further copy of it does not match its id")
	})
	t.Run("loose twice", func(t *testing.T) {
		r := gittest.New(t)
		id := r.GitInput("text", "hash-object", "-w", "--stdin")
		lent := t.TempDir()
		r.Write(".git/objects/info/alternates", lent+"\n")
		writeLoose(t, lent, id, "blob", token)
		checkScans(t, r, 1, "a further copy of it")
	})
	t.Run("two packs", func(t *testing.T) {
		r, _ := packed(t, token)
		r.Git("commit", "-q", "--allow-empty", "-m", "two")
		r.Git("repack", "-aq")
		if packs, err := filepath.Glob(filepath.Join(r.GitDir(), "objects", "pack", "*.pack")); len(packs) != 2 {
			t.Fatalf("%d packs, %v", len(packs), err)
		}
		checkScans(t, r, 1, "")
	})
}

// TestFalsePacks has a pack whose index gives an object another's id.
func TestFalsePacks(t *testing.T) {
	token := gittest.Token(1)
	for _, c := range []struct {
		name     string
		own, add string // content of the object with the id, and of the false one
		findings int
		unread   string // without CheckIDs
	}{
		{"token in the false one", "text", token, 1, "match its id"}, // whichever counts
		{"token in the right one", token, "text", 1, ""},
		{"no token", "one text", "another text", 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, id := packed(t, c.own)
			falsePack(t, r, id, c.add)
			cache := t.TempDir()
			for i, opts := range []Options{{}, {Cache: cache}, {Cache: cache}, {Cache: cache, CheckIDs: true}} {
				res, err := History(context.Background(), r.Dir, opts)
				if err != nil {
					t.Fatal(err)
				}
				u := fmt.Sprint(res.Coverage.Unread)
				if len(res.Findings) != c.findings || opts.CheckIDs && res.Coverage.Complete() || !opts.CheckIDs && (c.unread == "") != res.Coverage.Complete() || !strings.Contains(u, c.unread) {
					t.Errorf("scan %d: %d findings; unread %s, want %q", i, len(res.Findings), u, c.unread)
				}
			}
		})
	}
}

// falsePack adds a pack of one blob under another object's id.
func falsePack(t *testing.T, r *gittest.Repo, id, content string) {
	t.Helper()
	own := r.GitInput(content, "hash-object", "-w", "--stdin")
	dir := filepath.Join(r.GitDir(), "objects", "pack")
	name := r.GitInput(own+"\n", "pack-objects", "-q", filepath.Join(dir, "pack"))
	if err := os.Remove(filepath.Join(r.GitDir(), "objects", own[:2], own[2:])); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "pack-"+name+".idx")
	idx, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var raw []byte
	if _, err := fmt.Sscanf(id, "%x", &raw); err != nil {
		t.Fatal(err)
	}
	for first := range 256 { // the fan-out table
		idx[8+4*first+3] = 0
		if int(raw[0]) <= first {
			idx[8+4*first+3] = 1
		}
	}
	copy(idx[8+1024:], raw)
	_ = os.Remove(path)
	write(t, path, idx)
}

// TestCheckIDs finds that a packed object does not match its id.
func TestCheckIDs(t *testing.T) {
	r := gittest.New(t)
	falsePack(t, r, ghost, "text")
	cache := t.TempDir()
	for i, want := range []bool{true, false, true} { // only CheckIDs finds it, with a cache or without
		res, err := History(context.Background(), r.Dir, Options{Cache: cache, CheckIDs: !want})
		if err != nil {
			t.Fatal(err)
		}
		if res.Coverage.Complete() != want {
			t.Errorf("scan %d: unread %q", i, res.Coverage.Unread)
		}
	}
}
