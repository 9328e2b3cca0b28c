//go:build unix

package odb

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"r8scan/internal/git/wire"
)

// TestCutShort truncates a pack while it is mapped: before a walk, and after a
// Read. The fault must become an error.
func TestCutShort(t *testing.T) {
	b := newBuilder()
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range 40 {
		var noise strings.Builder
		for noise.Len() < 4000 {
			fmt.Fprint(&noise, i, rng.Uint64())
		}
		_, at := b.object(Blob, noise.String())
		b.ofs(fakeID(i), at, delta(noise.Len(), "x"))
	}
	dir := t.TempDir()
	b.write(t, dir, "pack-1")
	s := openOwn([]string{dir}, 20, Limits{Stream: 1 << 20, Object: 1 << 20, Held: 1 << 20})
	defer s.Close()
	must(t, os.Truncate(filepath.Join(dir, "pack", "pack-1.pack"), int64(os.Getpagesize())))
	h := walkWith(t, s, true)
	if len(h.seen) == 0 || len(h.seen) == s.Len() {
		t.Errorf("%d of %d objects were read", len(h.seen), s.Len())
	}
	if said := fmt.Sprint(s.Problems()); !strings.Contains(said, "cut short") {
		t.Errorf("the problems do not name it: %s", said)
	}
	failed := 0
	for o := range Obj(s.Len()) {
		if _, _, err := s.Read(o); err != nil {
			failed++
		}
	}
	if failed == 0 {
		t.Error("every object could be read from a pack that is cut short")
	}
}

// TestPipes has named pipes in place of packs and objects. Opening one would
// block forever.
func TestPipes(t *testing.T) {
	dir := t.TempDir()
	b := newBuilder()
	b.object(Blob, "hello")
	b.write(t, dir, "pack-1")
	_, idx := b.bytes()
	must(t, os.WriteFile(filepath.Join(dir, "pack", "pack-2.idx"), idx, 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "pack", "pack-3.pack"), nil, 0o644))
	must(t, os.Mkdir(filepath.Join(dir, "aa"), 0o755))
	for _, name := range []string{"pack/pack-2.pack", "pack/pack-3.idx", "aa/" + strings.Repeat("b", 38)} {
		must(t, syscall.Mkfifo(filepath.Join(dir, name), 0o644))
	}
	s := openOwn([]string{dir}, 20, defaultLimits())
	defer s.Close()
	h := walkAll(t, s)
	if len(h.seen) != 1 || len(h.failed) != 1 || len(s.Problems()) != 2 {
		t.Errorf("read %d, failed %v, problems %v", len(h.seen), h.failed, s.Problems())
	}
}

// TestUnreadableFolders has folders that may not be listed.
func TestUnreadableFolders(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("the superuser may read everything")
	}
	dir := t.TempDir()
	b := newBuilder()
	b.object(Blob, "hello")
	b.write(t, dir, "pack-1")
	shut := filepath.Join(dir, "aa")
	must(t, os.Mkdir(shut, 0))
	defer os.Chmod(shut, 0o755) // so that it can be removed
	s := openOwn([]string{dir, filepath.Join(dir, "none")}, 20, defaultLimits())
	defer s.Close()
	if h := walkAll(t, s); len(h.seen) != 1 || len(s.Problems()) != 2 {
		t.Errorf("read %d, problems %v", len(h.seen), s.Problems())
	}
}

// TestLinkedFolders follows links to the pack and loose folders.
func TestLinkedFolders(t *testing.T) {
	real, dir := t.TempDir(), t.TempDir()
	b := newBuilder()
	b.object(Blob, "hello")
	b.write(t, real, "pack-1")
	loose := []byte("blob 5\x00world")
	writeLoose(t, real, idOf(Blob, []byte("world")), deflate(loose))
	sub := wire.Hex(func() []byte { id := idOf(Blob, []byte("world")); return id[:1] }())
	for _, name := range []string{"pack", sub} {
		must(t, os.Symlink(filepath.Join(real, name), filepath.Join(dir, name)))
	}
	s := openOwn([]string{dir}, 20, defaultLimits())
	defer s.Close()
	if h := walkAll(t, s); len(h.seen) != 2 || len(s.Stray) > 0 {
		t.Errorf("read %d of 2 objects; stray %v", len(h.seen), s.Stray)
	}
}

// TestLinksThatAreRefused checks that no refused link is followed: to packs, to
// single packs, to folders of loose objects and to single objects.
func TestLinksThatAreRefused(t *testing.T) {
	real := t.TempDir()
	b := newBuilder()
	b.object(Blob, "hello")
	b.write(t, real, "pack-1")
	world, hello := idOf(Blob, []byte("world")), idOf(Blob, []byte("hello"))
	writeLoose(t, real, world, deflate([]byte("blob 5\x00world")))
	ab := wire.Hex(world[:])[:2]
	for _, links := range [][]string{
		{"pack", ab},
		{"pack/pack-1.pack", "pack/pack-1.idx", ab + "/" + wire.Hex(world[:])[2:]},
	} {
		dir := t.TempDir()
		for _, name := range links {
			must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
			must(t, os.Symlink(filepath.Join(real, name), filepath.Join(dir, name)))
		}
		refused := errors.New("refused")
		f := Folders{Dirs: []string{dir}, Lent: []bool{false}, Reach: func(string) error { return refused }}
		s := OpenFolders(f, 20, defaultLimits())
		if s.Len() != 0 || len(s.Problems()) != len(links) || len(s.Stray) > 0 {
			t.Errorf("%d objects, problems %v, stray %v", s.Len(), s.Problems(), s.Stray)
		}
		s.Close()
		l := NewLookup(f, 20, defaultLimits())
		for _, id := range [][]byte{world[:], hello[:]} {
			if _, err := l.Read(id, nil); !errors.Is(err, refused) {
				t.Errorf("%x: %v", id, err)
			}
		}
		l.Close()
	}
}

// TestLentFolder reads only the objects of a lent folder.
func TestLentFolder(t *testing.T) {
	dir := t.TempDir()
	b := newBuilder()
	b.object(Blob, "hello")
	b.write(t, dir, "pack-1")
	for _, name := range []string{"x", "info/x", "pack/x.keep", "ab/x", "folder/x"} {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644))
	}
	s := OpenFolders(Folders{Dirs: []string{dir}, Lent: []bool{true}}, 20, defaultLimits())
	defer s.Close()
	if s.Len() != 1 || len(s.Problems()) != 0 || len(s.Stray) > 0 {
		t.Errorf("%d objects, problems %v, stray %v", s.Len(), s.Problems(), s.Stray)
	}
}
