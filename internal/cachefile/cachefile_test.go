package cachefile

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// FuzzLoad takes anything as a file: it is used only if Save could have written it. A
// saved file that is changed is the same or of no use.
func FuzzLoad(f *testing.F) {
	f.Add([]byte("x\n{}"), "name", uint16(3), byte(1))
	f.Add([]byte(digest([]byte("{}"))+"\n{}"), "\xff", uint16(70), byte(0x20))
	f.Add([]byte(digest([]byte("null"))+"\nnull"), "", uint16(0), byte(0))
	f.Fuzz(func(t *testing.T, text []byte, name string, at uint16, flip byte) {
		path := filepath.Join(t.TempDir(), "sub", "entry")
		if err := Save(path, []string{name}); err != nil {
			t.Fatal(err)
		}
		var want, got []string
		if err := Load(path, 1<<20, &want); err != nil {
			t.Fatal(err)
		}
		saved, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		saved[int(at)%len(saved)] ^= flip
		if err := os.WriteFile(path, saved, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Load(path, 1<<20, &got); err == nil && got[0] != want[0] {
			t.Errorf("a changed file is used: %q, saved was %q", got, want)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Load(path, 1<<20, &got); err == nil && (len(text) < 65 || !bytes.Equal(text[:64], []byte(digest(text[65:])))) {
			t.Fatal("a file with a wrong checksum is used")
		}
	})
}

// TestClosed: what is saved is for nobody else to read.
func TestClosed(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("access lists decide there")
	}
	path := filepath.Join(t.TempDir(), "sub", "entry")
	if err := Save(path, "some text"); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, filepath.Dir(path)} {
		if info, err := os.Stat(path); err != nil || info.Mode()&0o077 != 0 {
			t.Errorf("%s: %v, %v", filepath.Base(path), info.Mode(), err)
		}
	}
}

// TestLimit does not read a file that is too large.
func TestLimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "entry")
	if err := Save(path, "some text"); err != nil {
		t.Fatal(err)
	}
	var got string
	if err := Load(path, 20, &got); err == nil || got != "" {
		t.Errorf("%q, %v", got, err)
	}
}
