package source

import (
	"hash/maphash"
	"path"
	"strings"
	"sync/atomic"
)

// paths are the files of a layer and what it removes of the layers below, as hashes: a
// layer may have a million.
type paths struct {
	seed               maphash.Seed
	has, gone, emptied map[uint64]struct{}
	room               *atomic.Int64 // names that may still be noted, of all layers
}

// newPaths draws a seed: a layer cannot know it.
func newPaths(room *atomic.Int64) paths {
	return paths{maphash.MakeSeed(), map[uint64]struct{}{}, map[uint64]struct{}{}, map[uint64]struct{}{}, room}
}

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

func (p paths) put(set map[uint64]struct{}, name string) {
	if p.room.Add(-1) < 0 {
		return
	}
	set[maphash.String(p.seed, name)] = struct{}{}
}

// hide reports whether the layer removes or replaces a file of a layer below.
func (p paths) hide(file string) bool {
	file = clean(file)
	if p.in(p.has, file) {
		return true
	}
	for at := file; ; at = path.Dir(at) {
		if p.in(p.gone, at) || at != file && p.in(p.emptied, at) {
			return true
		}
		if at == "." || at == "/" {
			return false
		}
	}
}

func (p paths) in(set map[uint64]struct{}, name string) bool {
	_, ok := set[maphash.String(p.seed, name)]
	return ok
}
