package history

import (
	"cmp"
	"container/heap"
	"slices"
	"time"

	"r8scan/internal/git/odb"
	"r8scan/internal/git/wire"
)

// commit is a node of the commit graph.
type commit struct {
	obj     odb.Obj
	tree    odb.Obj // odb.None if the store lacks it
	when    int64   // commit time in seconds since 1970
	parents []int32 // object numbers until the commits are sorted, then commit numbers
}

func (c *collector) commit(n *odb.Node) {
	if n.Again || odb.ParseHeader(n.Data, &c.header) != nil {
		return
	}
	first := len(c.parents)
	for _, p := range c.header.Parents {
		if o := c.find(p); o != odb.None {
			c.parents = append(c.parents, int32(o))
		}
	}
	c.commits = append(c.commits, commit{n.Obj, c.find(c.header.Tree), odb.When(c.header.Committer), c.parents[first:len(c.parents):len(c.parents)]})
}

func (c *collector) find(id []byte) odb.Obj {
	var raw [wire.SHA256]byte
	n, ok := wire.UnhexInto(raw[:], id)
	if !ok {
		return odb.None
	}
	if o, ok := c.g.store.Find(raw[:n]); ok {
		return o
	}
	return odb.None
}

// commitList has the sorted commits of a graph.
type commitList struct {
	commits []commit  // sorted, parents before children
	number  []int32   // object number → index in commits; see commitAt
	lost    []odb.Obj // commits that cannot be sorted
}

// Circular returns the commits that are their own ancestors, which is possible
// only with false ids, and the descendants of these. They are in no story.
func (l *commitList) Circular() []odb.Obj { return l.lost }

// order sorts commits into l.commits, parents before children and otherwise by
// time. objects is the number of objects in the store.
func (l *commitList) order(all []commit, objects int) {
	slices.SortFunc(all, func(a, b commit) int { return cmp.Compare(a.obj, b.obj) })
	at := numbers(all, objects)
	waits, children := families(all, at)
	q := commitQueue{all: all}
	for i, n := range waits {
		if n == 0 {
			q.ready = append(q.ready, int32(i))
		}
	}
	heap.Init(&q)
	l.commits = make([]commit, 0, len(all))
	for q.Len() > 0 {
		i := heap.Pop(&q).(int32)
		l.commits = append(l.commits, all[i])
		for _, k := range children(i) {
			if waits[k]--; waits[k] == 0 {
				heap.Push(&q, k)
			}
		}
	}
	for i, n := range waits {
		if n > 0 {
			l.lost = append(l.lost, all[i].obj)
		}
	}
	l.number = numbers(l.commits, objects)
	for i := range l.commits {
		c := &l.commits[i]
		kept := c.parents[:0]
		for _, p := range c.parents {
			if k, ok := l.commitAt(odb.Obj(p)); ok {
				kept = append(kept, k)
			}
		}
		c.parents = kept
	}
}

// numbers returns the indexes of commits in a list by object number, -1 for
// other objects.
func numbers(list []commit, objects int) []int32 {
	at := make([]int32, objects)
	for i := range at {
		at[i] = -1
	}
	for i, c := range list {
		at[c.obj] = int32(i)
	}
	return at
}

// commitAt returns the number of a commit.
func (l *commitList) commitAt(o odb.Obj) (int32, bool) {
	if int64(o) >= int64(len(l.number)) || l.number[o] < 0 {
		return 0, false
	}
	return l.number[o], true
}

// When returns when a commit of the list was made, by its committer; the zero time
// if that is not known.
func (l *commitList) When(o odb.Obj) time.Time {
	i, ok := l.commitAt(o)
	if !ok || l.commits[i].when < 0 {
		return time.Time{}
	}
	return time.Unix(l.commits[i].when, 0).UTC()
}

// families returns for each commit how many of its parents are in the list, and
// a function that returns its children. at is the result of numbers.
func families(all []commit, at []int32) (parents []int32, children func(int32) []int32) {
	parents = make([]int32, len(all))
	ends := make([]int32, len(all)+1) // end of each commit's children, once they are filled in
	n := int32(0)
	for i, c := range all {
		for _, p := range c.parents {
			if k := at[p]; k >= 0 {
				parents[i]++
				ends[k+1]++
				n++
			}
		}
	}
	for i := range all {
		ends[i+1] += ends[i]
	}
	list := make([]int32, n)
	for i, c := range all {
		for _, p := range c.parents {
			if k := at[p]; k >= 0 {
				list[ends[k]] = int32(i)
				ends[k]++
			}
		}
	}
	return parents, func(i int32) []int32 {
		if i == 0 {
			return list[:ends[0]]
		}
		return list[ends[i-1]:ends[i]]
	}
}

// commitQueue holds commits whose parents are sorted, oldest first.
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

// reach returns which commits can be reached from the commits from.
func (l *commitList) reach(from []int32) []bool {
	seen := make([]bool, len(l.commits))
	for pending := slices.Clone(from); len(pending) > 0; {
		c := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if !seen[c] {
			seen[c] = true
			pending = append(pending, l.commits[c].parents...)
		}
	}
	return seen
}
