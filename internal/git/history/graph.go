// Package history traces findings through git history: the paths at which a
// token is, the commit that added it, the commit that removed it, and the refs
// that still reach it.
package history

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"r8scan/internal/git/odb"
)

// Hit means that a token is in an object.
type Hit struct {
	Obj   odb.Obj
	Type  odb.Type
	Token *Token
	Name  string // for a tree: the entry whose name holds the token
}

// Graph is the part of a repository's history that leads to hits. Walk the
// store with visitors from Visitor, then call Finish.
type Graph struct {
	store  *odb.Store
	hits   map[odb.Obj][]Hit
	begins objSet // the first two bytes of the ids of hits, which rule out most entries of trees
	trees  bool   // a hit is in a tree or a blob

	mu         sync.Mutex
	collectors []*collector
	records    atomic.Int32

	treeLinks
	commitList
}

// NewGraph returns an empty graph for hits in objects of store. Without hits it
// is only a graph of commits.
func NewGraph(store *odb.Store, hits []Hit) *Graph {
	g := &Graph{store: store, hits: map[odb.Obj][]Hit{}, begins: newObjSet(1 << 16), treeLinks: treeLinks{marked: newObjSet(store.Len())}}
	for _, h := range hits {
		g.hits[h.Obj] = append(g.hits[h.Obj], h)
		g.marked.add(h.Obj)
		g.begins.add(beginning(store.ID(h.Obj)))
		g.trees = g.trees || h.Type == odb.Blob || h.Type == odb.Tree
	}
	return g
}

func beginning(id []byte) odb.Obj { return odb.Obj(id[0])<<8 | odb.Obj(id[1]) }

// Want reports whether the graph needs objects of type t.
func (g *Graph) Want(t odb.Type) bool { return t == odb.Commit || t == odb.Tree && g.trees }

// Visitor returns a visitor for one goroutine.
func (g *Graph) Visitor() odb.Visitor {
	c := &collector{g: g, names: map[string]uint32{}}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.collectors = append(g.collectors, c)
	return c
}

// Finish builds the graph from what the visitors recorded.
func (g *Graph) Finish() {
	records := g.assemble(g.collectors, int(g.records.Load()))
	g.mark(records)
	g.link(records)
	var commits []commit
	for _, c := range g.collectors {
		commits = append(commits, c.commits...)
		c.commits = nil
	}
	g.order(commits, g.store.Len())
	g.collectors = nil
}

// Entry is an entry of a tree.
type Entry struct {
	Obj  odb.Obj
	Name string
}

// Leading calls f with each tree that leads to a hit, and with those of its entries
// that do. It returns false if there are more, too deep to be followed.
func (g *Graph) Leading(f func(tree odb.Obj, entries []Entry)) (all bool) {
	var list []Entry
	for tree, edges := range g.links {
		list = list[:0]
		for _, e := range edges {
			list = append(list, Entry{e.child, g.names[e.name]})
		}
		f(tree, list)
	}
	return !g.cut
}

// Place is a path of an object with a hit.
type Place struct {
	Obj    odb.Obj
	Path   string  // "" if no tree has the object; for a tree, its folder
	Commit odb.Obj // the first commit with the object at this path, or odb.None
}

// Memory for following trees, in bytes, without strings: a pair of tree and
// path, a path, and a place with its location. Real histories have a few pairs
// per tree; only trees that are made to explode have more.
const (
	stepLen  = 64
	pathLen  = 128
	placeLen = 256
)

// MaxDepth is the maximum depth of folders. Git itself rejects deeper trees
// (core.maxTreeDepth), and false ids can make trees that contain themselves.
const MaxDepth = 4096

// Places returns the places of the hits in blobs and trees, in the order of the
// commits, and whether these are all. Each hit has at least one place. With a
// scope, only its commits count. Places stops following trees once it has taken
// memory bytes, a fifth of them for places.
func (g *Graph) Places(scope *Scope, memory int64) (places []Place, complete bool) {
	w := pathWalk{g: g, left: memory, room: memory / 5, open: map[odb.Obj]bool{}, seen: map[step]bool{}, paths: map[pathKey]int32{}, list: []pathKey{{parent: -1}}}
	for i, c := range g.commits {
		if c.tree != odb.None && g.marked.has(c.tree) && (scope == nil || scope.in[i]) {
			w.follow(c.tree, 0, c.obj, 0)
		}
	}
	if scope == nil {
		w.unnamed()
		return w.places, w.complete()
	}
	for _, o := range scope.also {
		if g.marked.has(o) {
			w.follow(o, 0, odb.None, 0)
		}
	}
	return w.places, w.complete()
}

// complete reports whether no limit was reached.
func (w *pathWalk) complete() bool {
	return !w.cut && !w.g.cut
}

// unnamed follows trees and hits that no commit leads to.
func (w *pathWalk) unnamed() {
	g := w.g
	below := newObjSet(g.store.Len()) // entries in trees
	for _, edges := range g.links {
		for _, e := range edges {
			below.add(e.child)
		}
	}
	var tops []odb.Obj
	for o := range g.links {
		if !below.has(o) {
			tops = append(tops, o)
		}
	}
	for o := range g.hits {
		if !below.has(o) && g.links[o] == nil {
			tops = append(tops, o)
		}
	}
	slices.Sort(tops)
	for _, o := range tops {
		if !w.reached(o) {
			w.follow(o, 0, odb.None, 0)
		}
	}
	w.placeRest()
}

// placeRest adds a place for hits without a path: those in trees that contain
// themselves, or beyond a limit.
func (w *pathWalk) placeRest() {
	placed := map[odb.Obj]bool{}
	for _, p := range w.places {
		placed[p.Obj] = true
	}
	for _, o := range slices.Sorted(maps.Keys(w.g.hits)) {
		if !placed[o] {
			w.places = append(w.places, Place{o, "", odb.None})
		}
	}
}

// pathWalk follows trees down to hits, each tree once per path.
type pathWalk struct {
	cut    bool             // a path was too deep, or a limit was reached
	open   map[odb.Obj]bool // trees on the current path, to detect trees that contain themselves
	left   int64            // bytes of memory
	room   int64            // of these, bytes for places
	g      *Graph
	seen   map[step]bool
	paths  map[pathKey]int32
	list   []pathKey
	places []Place
}

type step struct {
	obj  odb.Obj
	path int32
}

type pathKey struct {
	parent int32
	name   uint32
}

func (w *pathWalk) reached(o odb.Obj) bool { return w.seen[step{o, 0}] }

func (w *pathWalk) follow(o odb.Obj, path int32, from odb.Obj, depth int) {
	at := step{o, path}
	if w.seen[at] {
		return
	}
	if depth > MaxDepth || w.open[o] || w.left < 0 || w.room < 0 {
		w.cut = true
		return
	}
	w.left -= stepLen
	w.open[o] = true
	defer delete(w.open, o)
	w.seen[at] = true
	if w.g.hits[o] != nil {
		p := Place{o, w.path(path), from}
		w.room -= int64(len(p.Path)) + placeLen
		w.places = append(w.places, p)
	}
	for _, e := range w.g.links[o] {
		key := pathKey{path, e.name}
		p, ok := w.paths[key]
		if !ok {
			p = int32(len(w.list))
			w.list = append(w.list, key)
			w.paths[key] = p
			w.left -= pathLen
		}
		w.follow(e.child, p, from, depth+1)
	}
}

func (w *pathWalk) path(p int32) string {
	s := ""
	for ; p > 0; p = w.list[p].parent {
		s = join(w.g.names[w.list[p].name], s)
	}
	return s
}

func join(dir, rest string) string {
	if dir == "" || rest == "" {
		return dir + rest
	}
	return dir + "/" + rest
}
