package odb

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"r8scan/internal/budget"
	"r8scan/internal/git/wire"
)

// builder writes packs byte by byte, including invalid ones.
type builder struct {
	pack    bytes.Buffer
	entries []builtEntry
}

type builtEntry struct {
	id     [20]byte
	offset uint64
	end    uint64
}

func newBuilder() *builder {
	b := &builder{}
	b.pack.WriteString("PACK\x00\x00\x00\x02\x00\x00\x00\x00")
	return b
}

// writers are reused: a zlib writer takes a megabyte.
var writers = sync.Pool{New: func() any { return zlib.NewWriter(nil) }}

func deflate(data []byte) []byte {
	var out bytes.Buffer
	z := writers.Get().(*zlib.Writer)
	defer writers.Put(z)
	z.Reset(&out)
	_, _ = z.Write(data)
	_ = z.Close()
	return out.Bytes()
}

// entryHeader is a pack entry's type and size.
func entryHeader(kind Type, size uint64) []byte {
	c := byte(kind)<<4 | byte(size&15)
	var out []byte
	for size >>= 4; size > 0; size >>= 7 {
		out = append(out, c|0x80)
		c = byte(size & 0x7f)
	}
	return append(out, c)
}

// distance is the offset in the header of an ofs-delta.
func distance(n uint64) []byte {
	out := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		n--
		out = append(out, 0x80|byte(n&0x7f))
	}
	slices.Reverse(out)
	return out
}

// raw adds an entry of any bytes and returns its offset.
func (b *builder) raw(id [20]byte, parts ...[]byte) uint64 {
	at := uint64(b.pack.Len())
	for _, p := range parts {
		b.pack.Write(p)
	}
	b.entries = append(b.entries, builtEntry{id, at, uint64(b.pack.Len())})
	return at
}

func idOf(kind Type, data []byte) [20]byte {
	return sha1.Sum(append(fmt.Appendf(nil, "%s %d\x00", kind, len(data)), data...))
}

// object adds a whole object.
func (b *builder) object(kind Type, data string) ([20]byte, uint64) {
	id := idOf(kind, []byte(data))
	return id, b.raw(id, entryHeader(kind, uint64(len(data))), deflate([]byte(data)))
}

// ofs adds a delta to what stands at base.
func (b *builder) ofs(id [20]byte, base uint64, delta []byte) uint64 {
	return b.raw(id, entryHeader(ofsDelta, uint64(len(delta))), distance(uint64(b.pack.Len())-base), deflate(delta))
}

// ref adds a delta to an object by its id.
func (b *builder) ref(id, base [20]byte, delta []byte) uint64 {
	return b.raw(id, entryHeader(refDelta, uint64(len(delta))), base[:], deflate(delta))
}

// delta returns a delta that copies all of a base and appends a text.
func delta(base int, insert string) []byte {
	out := binary.AppendUvarint(nil, uint64(base))
	out = binary.AppendUvarint(out, uint64(base+len(insert)))
	if base > 0 {
		out = append(out, 0x80|0x10|0x20|0x40, byte(base), byte(base>>8), byte(base>>16))
	}
	for len(insert) > 0 {
		n := min(len(insert), 127)
		out = append(append(out, byte(n)), insert[:n]...)
		insert = insert[n:]
	}
	return out
}

// write puts the pack and its index into an objects folder.
func (b *builder) write(t testing.TB, dir, name string) {
	t.Helper()
	pack, idx := b.bytes()
	writePack(t, dir, name, pack, idx)
}

func writePack(t testing.TB, dir, name string, pack, idx []byte) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Join(dir, "pack"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "pack", name+".pack"), pack, 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "pack", name+".idx"), idx, 0o644))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// bytes returns the pack and an index of version 2.
func (b *builder) bytes() (pack, idx []byte) {
	pack = bytes.Clone(b.pack.Bytes())
	binary.BigEndian.PutUint32(pack[8:], uint32(len(b.entries)))
	body := pack
	sum := sha1.Sum(pack)
	pack = append(pack, sum[:]...)

	entries := slices.Clone(b.entries)
	slices.SortFunc(entries, func(a, b builtEntry) int { return bytes.Compare(a.id[:], b.id[:]) })
	idx = append(idx, idxMagic...)
	idx = binary.BigEndian.AppendUint32(idx, 2)
	for first := range 256 {
		n := 0
		for _, e := range entries {
			if int(e.id[0]) <= first {
				n++
			}
		}
		idx = binary.BigEndian.AppendUint32(idx, uint32(n))
	}
	for _, e := range entries {
		idx = append(idx, e.id[:]...)
	}
	for _, e := range entries {
		crc := uint32(0)
		if e.end <= uint64(len(body)) && e.offset <= e.end {
			crc = crc32.ChecksumIEEE(body[e.offset:e.end])
		}
		idx = binary.BigEndian.AppendUint32(idx, crc)
	}
	var large []byte
	for _, e := range entries {
		if e.offset < 1<<31 {
			idx = binary.BigEndian.AppendUint32(idx, uint32(e.offset))
			continue
		}
		idx = binary.BigEndian.AppendUint32(idx, 1<<31|uint32(len(large)/8))
		large = binary.BigEndian.AppendUint64(large, e.offset)
	}
	idx = append(append(idx, large...), sum[:]...)
	own := sha1.Sum(idx)
	return pack, append(idx, own[:]...)
}

// fakeID returns an id that is not a hash.
func fakeID(n int) [20]byte { return sha1.Sum(fmt.Appendf(nil, "id %d", n)) }

// writeLoose writes a loose object of any inflated bytes.
func writeLoose(t testing.TB, dir string, id [20]byte, file []byte) {
	t.Helper()
	name := wire.Hex(id[:])
	must(t, os.MkdirAll(filepath.Join(dir, name[:2]), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, name[:2], name[2:]), file, 0o644))
}

// openOwn opens object directories as the repository's own.
func openOwn(dirs []string, hash int, limits Limits) *Store {
	return OpenFolders(Folders{Dirs: dirs, Lent: make([]bool, len(dirs))}, hash, limits)
}

// defaultLimits are the limits of a run with the default budget.
func defaultLimits() Limits { return LimitsOf(budget.New(0, 1)) }
