package odb

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// hostile are stores that git would not write. Each must be walked to its end,
// and every object must be read or reported. want has parts of the reasons for
// unread objects, or of the store's problems.
var hostile = []struct {
	name   string
	build  func(t *testing.T, dir string)
	limits Limits
	read   int // objects that can still be read
	want   []string
}{
	{"a delta cycle in one pack", func(t *testing.T, dir string) {
		b := newBuilder()
		b.ref(fakeID(1), fakeID(2), delta(5, "x"))
		b.ref(fakeID(2), fakeID(3), delta(5, "y"))
		b.ref(fakeID(3), fakeID(1), delta(5, "z"))
		b.ref(fakeID(4), fakeID(4), delta(5, "itself"))
		b.object(Blob, "hello")
		b.write(t, dir, "pack-1")
	}, defaultLimits(), 1, []string{"in a circle"}},
	{"a delta cycle across two packs", func(t *testing.T, dir string) {
		a, b := newBuilder(), newBuilder()
		a.ref(fakeID(1), fakeID(2), delta(5, "x"))
		b.ref(fakeID(2), fakeID(1), delta(5, "y"))
		a.object(Blob, "hello")
		b.object(Blob, "world")
		a.write(t, dir, "pack-1")
		b.write(t, dir, "pack-2")
	}, defaultLimits(), 2, []string{"more than 64 packs"}},
	{"a missing base", func(t *testing.T, dir string) {
		b := newBuilder()
		at := b.ref(fakeID(1), fakeID(9), delta(5, "x"))
		b.ofs(fakeID(2), at, delta(6, "y"))
		b.object(Blob, "hello")
		b.write(t, dir, "pack-1")
	}, defaultLimits(), 1, []string{"is missing", "cannot be read"}},
	{"offsets outside the pack", func(t *testing.T, dir string) {
		b := newBuilder()
		b.object(Blob, "hello")
		b.entries = append(b.entries, builtEntry{fakeID(1), 3, 9}, builtEntry{fakeID(2), 1 << 20, 1 << 21}, builtEntry{fakeID(3), 1 << 40, 1 << 41})
		b.write(t, dir, "pack-1")
	}, defaultLimits(), 1, []string{"outside the pack"}},
	{"two ids for one offset", func(t *testing.T, dir string) {
		b := newBuilder()
		_, at := b.object(Blob, "hello")
		b.entries = append(b.entries, builtEntry{fakeID(1), at, at})
		b.object(Blob, "world")
		b.write(t, dir, "pack-1")
	}, defaultLimits(), 2, []string{"another object has"}},
	{"deltas whose sizes lie", func(t *testing.T, dir string) {
		b := newBuilder()
		_, at := b.object(Blob, "hello")
		b.ofs(fakeID(1), at, delta(4, "base too short"))
		b.ofs(fakeID(2), at, []byte{5, 100, 0x90, 5})
		b.ofs(fakeID(3), at, []byte{5, 2, 0x90, 5})
		b.ofs(fakeID(4), at, []byte{5, 9, 0x91, 200, 9})
		b.ofs(fakeID(5), at, []byte{5, 9, 0})
		b.ofs(fakeID(6), at, []byte{5, 9, 9, 'x'})
		b.ofs(fakeID(7), at, []byte{5})
		b.ofs(fakeID(8), at, nil)
		b.ofs(fakeID(9), at, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
		b.write(t, dir, "pack-1")
	}, defaultLimits(), 1, []string{"another size", "not of the size", "outside its base", "reserved", "too early"}},
	{"objects that declare 4 GB", func(t *testing.T, dir string) {
		b := newBuilder()
		b.raw(fakeID(1), entryHeader(Blob, 4<<30), deflate([]byte("small")))
		_, at := b.object(Blob, "hello")
		b.ofs(fakeID(2), at, binary.AppendUvarint([]byte{5}, 4<<30))
		b.raw(fakeID(3), entryHeader(ofsDelta, 1<<40), distance(uint64(b.pack.Len())-at), deflate([]byte{5, 5, 0x90, 5}))
		b.raw(fakeID(4), entryHeader(Blob, 3), deflate([]byte("longer than three")))
		b.raw(fakeID(5), []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
		b.write(t, dir, "pack-1")
		writeLoose(t, dir, fakeID(6), deflate([]byte("tree 4294967296\x00abc")))
		writeLoose(t, dir, fakeID(7), deflate([]byte("blob 99999999999999999999\x00abc")))
		writeLoose(t, dir, fakeID(8), deflate([]byte("blob 4294967296\x00abc")))
	}, defaultLimits(), 1, []string{"can hold", "limit passed", "than it declares", "header is damaged"}},
	{"bombs", func(t *testing.T, dir string) {
		b := newBuilder()
		id, at := b.object(Tree, strings.Repeat("\x00", 100_000)) // a tree is never streamed
		b.ofs(fakeID(1), at, delta(100_000, "x"))
		_ = id
		b.object(Blob, strings.Repeat("\x00", 100_000))
		b.write(t, dir, "pack-1")
		writeLoose(t, dir, fakeID(2), deflate([]byte("tree 100000\x00"+strings.Repeat("\x00", 100_000))))
	}, Limits{Stream: 1000, Object: 5000, Held: 9000}, 1, []string{"limit passed"}},
	{"more bases than may be held", func(t *testing.T, dir string) {
		b := newBuilder()
		_, at := b.object(Blob, strings.Repeat("a", 3000))
		for i := range 8 { // each is a base, so all stay on the stack
			next := b.ofs(fakeID(i), at, delta(3000+i, "x"))
			b.ofs(fakeID(100+i), at, delta(3000+i, "y"))
			at = next
		}
		b.write(t, dir, "pack-1")
	}, Limits{Stream: 1 << 20, Object: 1 << 20, Held: 9000}, 17, nil},
	{"damaged loose objects", func(t *testing.T, dir string) {
		writeLoose(t, dir, fakeID(1), []byte("no zlib"))
		writeLoose(t, dir, fakeID(2), nil)
		writeLoose(t, dir, fakeID(3), deflate([]byte("blob 3\x00longer")))
		writeLoose(t, dir, fakeID(4), deflate([]byte("blob 30\x00shorter")))
		flipped := deflate([]byte("blob 5\x00hello"))
		flipped[len(flipped)-1] ^= 1
		writeLoose(t, dir, fakeID(5), flipped)
		writeLoose(t, dir, fakeID(6), deflate([]byte("blob 5 hello, a header without end or sense")))
		writeLoose(t, dir, fakeID(7), deflate([]byte("gadget 5\x00hello")))
		good := []byte("blob 5\x00hello")
		writeLoose(t, dir, sha1.Sum(good), deflate(good))
		must(t, os.Mkdir(filepath.Join(dir, "aa"), 0o755))
		must(t, os.Mkdir(filepath.Join(dir, "aa", strings.Repeat("b", 38)), 0o755)) // a folder named like an object
	}, Limits{Stream: 2, Object: 1 << 20, Held: 1 << 20}, 1, []string{"checksum", "than it declares", "unexpected EOF", "header is damaged", "no regular file"}},
	{"packs without idx, idx without pack, folders", func(t *testing.T, dir string) {
		b := newBuilder()
		b.object(Blob, "hello")
		b.write(t, dir, "pack-1")
		must(t, os.WriteFile(filepath.Join(dir, "pack", "pack-2.pack"), []byte("PACK"), 0o644))
		must(t, os.WriteFile(filepath.Join(dir, "pack", "pack-3.idx"), []byte("x"), 0o644))
		writePack(t, dir, "pack-4", []byte("no pack"), []byte("no idx"))
		_, idx := b.bytes()
		writePack(t, dir, "pack-5", []byte("no pack"), idx)
		writePack(t, dir, "pack-6", nil, idx)
		writePack(t, dir, "pack-7", []byte("PACK\x00\x00\x00\x09"+strings.Repeat("x", 90)), idx)
		must(t, os.Mkdir(filepath.Join(dir, "pack", "pack-8.pack"), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, "pack", "pack-8.idx"), idx, 0o644))
	}, defaultLimits(), 1, []string{"has no index", "the pack is not", "cannot be used", "not a packfile", "version 9", "no regular file"}},
	{"what git left half written", func(t *testing.T, dir string) {
		b := newBuilder()
		b.object(Blob, "hello")
		b.write(t, dir, "pack-1")
		for _, name := range []string{"pack/tmp_pack_AbCdEf", "pack/.tmp-1-pack-x.pack", "aa/tmp_obj_AbCdEf", "tmp_objdir-incoming-x/aa/tmp_obj_x"} {
			must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
			must(t, os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644))
		}
	}, defaultLimits(), 1, []string{"tmp_pack_AbCdEf", ".tmp-1", "tmp_obj_AbCdEf", "tmp_objdir"}},
	{"another copy of a damaged base", func(t *testing.T, dir string) {
		a, b := newBuilder(), newBuilder()
		base := strings.Repeat("all is well ", 50)
		_, at := a.object(Blob, base)
		more := []byte(base + "more")
		a.ofs(idOf(Blob, more), at, delta(len(base), "more"))
		a.write(t, dir, "pack-1")
		flip(t, filepath.Join(dir, "pack", "pack-1.pack"), int(at)+8)
		b.object(Blob, base)
		b.object(Blob, "other")
		b.write(t, dir, "pack-2")
	}, defaultLimits(), 3, []string{"read from another copy"}},
}

// flip changes a bit of the byte at an offset of a file.
func flip(t *testing.T, path string, at int) {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	data[at] ^= 0x40
	must(t, os.WriteFile(path, data, 0o644))
}

func TestHostileStores(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			c.build(t, dir)
			s := openOwn([]string{dir}, 20, c.limits)
			defer s.Close()
			h := walkWith(t, s, true)
			h.exactlyOnce()
			if len(h.seen) != c.read {
				t.Errorf("%d objects were read, want %d: %v", len(h.seen), c.read, h.failed)
			}
			said := fmt.Sprint(slices.Sorted(maps.Values(h.failed)), s.Problems())
			for _, part := range c.want {
				if !strings.Contains(said, part) {
					t.Errorf("nothing says %q: %s", part, said)
				}
			}
			l := NewLookup(Folders{Dirs: []string{dir}}, 20, c.limits)
			defer l.Close()
			for o := range Obj(s.Len()) { // Read and a lookup must work too
				if got, err := l.Read(s.ID(o), nil); err == nil && got.Stream == nil && idOf(got.Type, got.Data) != [20]byte(s.ID(o)) {
					t.Errorf("a lookup of %s gives another object", s.Hex(o))
				}
				_, _, err := s.Read(o)
				if _, failed := h.failed[o]; !failed && err != nil && c.limits == defaultLimits() {
					t.Errorf("Read(%s): %v, and the walk read it", s.Hex(o), err)
				}
			}
		})
	}
}

// TestDeepChain reads a chain of 4,000 deltas with memory for two objects.
func TestDeepChain(t *testing.T) {
	b := newBuilder()
	text := strings.Repeat("x", 2000)
	_, at := b.object(Blob, text)
	for i := range 4000 {
		line := fmt.Sprint(i)
		at = b.ofs(idOf(Blob, []byte(text+line)), at, delta(len(text), line))
		text += line
	}
	dir := t.TempDir()
	b.write(t, dir, "pack-1")
	s := openOwn([]string{dir}, 20, Limits{Stream: 1 << 20, Object: 1 << 20, Held: 64 << 10})
	defer s.Close()
	h := walkAll(t, s)
	for _, why := range h.failed {
		t.Fatal(why)
	}
	if _, data, err := s.Read(h.find(idOf(Blob, []byte(text)))); err != nil || string(data) != text {
		t.Errorf("Read of the last one: %d bytes, %v", len(data), err)
	}
}

func (h *hasher) find(id [20]byte) Obj {
	o, ok := h.s.Find(id[:])
	if !ok {
		h.t.Fatalf("%x is not there", id)
	}
	return o
}

// TestDamage truncates and flips every byte of a pack and its index in turn.
func TestDamage(t *testing.T) {
	b := newBuilder()
	base := "a base that some deltas build on"
	id, at := b.object(Blob, base)
	b.ofs(idOf(Blob, []byte(base+"1")), at, delta(len(base), "1"))
	b.ref(idOf(Blob, []byte(base+"2")), id, delta(len(base), "2"))
	b.object(Commit, "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nhello")
	pack, idx := b.bytes()
	rng := rand.New(rand.NewPCG(1, 2))
	dir := t.TempDir()
	flip := func(data []byte, i int) []byte {
		data = bytes.Clone(data)
		data[i] ^= byte(1 + rng.IntN(255))
		return data
	}
	for i := range pack {
		walkDamaged(t, dir, flip(pack, i), idx, 4)
		walkDamaged(t, dir, pack[:i], idx, 4)
	}
	for i := range idx {
		if i >= 8+fanoutLen || i%64 == 3 { // most of the fan-out table is alike
			walkDamaged(t, dir, pack, flip(idx, i), 0)
			walkDamaged(t, dir, pack, idx[:i], 0)
		}
	}
}

// walkDamaged walks a store that may be damaged. If no problem is reported,
// want objects must have been read.
func walkDamaged(t testing.TB, dir string, pack, idx []byte, want int) {
	t.Helper()
	writePack(t, dir, "pack-1", pack, idx)
	s := openOwn([]string{dir}, 20, Limits{Stream: 1 << 10, Object: 1 << 16, Held: 1 << 18})
	defer s.Close()
	h := walkWith(t, s, true)
	h.exactlyOnce()
	l := NewLookup(Folders{Dirs: []string{dir}}, 20, s.limits)
	defer l.Close()
	for o := range Obj(s.Len()) { // an object that can be read must match its id
		if c, err := l.Read(s.ID(o), nil); err == nil && idOf(c.Type, c.Data) != [20]byte(s.ID(o)) {
			t.Errorf("a lookup of %s gives another object", s.Hex(o))
		}
	}
	if want > 0 && len(h.failed) == 0 && len(s.Problems()) == 0 && len(h.seen) != want {
		t.Errorf("%d of %d objects were read and nothing was said", len(h.seen), want)
	}
}
