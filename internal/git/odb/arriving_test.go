package odb

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"r8scan/internal/git/gittest"
	"r8scan/internal/git/wire"
)

// arrived walks a pack while it arrives in pieces, and gives its objects their ids. held
// limits memory, and so the size of parts. It returns nil if the walk is of no use.
func arrived(t testing.TB, pack []byte, hash int, held int64, piece int) *Store {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "spool"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	a := NewArriving(f, "the pack", hash, Limits{Stream: 1 << 20, Object: 1 << 24, Held: held})
	defer a.Stop()
	var wg sync.WaitGroup
	wg.Go(func() {
		for rest := pack; len(rest) > 0; {
			n := min(piece, len(rest))
			if _, err := f.Write(rest[:n]); err != nil {
				t.Error(err)
			}
			_, _ = a.Write(rest[:n])
			rest = rest[n:]
		}
		a.Close()
	})
	wg.Go(a.Find)
	w, v := &Walker{Store: a.Unindexed.Store, Sparse: true}, &once{u: a.Unindexed, seen: map[Obj]bool{}}
	walkParts(t, a, w, v)
	a.Stop()
	wg.Wait()
	if v.failed || !a.Whole(int64(len(pack))) {
		a.Unindexed.Store.Close()
		return nil
	}
	if len(v.seen) != a.Unindexed.Store.Len() {
		t.Errorf("%d of %d objects were walked", len(v.seen), a.Unindexed.Store.Len())
	}
	s := a.Unindexed.Index()
	t.Cleanup(s.Close)
	return s
}

// walkParts walks all parts of a pack.
func walkParts(t testing.TB, a *Arriving, w *Walker, v Visitor) {
	t.Helper()
	for {
		portions, err := a.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(portions) == 0 {
			return
		}
		for _, f := range slices.Concat(portions...) {
			if err := w.Walk(context.Background(), f, v); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// once gives each object its id, once.
type once struct {
	u      *Unindexed
	seen   map[Obj]bool
	failed bool
}

func (v *once) Visit(n *Node) error {
	if n.Again {
		return nil
	}
	if v.seen[n.Obj] {
		return fmt.Errorf("%d is walked twice", n.Obj)
	}
	v.seen[n.Obj] = true
	return v.u.Identify(n)
}

func (v *once) Failed(Obj, Type, error) { v.failed = true }

// TestArriving: whatever the size of pieces and parts, all objects are walked, once.
func TestArriving(t *testing.T) {
	for _, args := range [][]string{nil, {"--object-format=sha256"}} {
		r, pack := packOf(t, args...)
		hash := wire.SHA1
		if args != nil {
			hash = wire.SHA256
		}
		want := listed(r)
		for _, held := range []int64{1 << 26, 300_000, 60_000} {
			for _, piece := range []int{1, 1000, 1 << 20} {
				s := arrived(t, pack, hash, held, piece)
				if s == nil {
					t.Fatalf("%d bytes in pieces of %d: the walk is of no use", held, piece)
				}
				if got := contents(t, s); !slices.Equal(got, want) || len(s.Problems()) > 0 {
					t.Errorf("%d bytes in pieces of %d: %q, want %q; %v", held, piece, got, want, s.Problems())
				}
			}
		}
	}
}

// TestArrivingPadded: a stream of empty blocks takes no memory, however long it is.
func TestArrivingPadded(t *testing.T) {
	const blocks = 16 << 20 // bytes
	stream := append([]byte{0x78, 0x01}, bytes.Repeat([]byte{0, 0, 0, 0xff, 0xff}, blocks/5)...)
	pack := append([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x01\x34"), stream...) // a blob of 4 bytes
	a := NewArriving(nil, "the pack", wire.SHA1, Limits{Stream: 1 << 20, Object: 1 << 24, Held: 1 << 26})
	defer a.Stop()
	f := &finding{arriving: a, hash: wire.SHA1}
	var wg sync.WaitGroup
	wg.Go(func() {
		_, _ = a.Write(pack)
		a.Close()
	})
	if f.run() {
		t.Error("the pack is whole")
	}
	a.Stop()
	wg.Wait()
	if cap(f.buf) > blocks/2 {
		t.Errorf("%d bytes are held", cap(f.buf))
	}
}

// TestArrivingLarge: entries that are too large to be passed on are walked all the same.
func TestArrivingLarge(t *testing.T) {
	r := gittest.New(t)
	for i := range 3 {
		r.Write("a", strings.Repeat("large ", 1<<19)+fmt.Sprint(i))
		r.Write("b", string(bytes.Repeat([]byte{byte(i)}, 1000)))
		r.Git("add", ".")
		r.Git("commit", "-qm", "one")
	}
	r.Git("repack", "-adq")
	s := arrived(t, readPackOf(t, r), wire.SHA1, 1<<25, 1000)
	if s == nil {
		t.Fatal("the walk is of no use")
	}
	if got, want := contents(t, s), listed(r); !slices.Equal(got, want) || len(s.Problems()) > 0 {
		t.Errorf("%q, want %q; %v", got, want, s.Problems())
	}
}

// TestArrivingDamage: a walk of a damaged pack is of no use.
func TestArrivingDamage(t *testing.T) {
	_, pack := packOf(t)
	check := func(how string, text []byte) {
		t.Helper()
		if arrived(t, text, wire.SHA1, 60_000, 1000) != nil {
			t.Errorf("%s: it counts", how)
		}
	}
	for n := 0; n < len(pack); n += 7 {
		check(fmt.Sprint("cut at ", n), pack[:n])
	}
	for at := 0; at < len(pack); at += 13 {
		text := slices.Clone(pack)
		text[at] ^= 1 << (at % 8)
		check(fmt.Sprint("flipped at ", at), text)
	}
	for _, count := range []uint32{0, 3, 1 << 31, ^uint32(0)} {
		text := slices.Clone(pack[:len(pack)-20])
		binary.BigEndian.PutUint32(text[8:], count)
		sum := sha1.Sum(text)
		check(fmt.Sprint("count ", count), append(text, sum[:]...))
	}
	check("more behind it", append(slices.Clone(pack), 0))
}

// TestArrivingScattered: deltas far from what they build on would call for the same
// bases again and again. Such a pack is read when all of it is there.
func TestArrivingScattered(t *testing.T) {
	const bases, rounds = 40, 60
	b := newBuilder()
	var at []uint64
	var content []string
	for i := range bases {
		var text []byte
		for n := range 50 {
			sum := fakeID(i*1000 + n)
			text = append(text, sum[:]...)
		}
		content = append(content, string(text))
		_, off := b.object(Blob, content[i])
		at = append(at, off)
	}
	for n := range rounds {
		for i := range bases {
			data := delta(len(content[i]), fmt.Sprint("round ", n, " of ", i))
			b.ofs([20]byte{}, at[i], data)
		}
	}
	pack, _ := b.bytes()
	if arrived(t, pack, wire.SHA1, 60_000, 1000) != nil {
		t.Error("bases are built again without a limit")
	}
	if s := arrived(t, pack, wire.SHA1, 1<<26, 1000); s == nil || s.Len() != bases*(rounds+1) {
		t.Error("in one part it is not walked")
	}
}

// TestArrivingHasty: a server does not have to wait for long. What it sent is walked
// afterwards.
func TestArrivingHasty(t *testing.T) {
	b := newBuilder()
	for i := range 8 {
		var text []byte
		for n := range 50_000 {
			sum := fakeID(i*100_000 + n)
			text = append(text, sum[:]...)
		}
		b.object(Blob, string(text))
	}
	pack, _ := b.bytes()
	path := filepath.Join(t.TempDir(), "spool")
	must(t, os.WriteFile(path, pack, 0o600))
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	a := NewArriving(f, "the pack", wire.SHA1, Limits{Stream: 1 << 22, Object: 1 << 24, Held: 1 << 26})
	a.patience = time.Millisecond
	_, _ = a.Write(pack)
	a.Close()
	var wg sync.WaitGroup
	wg.Go(a.Find)
	w, v := &Walker{Store: a.Unindexed.Store, Sparse: true}, &once{u: a.Unindexed, seen: map[Obj]bool{}}
	walkParts(t, a, w, v)
	wg.Wait()
	if !a.Whole(int64(len(pack))) || len(v.seen) != 8 {
		t.Errorf("%d objects were walked", len(v.seen))
	}
	a.Unindexed.Store.Close()
}

// TestArrivingStop: who stops reading does not make the server wait.
func TestArrivingStop(t *testing.T) {
	_, pack := packOf(t)
	f, err := os.Create(filepath.Join(t.TempDir(), "spool"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	a := NewArriving(f, "the pack", wire.SHA1, Limits{Stream: 1 << 20, Object: 1 << 24, Held: 60_000})
	var wg sync.WaitGroup
	wg.Go(a.Find)
	wg.Go(func() {
		for range 100 {
			_, _ = a.Write(pack)
		}
		a.Close()
	})
	a.Stop()
	wg.Wait()
	if a.Whole(int64(len(pack))) {
		t.Error("it counts")
	}
}

// TestJoinPacks: a pack of two has the objects of both, and a damaged one is not taken.
func TestJoinPacks(t *testing.T) {
	r, pack := packOf(t)
	other := packWith([]byte{0x30 | 5}, nil, []byte("hello"))
	section := func(b []byte) *io.SectionReader { return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b))) }
	var both bytes.Buffer
	if err := JoinPacks(&both, wire.SHA1, section(pack), section(other)); err != nil {
		t.Fatal(err)
	}
	s, err := indexed(t, both.Bytes(), wire.SHA1)
	if err != nil {
		t.Fatal(err)
	}
	hello := idOf(Blob, []byte("hello"))
	want := append(listed(r), wire.Hex(hello[:])+" blob")
	slices.Sort(want)
	if got := contents(t, s); !slices.Equal(got, want) || len(s.Problems()) > 0 {
		t.Errorf("%q, want %q; %v", got, want, s.Problems())
	}
	for n := range other {
		bad := slices.Clone(other)
		bad[n] ^= 1
		if JoinPacks(io.Discard, wire.SHA1, section(pack), section(bad)) == nil || JoinPacks(io.Discard, wire.SHA1, section(other[:n])) == nil {
			t.Errorf("damage at %d is taken", n)
		}
	}
}

// FuzzArriving takes anything as a pack. If the walk counts, it is that of the same pack
// when all of it is there.
func FuzzArriving(f *testing.F) {
	_, pack := packOf(f)
	f.Add(pack)
	f.Add(packWith([]byte{0x70 | 4}, bytes.Repeat([]byte{1}, 20), []byte{3, 3, 0x90, 3}))
	f.Add(packWith([]byte{0x35}, nil, []byte("hello")))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := arrived(t, text, wire.SHA1, 60_000, 100)
		if s == nil {
			return
		}
		whole, err := indexed(t, text, wire.SHA1)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := contents(t, s), contents(t, whole); !slices.Equal(got, want) || len(whole.Problems()) > 0 {
			t.Errorf("%q, want %q; %v", got, want, whole.Problems())
		}
	})
}
