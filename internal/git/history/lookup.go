package history

import (
	"strings"

	"r8scan/internal/budget"
	"r8scan/internal/git/odb"
)

// TreeOf returns the tree of the commit with an id in hex, or odb.None if it
// cannot be read.
func TreeOf(store *odb.Store, commit string, memory *budget.Account) odb.Obj {
	o, ok := store.FindHex(commit)
	if !ok {
		return odb.None
	}
	_, data, err := store.ReadHeld(o, memory)
	defer memory.Give(odb.Held(data))
	var h odb.Header
	if err != nil || odb.ParseHeader(data, &h) != nil {
		return odb.None
	}
	if o, ok = store.FindHex(string(h.Tree)); !ok {
		return odb.None
	}
	return o
}

// Paths looks up paths in trees. It caches the trees, and is not safe for
// concurrent use.
type Paths struct {
	store   *odb.Store
	entries map[odb.Obj]map[string]odb.TreeEntry
}

// NewPaths returns a Paths for the trees of a store.
func NewPaths(store *odb.Store) *Paths {
	return &Paths{store: store, entries: map[odb.Obj]map[string]odb.TreeEntry{}}
}

// Find returns the object at path, which has slashes, in a tree. A tree that is
// odb.None or unreadable has none.
func (p *Paths) Find(tree odb.Obj, path string) (odb.Obj, bool) {
	if tree == odb.None {
		return odb.None, false
	}
	name, rest, deeper := strings.Cut(path, "/")
	e, ok := p.read(tree)[name]
	if !ok {
		return odb.None, false
	}
	o, ok := p.store.Find(e.ID)
	if !ok || !deeper {
		return o, ok
	}
	if e.Mode != odb.ModeDir {
		return odb.None, false
	}
	return p.Find(o, rest)
}

func (p *Paths) read(tree odb.Obj) map[string]odb.TreeEntry {
	if entries, ok := p.entries[tree]; ok {
		return entries
	}
	entries := map[string]odb.TreeEntry{}
	if t, data, err := p.store.Read(tree); err == nil && t == odb.Tree {
		_ = odb.EachEntry(data, p.store.HashLen(), func(_ int, e odb.TreeEntry) bool {
			entries[string(e.Name)] = e
			return true
		})
	}
	p.entries[tree] = entries
	return entries
}
