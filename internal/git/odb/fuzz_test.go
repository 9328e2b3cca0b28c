package odb

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func FuzzParseIdx(f *testing.F) {
	b := newBuilder()
	b.object(Blob, "one")
	b.object(Blob, "two")
	b.entries = append(b.entries, builtEntry{fakeID(1), 1 << 33, 1 << 34})
	_, idx := b.bytes()
	f.Add(idx)
	f.Add(append(idx[8:8+fanoutLen], make([]byte, 3*24+40)...))
	f.Add(bytes.Repeat([]byte{0}, fanoutLen+40))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, hash := range []int{20, 32} {
			x, err := parseIdx(data, hash)
			if err != nil {
				if lookUp, err := parseTable(data, hash); err == nil && lookUp.n > 0 { // a damaged index may give any result
					if i, ok := lookUp.find(lookUp.id(0)); ok {
						lookUp.offset(i)
					}
				}
				continue
			}
			inFile, err := parseTable(data, hash)
			if err != nil {
				t.Fatalf("a look-up says %v of an index that is taken as a whole", err)
			}
			for i := range x.n {
				if at, ok := x.find(x.id(i)); !ok || at != i {
					t.Fatalf("entry %d is found at %d, %v", i, at, ok)
				}
				if at, ok := inFile.find(x.id(i)); ok && at != i {
					t.Fatalf("a look-up finds entry %d at %d", i, at)
				}
				if off, ok := inFile.offset(i); !ok || off != x.offsets[i] {
					t.Fatalf("entry %d starts at %d, and to a look-up at %d, %v", i, x.offsets[i], off, ok)
				}
			}
			if _, ok := x.find(make([]byte, hash)); ok && !bytes.Equal(x.id(0), make([]byte, hash)) {
				t.Error("an id is found that is not there")
			}
			last := uint64(0)
			for _, e := range x.byOffset() {
				if x.offsets[e] < last {
					t.Fatal("offsets are not in order")
				}
				last = x.offsets[e]
			}
		}
	})
}

func FuzzEntryHeader(f *testing.F) {
	f.Add(entryHeader(Blob, 5), uint64(12))
	f.Add(entryHeader(Tree, 1<<40), uint64(12))
	f.Add(append(entryHeader(ofsDelta, 300), distance(1000)...), uint64(5000))
	f.Add(append(entryHeader(refDelta, 3), make([]byte, 20)...), uint64(12))
	f.Fuzz(func(t *testing.T, b []byte, at uint64) {
		if len(b) == 0 {
			return // an entry has at least one byte: pack.header sees to it
		}
		h, err := parseHeader(b, at, 20)
		if err != nil {
			return
		}
		if h.len > len(b) || h.baseOff > at || h.kind == ofsDelta && h.baseOff == at {
			t.Fatalf("%+v of %x at %d", h, b, at)
		}
		again := entryHeader(h.kind, h.size)
		switch h.kind {
		case ofsDelta:
			again = append(again, distance(at-h.baseOff)...)
		case refDelta:
			again = append(again, h.baseID...)
		}
		if h2, err := parseHeader(again, at, 20); err != nil || h2.kind != h.kind || h2.size != h.size || h2.baseOff != h.baseOff || !bytes.Equal(h2.baseID, h.baseID) {
			t.Fatalf("%+v is written as %x and read as %+v, %v", h, again, h2, err)
		}
	})
}

func FuzzApplyDelta(f *testing.F) {
	f.Add([]byte("hello"), delta(5, "world"))
	f.Add([]byte("hello"), []byte{5, 7, 0x91, 1, 3, 2, 'a', 'b', 0x90, 2})
	f.Add([]byte(""), []byte{0, 0})
	f.Fuzz(func(t *testing.T, base, data []byte) {
		_, size, rest, err := deltaSizes(data)
		if err != nil || size > 1<<16 {
			return
		}
		dst := make([]byte, size)
		copies, err := applyDelta(dst, base, rest, []copied{}, len(dst))
		sparse := Node{Data: make([]byte, size), Base: &Node{Data: base}, gaps: true}
		var again error
		sparse.copies, again = applyDelta(sparse.Data, base, rest, []copied{}, 1)
		if (err == nil) != (again == nil) {
			t.Fatalf("whole: %v, sparse: %v", err, again)
		}
		if err != nil {
			return
		}
		if sparse.Complete(); !bytes.Equal(sparse.Data, dst) {
			t.Fatalf("sparse and completed %q, whole %q", sparse.Data, dst)
		}
		last := 0
		for _, c := range copies {
			if c.to < last || c.len <= 0 || c.to+c.len > len(dst) || !bytes.Equal(dst[c.to:c.to+c.len], base[c.from:c.from+c.len]) {
				t.Fatalf("copies %v are not what was copied", copies)
			}
			last = c.to + c.len
		}
		last = -1
		for _, r := range dirty(nil, copies, len(base), len(dst), 3, 5) {
			if r.From <= last || r.From >= r.To || r.To > len(dst) {
				t.Fatalf("ranges of %v overlap, are empty or leave the text", copies)
			}
			last = r.To
		}
	})
}

func FuzzTree(f *testing.F) {
	id := string(bytes.Repeat([]byte{7}, 20))
	f.Add([]byte("100644 a\x00"+id+"40000 b\x00"+id), []byte{0, 10, 0, 29, 29})
	f.Add([]byte("100644 a\x00"+id), []byte{})
	f.Add([]byte("120000 link\x00"+id+id), []byte{255, 1, 2, 3})
	f.Fuzz(func(t *testing.T, tree, pieces []byte) {
		base := &Node{Data: tree}
		_ = base.TreeDiff(20, func(TreeEntry) {}, nil)
		n := &Node{Base: base}
		for len(pieces) >= 2 { // copies of any parts of the base
			from := int(pieces[0])
			k := int(pieces[1])
			pieces = pieces[2:]
			if from+k <= len(tree) && k > 0 {
				n.copies = append(n.copies, copied{from, len(n.Data), k})
				n.Data = append(n.Data, tree[from:from+k]...)
			}
		}
		got := 0
		err := n.TreeDiff(20, func(TreeEntry) { got++ }, func(TreeEntry) { got-- })
		want, baseEntries := 0, 0
		wholeErr := EachEntry(n.Data, 20, func(at int, e TreeEntry) bool {
			if len(n.Entries) > 0 && n.Entries[want] != uint32(at) {
				t.Fatalf("entry %d starts at %d, not %d", want, at, n.Entries[want])
			}
			want++
			return true
		})
		if (err == nil) != (wholeErr == nil) {
			t.Fatalf("TreeDiff says %v, a whole parse %v", err, wholeErr)
		}
		if len(base.Entries) > 0 {
			baseEntries = len(base.Entries) - 1
		}
		if err == nil && baseEntries+got != want {
			t.Fatalf("%d entries of the base and %d more are not %d", baseEntries, got, want)
		}
	})
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nparent a\nauthor A <a> 1700000000 +0130\ncommitter C <c> 1 -0800\n\nmessage"))
	f.Add([]byte("object x\ntype commit\ntag v1\ntagger T > 99999999999999 +9999\n"))
	f.Add([]byte("author A <> -5 +0000"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var h Header
		if err := ParseHeader(data, &h); err == nil && h.Tree == nil && h.Object == nil {
			t.Error("a header without tree and object is taken")
		}
		for _, line := range [][]byte{h.Author, h.Committer, data} {
			who, when := Signature(line)
			if len(who) > len(line) || when.Year() > 9999 {
				t.Errorf("%q is by %q at %v", line, who, when)
			}
			if _, err := when.MarshalText(); err != nil {
				t.Errorf("the time of %q cannot be printed: %v", line, err)
			}
		}
	})
}

// FuzzStore changes bytes of a pack and its index and walks the result. Changes
// are triples: an offset in the pack followed by the index, and a value. Each
// object of the index must be read or reported exactly once.
func FuzzStore(f *testing.F) {
	b := newBuilder()
	id, at := b.object(Blob, "a base that some deltas build on")
	at = b.ofs(fakeID(1), at, delta(32, "1"))
	b.ofs(fakeID(2), at, delta(33, "2"))
	b.ref(fakeID(3), id, delta(32, "3"))
	b.ref(fakeID(4), fakeID(9), delta(32, "nothing there"))
	b.object(Tree, "100644 a\x00"+string(id[:]))
	b.object(Commit, "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nhello")
	pack, idx := b.bytes()
	f.Add([]byte{})
	f.Add([]byte{0, 12, 0xff})
	for _, at := range []int{14, 60, 100, len(pack) - 30, len(pack) + 8 + fanoutLen, len(pack) + len(idx) - 60} {
		f.Add(append(binary.BigEndian.AppendUint16(nil, uint16(at)), 0x7f))
	}
	f.Fuzz(func(t *testing.T, changes []byte) {
		all := bytes.Join([][]byte{pack, idx}, nil)
		for ; len(changes) >= 3; changes = changes[3:] {
			if at := int(binary.BigEndian.Uint16(changes)); at < len(all) {
				all[at] ^= changes[2]
			}
		}
		s := openBytes(t, all[:len(pack)], all[len(pack):])
		h := walkWith(t, s, true)
		h.exactlyOnce()
		for o := range Obj(s.Len()) {
			_, _, err := s.Read(o)
			if _, failed := h.failed[o]; failed != (err != nil) {
				t.Errorf("%s: Read says %v, the walk %q", s.Hex(o), err, h.failed[o])
			}
		}
	})
}

// openBytes opens a store of one pack that is in memory.
func openBytes(t *testing.T, packed, idx []byte) *Store {
	t.Helper()
	s := &Store{hash: 20, limits: Limits{Stream: 1 << 10, Object: 1 << 16, Held: 1 << 18}}
	if x, err := parseIdx(idx, s.hash); err == nil {
		f := &packfile{path: "pack", hash: s.hash, data: packed, unmap: func() error { return nil }}
		if err := f.readHeader(); err == nil {
			s.addPack(f, x)
		}
	}
	s.numbering = number(s.packs, nil, s.hash)
	return s
}
