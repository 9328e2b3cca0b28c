package source

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"path"
	"slices"
	"strings"
	"sync/atomic"
)

// paths are the files of a layer and what it removes of the layers below, as hashes: a
// layer may have a million.
type paths struct {
	has, gone, emptied nameSet
	room               *atomic.Int64 // names that may still be noted, of all layers
}

// nameSet are names, by the first eight bytes of their SHA-256.
type nameSet map[uint64]struct{}

func newPaths(room *atomic.Int64) paths { return paths{nameSet{}, nameSet{}, nameSet{}, room} }

// The names of whiteouts, as the image specification has them.
const (
	whiteout = ".wh."
	opaque   = ".wh..wh..opq"
)

// add notes a member of the layer. What is in archives in it is no file of its own.
func (p paths) add(member string) {
	if strings.Contains(member, "!") {
		return
	}
	member = clean(member)
	dir, name := path.Split(member)
	switch {
	case name == opaque:
		p.put(p.emptied, path.Clean(dir))
	case strings.HasPrefix(name, whiteout):
		p.put(p.gone, path.Join(dir, strings.TrimPrefix(name, whiteout)))
	default:
		p.put(p.has, member)
	}
}

func clean(member string) string { return path.Clean(strings.TrimLeft(member, "/")) }

func (p paths) put(set nameSet, name string) {
	if p.room.Add(-1) >= 0 {
		set[nameKey(name)] = struct{}{}
	}
}

func nameKey(name string) uint64 {
	sum := sha256.Sum256([]byte(name))
	return binary.BigEndian.Uint64(sum[:])
}

// hide reports whether the layer removes or replaces a file of a layer below.
func (p paths) hide(file string) bool {
	file = clean(file)
	if p.has.holds(file) {
		return true
	}
	for at := file; ; at = path.Dir(at) {
		if p.gone.holds(at) || at != file && p.emptied.holds(at) {
			return true
		}
		if at == "." || at == "/" {
			return false
		}
	}
}

func (s nameSet) holds(name string) bool {
	_, ok := s[nameKey(name)]
	return ok
}

// keys returns the set in eight bytes a name, in order.
func (s nameSet) keys() []byte {
	b := make([]byte, 0, 8*len(s))
	for _, key := range slices.Sorted(maps.Keys(s)) {
		b = binary.BigEndian.AppendUint64(b, key)
	}
	return b
}

// nameSetOf returns the set with these keys. It returns false if they are damaged.
func nameSetOf(keys []byte) (nameSet, bool) {
	s := make(nameSet, len(keys)/8)
	for rest := keys; len(rest) >= 8; rest = rest[8:] {
		s[binary.BigEndian.Uint64(rest)] = struct{}{}
	}
	return s, len(keys)%8 == 0
}
