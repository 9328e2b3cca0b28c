package visits

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"r8scan/internal/cachefile"
)

// TestMemory: what is saved is there under its kind and name, for its version only, in
// a file whose name does not show them.
func TestMemory(t *testing.T) {
	dir := t.TempDir()
	m := Open(In(dir), "v1.1")
	const name = "https://example.org/some/name"
	if _, err := m.Load("git", name); err == nil {
		t.Error("something is there before it is saved")
	}
	for i, kind := range []string{"git", "image"} {
		if err := m.Save(kind, name, []byte{0, 1, '\n', byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := m.Load("git", name); err != nil || !bytes.Equal(got, []byte{0, 1, '\n', 0}) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := Open(In(dir), "v1.2").Load("git", name); err == nil {
		t.Error("another version's file is used")
	}
	if _, err := m.Load("git", name+"/"); err == nil {
		t.Error("another name's file is used")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Fatalf("%v, %v", entries, err)
	}
	for _, e := range entries {
		if strings.Contains(e.Name(), "some") {
			t.Errorf("the file is called %s", e.Name())
		}
	}
	var none *Memory
	if _, err := none.Load("git", name); err == nil || none.Save("git", name, nil) != nil {
		t.Error("no memory is not empty")
	}
}

// TestPrune removes what nobody asks for, and nothing of others.
func TestPrune(t *testing.T) {
	dir := t.TempDir()
	m := Open(In(dir), "v1.1")
	if err := Open(In(dir), "v0.9").Save("git", "old", nil); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(foreign, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	before := time.Now().Add(-cachefile.MaxUnused - time.Hour)
	for _, path := range []string{In(dir).(*cachefile.Folder).Path(Open(nil, "v0.9").key("git", "old")), foreign} {
		if err := os.Chtimes(path, before, before); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Save("git", "new", nil); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("left are %v, %v", entries, err)
	}
	if err := m.Save("git", "large", make([]byte, MaxSize+1)); err == nil {
		t.Error("there is no limit")
	}
}
