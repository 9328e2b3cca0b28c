package history

import (
	"slices"

	"r8scan/internal/git/odb"
)

// edge is an entry of a tree that may lead to a hit: a folder, or a blob with a
// hit.
type edge struct {
	child odb.Obj
	name  uint32 // number of the name
}

// treeRecord has the difference between a tree's edges and those of its delta
// base. That is far less than all edges of all trees.
type treeRecord struct {
	obj     odb.Obj
	number  int32 // bases have lower numbers than their deltas
	base    int32 // number of the base's record, -1 for none
	added   []edge
	removed []edge
}

// collector is the visitor that records trees and commits. Each goroutine has
// its own; treeLinks.assemble merges them.
type collector struct {
	g       *Graph
	records [][]treeRecord    // in chunks, so that growing copies nothing
	edges   []edge            // memory for the edges of further records
	names   map[string]uint32 // index in list
	list    []string
	commits []commit
	parents []int32 // the concatenated parents of commits
	header  odb.Header
	added   []edge // added edges of the current tree
	removed []edge
}

func (c *collector) Visit(n *odb.Node) error {
	switch n.Type {
	case odb.Tree:
		c.tree(n)
	case odb.Commit:
		c.commit(n)
	}
	return nil
}

// Failed does nothing: the scan has reported the object.
func (c *collector) Failed(odb.Obj, odb.Type, error) {}

func (c *collector) tree(n *odb.Node) {
	rec := treeRecord{obj: n.Obj, number: c.g.records.Add(1) - 1, base: -1}
	n.Mark = rec.number + 1
	if n.Base != nil && len(n.Base.Entries) > 0 {
		rec.base = n.Base.Mark - 1
	}
	c.added, c.removed = c.added[:0], c.removed[:0]
	// The scan has reported a malformed tree. The entries before the damage
	// count.
	_ = n.TreeDiff(c.g.store.HashLen(),
		func(e odb.TreeEntry) { c.added = c.keep(c.added, e) },
		func(e odb.TreeEntry) { c.removed = c.keep(c.removed, e) })
	rec.added, rec.removed = c.store(c.added), c.store(c.removed)
	last := len(c.records) - 1
	if last < 0 || len(c.records[last]) == pieceLen {
		c.records = append(c.records, make([]treeRecord, 0, pieceLen))
		last++
	}
	c.records[last] = append(c.records[last], rec)
}

const pieceLen = 1 << 12

// store returns a copy of edges.
func (c *collector) store(edges []edge) []edge {
	if len(edges) == 0 {
		return nil
	}
	if cap(c.edges)-len(c.edges) < len(edges) {
		c.edges = make([]edge, 0, max(pieceLen, len(edges)))
	}
	first := len(c.edges)
	c.edges = append(c.edges, edges...)
	return c.edges[first:len(c.edges):len(c.edges)]
}

// keep appends the entry to edges if it may lead to a hit.
func (c *collector) keep(edges []edge, e odb.TreeEntry) []edge {
	if e.Mode == odb.ModeModule || e.Mode != odb.ModeDir && !c.g.begins.has(beginning(e.ID)) {
		return edges
	}
	o, ok := c.g.store.Find(e.ID)
	if !ok || e.Mode != odb.ModeDir && !c.g.marked.has(o) {
		return edges
	}
	number, ok := c.names[string(e.Name)]
	if !ok {
		number = uint32(len(c.list))
		c.list = append(c.list, string(e.Name))
		c.names[c.list[number]] = number
	}
	return append(edges, edge{o, number})
}

// treeLinks has the entries of trees that lead to hits.
type treeLinks struct {
	marked objSet   // hits, and trees that lead to one
	names  []string // by number, sorted
	links  map[odb.Obj][]edge
	cut    bool // there are folders deeper than MaxDepth
}

// assemble merges the n records of the collectors, sorted by number. It numbers
// the names in sorted order, so that the result does not depend on which
// goroutine saw what.
func (l *treeLinks) assemble(collectors []*collector, n int) (records []treeRecord) {
	all := map[string]bool{}
	for _, c := range collectors {
		for _, name := range c.list {
			all[name] = true
		}
	}
	number := make(map[string]uint32, len(all))
	for name := range all {
		l.names = append(l.names, name)
	}
	slices.Sort(l.names)
	for i, name := range l.names {
		number[name] = uint32(i)
	}
	records = make([]treeRecord, n)
	for _, c := range collectors {
		renumber := make([]uint32, len(c.list))
		for i, name := range c.list {
			renumber[i] = number[name]
		}
		for piece, recs := range c.records {
			for _, rec := range recs {
				for _, edges := range [][]edge{rec.added, rec.removed} {
					for i := range edges {
						edges[i].name = renumber[edges[i].name]
					}
				}
				records[rec.number] = rec
			}
			c.records[piece] = nil
		}
	}
	return records
}

// mark marks every tree that leads to a hit, at any depth. Each pass over the
// records computes a tree's number of marked children from that of its base.
// Passes repeat until nothing changes, about as often as folders are nested.
//
// Trees below MaxDepth stay unmarked. Otherwise the time would grow with the
// square.
func (l *treeLinks) mark(records []treeRecord) {
	counts := make([]int32, len(records))
	for pass, changed := 0, true; changed; pass++ {
		if l.cut = pass > MaxDepth; l.cut {
			break
		}
		changed = false
		for i := range records {
			rec := &records[i]
			n := int32(0)
			if rec.base >= 0 {
				n = counts[rec.base]
			}
			for _, e := range rec.added {
				n += l.marked.bit(e.child)
			}
			for _, e := range rec.removed {
				n -= l.marked.bit(e.child)
			}
			counts[i] = n
			if n > 0 && !l.marked.has(rec.obj) {
				l.marked.add(rec.obj)
				changed = true
			}
		}
	}
}

// link lists, for each marked tree, the entries that lead to a hit. A tree
// whose list equals its base's shares it.
func (l *treeLinks) link(records []treeRecord) {
	l.links = make(map[odb.Obj][]edge)
	lists := make([][]edge, len(records))
	for i := range records {
		rec := &records[i]
		var list []edge
		if rec.base >= 0 {
			list = lists[rec.base]
		}
		shared := true
		for _, e := range rec.removed {
			if k := slices.Index(list, e); k >= 0 {
				list, shared = slices.Delete(slices.Clone(list), k, k+1), false
			}
		}
		for _, e := range rec.added {
			if !l.marked.has(e.child) {
				continue
			}
			if shared {
				list, shared = slices.Clone(list), false
			}
			list = append(list, e)
		}
		if !shared {
			slices.SortFunc(list, func(a, b edge) int { return int(a.name) - int(b.name) })
		}
		lists[i] = list
		if len(list) > 0 {
			l.links[rec.obj] = list
		}
	}
}

// objSet is a set of objects.
type objSet []uint64

func newObjSet(n int) objSet { return make(objSet, (n+63)/64) }

func (s objSet) has(o odb.Obj) bool { return s[o/64]&(1<<(o%64)) != 0 }
func (s objSet) add(o odb.Obj)      { s[o/64] |= 1 << (o % 64) }
func (s objSet) bit(o odb.Obj) int32 {
	return int32(s[o/64] >> (o % 64) & 1)
}
