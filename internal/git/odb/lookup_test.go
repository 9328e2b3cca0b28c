package odb

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"r8scan/internal/budget"
)

// TestLookupPacks looks up objects in packs that a walk rejects, or that are
// empty. A missing object may be in a pack that cannot be read.
func TestLookupPacks(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(pack, idx []byte) ([]byte, []byte)
		want   string
	}{
		{"nothing", func(pack, idx []byte) ([]byte, []byte) { return pack, idx }, ""},
		{"the magic", func(pack, idx []byte) ([]byte, []byte) { pack[0] = 'p'; return pack, idx }, "a.pack: it is not a packfile"},
		{"the version", func(pack, idx []byte) ([]byte, []byte) { pack[7] = 9; return pack, idx }, "a.pack: its version 9 is unknown"},
		{"the index's version", func(pack, idx []byte) ([]byte, []byte) { idx[7] = 9; return pack, idx }, "not all packs can be read: a.idx: its version 9 is unknown"},
		{"the index's end", func(pack, idx []byte) ([]byte, []byte) { return pack, idx[:len(idx)-30] }, "not all packs can be read: a.idx: the file is too short"},
		{"an old index of nothing", func(pack, _ []byte) ([]byte, []byte) { return pack, make([]byte, fanoutLen+40) }, "the object is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBuilder()
			id, _ := b.object(Blob, "text")
			pack, idx := c.change(b.bytes())
			dir := t.TempDir()
			writePack(t, dir, "a", pack, idx)
			l := NewLookup(Folders{Dirs: []string{dir}}, 20, defaultLimits())
			defer l.Close()
			got, err := l.Read(id[:], nil)
			switch {
			case c.want == "" && err == nil && string(got.Data) == "text":
			case c.want == "" || err == nil || !strings.Contains(err.Error(), c.want):
				t.Errorf("got %v, want %q", err, c.want)
			case c.want == ErrMissing.Error() && err != ErrMissing:
				t.Errorf("%v, though all packs could be read", err)
			}
		})
	}
}

// TestChainMemory reads an object with a long chain of deltas, some of them
// large, by number and by id. Afterwards memory is held only for its content,
// or for nothing after an error.
func TestChainMemory(t *testing.T) {
	b := newBuilder()
	base := strings.Repeat("text ", 400_000)
	_, at := b.object(Blob, base)
	var id [20]byte
	for n := range 20 {
		more := fmt.Sprint(n) + strings.Repeat("more ", 120_000*(n%3))
		id = idOf(Blob, []byte(base+more))
		at = b.ofs(id, at, delta(len(base), more))
		base += more
	}
	bad := fakeID(1)
	b.ofs(bad, at, delta(len(base)-1, "of another size"))
	dir := t.TempDir()
	b.write(t, dir, "a")
	memory := budget.New(0, 1)
	account := memory.Account()
	s := openOwn([]string{dir}, 20, LimitsOf(memory))
	defer s.Close()
	l := NewLookup(Folders{Dirs: []string{dir}}, 20, LimitsOf(memory))
	defer l.Close()

	o, _ := s.Find(id[:])
	_, data, err := s.ReadHeld(o, account)
	if err != nil || string(data) != base || account.Held() != Held(data) {
		t.Errorf("by number: %d of %d bytes, %d held, %v", len(data), len(base), account.Held(), err)
	}
	account.Back(0)
	c, err := l.Read(id[:], account)
	if err != nil {
		t.Fatal(err)
	}
	if string(c.Data) != base || account.Held() != Held(c.Data) {
		t.Errorf("by id: %d of %d bytes, %d held", len(c.Data), len(base), account.Held())
	}
	if c.Close(); account.Held() != 0 {
		t.Errorf("%d bytes are held of what is closed", account.Held())
	}

	o, _ = s.Find(bad[:])
	if _, _, err := s.ReadHeld(o, account); !errors.Is(err, errDeltaBase) || account.Held() != 0 {
		t.Errorf("by number: %v, %d bytes held", err, account.Held())
	}
	if _, err := l.Read(bad[:], account); !errors.Is(err, errDeltaBase) || account.Held() != 0 {
		t.Errorf("by id: %v, %d bytes held", err, account.Held())
	}
}

// TestDamagedChain reads an object whose delta base is damaged, with another
// copy of the base in a second pack.
func TestDamagedChain(t *testing.T) {
	whole := newBuilder()
	one := "one "
	oneID := idOf(Blob, []byte(one))
	twoID, twoDelta := idOf(Blob, []byte("one two ")), delta(len(one), "two ")
	threeID := idOf(Blob, []byte("one two three"))
	_, at := whole.object(Blob, one)
	at = whole.ofs(twoID, at, twoDelta)
	whole.ofs(threeID, at, delta(8, "three"))
	copies := newBuilder()
	copies.object(Blob, "one two ")
	for name, place := range map[string]int{"the base": 0, "the delta between": 1} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			whole.write(t, dir, "a")
			copies.write(t, dir, "b")
			path := filepath.Join(dir, "pack", "a.pack")
			pack, err := os.ReadFile(path)
			must(t, err)
			pack[whole.entries[place].end-1] ^= 0x55 // the checksum of its stream
			must(t, os.WriteFile(path, pack, 0o644))
			s := openOwn([]string{dir}, 20, defaultLimits())
			defer s.Close()
			for id, want := range map[[20]byte]string{threeID: "one two three", twoID: "one two ", oneID: one} {
				o, ok := s.Find(id[:])
				if _, data, err := s.Read(o); !ok || err != nil || string(data) != want { // the base itself is read as it is
					t.Errorf("%q is read as %q, %v", want, data, err)
				}
			}
		})
	}
}
