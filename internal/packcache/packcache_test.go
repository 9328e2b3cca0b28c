package packcache

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"r8scan/internal/cachefile"
)

// Entries that nobody asks for go when another is saved; those that are in use
// stay, however old, and so does what is not of the cache's making.
func TestPrune(t *testing.T) {
	dir := t.TempDir()
	key := func(b byte) []byte { return []byte(strings.Repeat(string(rune(b)), 20)) }
	for _, b := range []byte{'a', 'b', 'c'} {
		if err := Open(dir, "v1.1").Save(key(b), &Entry{Objects: int64(b)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "new-123"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := Open(dir, "v1.1")
	old := time.Now().Add(-cachefile.MaxUnused - time.Hour)
	for _, name := range []string{c.folder.Path(key('a')), c.folder.Path(key('b')), filepath.Join(dir, "notes.txt"), filepath.Join(dir, "new-123")} {
		if err := os.Chtimes(name, old, old); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Load(key('b')); err != nil {
		t.Fatal(err)
	}
	if err := c.Save(key('d'), &Entry{}); err != nil {
		t.Fatal(err)
	}
	var got []string
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		got = append(got, filepath.Join(dir, e.Name()))
	}
	want := []string{c.folder.Path(key('b')), c.folder.Path(key('c')), c.folder.Path(key('d')), filepath.Join(dir, "notes.txt")}
	if !slices.Equal(got, want) {
		t.Errorf("left are %v, want %v", got, want)
	}
}
