package odb

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"testing"
)

// FuzzLookup changes bytes of a pack and its index, as FuzzStore does, and
// looks up each object. What is read must match its id. In an undamaged pack
// every object must be read.
func FuzzLookup(f *testing.F) {
	b := newBuilder()
	var ids [][20]byte
	base := "a base that some deltas build on"
	id, at := b.object(Blob, base)
	ids = append(ids, id)
	for _, end := range []string{"1", "22", "333"} {
		id = idOf(Blob, []byte(base+end))
		at = b.ofs(id, at, delta(len(base), end))
		ids, base = append(ids, id), base+end
	}
	last := idOf(Blob, []byte(base+"x"))
	b.ref(last, id, delta(len(base), "x"))
	tree, _ := b.object(Tree, "100644 a\x00"+string(id[:]))
	ids = append(ids, last, tree)
	pack, idx := b.bytes()
	f.Add([]byte{})
	for _, at := range []int{12, 14, 60, 100, len(pack) - 30, len(pack) + 8 + fanoutLen, len(pack) + len(idx) - 60} {
		f.Add(append(binary.BigEndian.AppendUint16(nil, uint16(at)), 0x7f))
	}
	f.Fuzz(func(t *testing.T, changes []byte) {
		all := bytes.Join([][]byte{pack, idx}, nil)
		changed := false
		for ; len(changes) >= 3; changes = changes[3:] {
			if at := int(binary.BigEndian.Uint16(changes)); at < len(all) {
				all[at] ^= changes[2]
				changed = true
			}
		}
		dir := t.TempDir()
		writePack(t, dir, "a", all[:len(pack)], all[len(pack):])
		l := NewLookup(Folders{Dirs: []string{dir}, Lent: []bool{false}}, 20, Limits{Stream: 1 << 10, Object: 1 << 16, Held: 1 << 18})
		defer l.Close()
		for i, id := range ids {
			c, err := l.Read(id[:], nil)
			if err != nil {
				if !changed {
					t.Errorf("object %d: %v", i, err)
				}
				continue
			}
			if got := sha1.Sum(fmt.Appendf(nil, "%s %d\x00%s", c.Type, c.Size, c.Data)); c.Stream == nil && got != id {
				t.Errorf("object %d is read as another", i)
			}
			c.Close()
		}
	})
}
