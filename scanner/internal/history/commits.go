package history

import (
	"cmp"
	"container/heap"
	"encoding/hex"
	"slices"

	"github.com/r8scan/r8scan/scanner/internal/odb"
)

// commit is a node of the commit graph.
type commit struct {
	obj     odb.Obj
	tree    odb.Obj   // odb.None if the store lacks it
	above   []odb.Obj // parents that the store has
	when    int64     // committer's time
	parents []int32   // the same as numbers in Graph.commits
}

func (c *collector) commit(n *odb.Node) {
	if n.Again || odb.ParseHeader(n.Data, &c.header) != nil {
		return
	}
	_, when := odb.Signature(c.header.Commit)
	v := commit{obj: n.Obj, tree: c.find(c.header.Tree), when: when.Unix()}
	for _, p := range c.header.Parents {
		if o := c.find(p); o != odb.None {
			v.above = append(v.above, o)
		}
	}
	c.commits = append(c.commits, v)
}

func (c *collector) find(id []byte) odb.Obj {
	var raw [32]byte
	if hex.DecodedLen(len(id)) > len(raw) {
		return odb.None
	}
	n, err := hex.Decode(raw[:], id)
	if err != nil {
		return odb.None
	}
	if o, ok := c.g.store.Find(raw[:n]); ok {
		return o
	}
	return odb.None
}

// order puts all commits into Graph.commits, parents before children and
// otherwise by time.
func (g *Graph) order() {
	var all []commit
	for _, c := range g.collectors {
		all = append(all, c.commits...)
		c.commits = nil
	}
	slices.SortFunc(all, func(a, b commit) int { return cmp.Compare(a.obj, b.obj) })
	at := make(map[odb.Obj]int32, len(all))
	for i, c := range all {
		at[c.obj] = int32(i)
	}
	waits := make([]int32, len(all)) // parents not yet placed
	children := make([][]int32, len(all))
	q := commitQueue{all: all}
	for i := range all {
		for _, p := range all[i].above {
			if k, ok := at[p]; ok {
				children[k] = append(children[k], int32(i))
				waits[i]++
			}
		}
		if waits[i] == 0 {
			q.ready = append(q.ready, int32(i))
		}
	}
	heap.Init(&q)
	g.number = make(map[odb.Obj]int32, len(all))
	for q.Len() > 0 {
		i := heap.Pop(&q).(int32)
		c := all[i]
		for _, p := range c.above {
			if k, ok := g.number[p]; ok {
				c.parents = append(c.parents, k)
			}
		}
		g.number[c.obj] = int32(len(g.commits))
		g.commits = append(g.commits, c)
		for _, k := range children[i] {
			if waits[k]--; waits[k] == 0 {
				heap.Push(&q, k)
			}
		}
	}
	for i, n := range waits {
		if n > 0 {
			g.lost = append(g.lost, all[i].obj)
		}
	}
}

// commitQueue holds commits whose parents are placed, oldest first.
type commitQueue struct {
	all   []commit
	ready []int32
}

func (q *commitQueue) Len() int { return len(q.ready) }
func (q *commitQueue) Less(i, j int) bool {
	a, b := &q.all[q.ready[i]], &q.all[q.ready[j]]
	return cmp.Or(cmp.Compare(a.when, b.when), cmp.Compare(a.obj, b.obj)) < 0
}
func (q *commitQueue) Swap(i, j int) { q.ready[i], q.ready[j] = q.ready[j], q.ready[i] }
func (q *commitQueue) Push(x any)    { q.ready = append(q.ready, x.(int32)) }
func (q *commitQueue) Pop() any {
	n := len(q.ready) - 1
	x := q.ready[n]
	q.ready = q.ready[:n]
	return x
}

// reach returns the commits that can be reached from those numbered from.
func (g *Graph) reach(from []int32) []bool {
	seen := make([]bool, len(g.commits))
	for pending := slices.Clone(from); len(pending) > 0; {
		c := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if !seen[c] {
			seen[c] = true
			pending = append(pending, g.commits[c].parents...)
		}
	}
	return seen
}
