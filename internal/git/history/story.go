package history

import (
	"cmp"
	"container/heap"
	"slices"
	"time"

	"r8scan/internal/git/odb"
)

// Token is a token in objects whose story is traced.
type Token struct {
	Story  Story // filled by Graph.Stories
	number int   // index in its batch
}

// Story is the history of a token in git.
type Story struct {
	Introduced *Event // nil if no known commit or tag has it
	Removed    *Event // nil if no commit removed it, or it is at HEAD
	AtHead     bool   // HEAD's tree has it
	Reachable  bool
	Refs       []string // names of the refs that reach it, in the order of the tips
	News       bool     // it is in the scope and in nothing that was known before
}

// Event is a commit that added or removed a token.
type Event struct {
	Commit odb.Obj
	Author string
	When   time.Time
	Path   string
}

// Tip is a ref, or a detached HEAD, and the object it names.
type Tip struct {
	Name string
	Obj  odb.Obj
	Head bool // HEAD of the repository itself, not of a linked worktree
}

// batch is how many tokens one pass over the history traces: one bit each.
const batch = 64

// Stories fills in the stories of tokens, which must be all tokens of the
// graph's hits. HEAD is the tip with Head set; it counts as a ref only if it
// has a name. Without a scope every token is new.
func (g *Graph) Stories(tokens []*Token, tips []Tip, scope *Scope) {
	t := &teller{g: g, tips: g.peel(tips), scope: scope}
	var all, head []int32
	for _, tip := range t.tips {
		if tip.commit < 0 {
			continue
		}
		all = append(all, tip.commit)
		if tip.Head {
			head = append(head, tip.commit)
		}
	}
	for o, hits := range g.hits {
		if hits[0].Type == odb.Tag {
			t.tags = append(t.tags, o)
		}
	}
	t.reachable, t.fromHead = g.reach(all), g.reach(head)
	for i, token := range tokens {
		token.number = i
	}
	for _, hits := range g.hits {
		slices.SortStableFunc(hits, func(a, b Hit) int { return cmp.Compare(a.Token.number, b.Token.number) })
	}
	for first := 0; first < len(tokens); first += batch {
		t.tell(tokens[first:min(first+batch, len(tokens))], first)
	}
}

// teller traces the tokens of a batch.
type teller struct {
	g         *Graph
	tips      []peeledTip
	reachable []bool
	fromHead  []bool
	scope     *Scope
	tags      []odb.Obj // tags that are hits

	first int                // token of bit 0
	bits  map[odb.Obj]uint64 // tokens in or below each tree and hit
	has   []uint64           // tokens in each commit's tree
	said  []uint64           // tokens in the text of each commit
	was   []uint64           // tokens in the trees of each commit and its ancestors
	ever  []uint64           // as was, and in their texts
}

// peeledTip is a tip and the objects that its tags lead to.
type peeledTip struct {
	Tip
	commit int32     // -1 if it leads to no commit
	chain  []odb.Obj // the tip, the tags on the way, and the last object
}

// maxTags is the maximum length of a chain of tags. False ids can make circles.
const maxTags = 64

func (g *Graph) peel(tips []Tip) []peeledTip {
	var out []peeledTip
	for _, tip := range tips {
		p := peeledTip{Tip: tip, commit: -1, chain: []odb.Obj{tip.Obj}}
		for o := tip.Obj; len(p.chain) < maxTags; { // tags may name tags
			if c, ok := g.commitAt(o); ok {
				p.commit = c
				break
			}
			if o = g.tagged(o); o == odb.None {
				break
			}
			p.chain = append(p.chain, o)
		}
		out = append(out, p)
	}
	return out
}

// tagged returns the object of tag o, or odb.None if o is not a tag.
func (g *Graph) tagged(o odb.Obj) odb.Obj {
	t, data, err := g.store.Read(o)
	if err != nil || t != odb.Tag {
		return odb.None
	}
	var h odb.Header
	if odb.ParseHeader(data, &h) != nil {
		return odb.None
	}
	to, ok := g.store.FindHex(string(h.Object))
	if !ok {
		return odb.None
	}
	return to
}

func (t *teller) tell(tokens []*Token, first int) {
	t.first = first
	t.sweep()
	news := t.news()
	for i, token := range tokens {
		token.Story = Story{News: news&(1<<i) != 0}
		t.refs(&token.Story, uint64(1)<<i)
		t.events(&token.Story, uint64(1)<<i)
	}
}

// hits returns the hits of the batch in o itself: an object may have a million others.
func (t *teller) hits(o odb.Obj) []Hit {
	all := t.g.hits[o]
	from := func(number int) int {
		at, _ := slices.BinarySearchFunc(all, number, func(h Hit, number int) int { return cmp.Compare(h.Token.number, number) })
		return at
	}
	return all[from(t.first):from(t.first+batch)]
}

// own returns the tokens of the batch in o itself.
func (t *teller) own(o odb.Obj) uint64 {
	var bits uint64
	for _, h := range t.hits(o) {
		bits |= 1 << (h.Token.number - t.first)
	}
	return bits
}

// below returns the tokens of the batch in o and, for a tree, everything below
// it.
func (t *teller) below(o odb.Obj) uint64 {
	if !t.g.marked.has(o) {
		return 0
	}
	if bits, ok := t.bits[o]; ok {
		return bits
	}
	bits := t.own(o)
	t.bits[o] = bits // ends the recursion for trees that contain themselves
	for _, e := range t.g.links[o] {
		bits |= t.below(e.child)
	}
	t.bits[o] = bits
	return bits
}

// sweep fills the slices of the teller, parents before children.
func (t *teller) sweep() {
	n := len(t.g.commits)
	t.bits = map[odb.Obj]uint64{}
	t.has, t.said = make([]uint64, n), make([]uint64, n)
	t.was, t.ever = make([]uint64, n), make([]uint64, n)
	for i, c := range t.g.commits {
		if c.tree != odb.None {
			t.has[i] = t.below(c.tree)
		} else if len(c.parents) > 0 {
			t.has[i] = t.has[c.parents[0]] // a missing tree does not mean a change
		}
		if t.g.marked.has(c.obj) {
			t.said[i] = t.own(c.obj)
		}
		t.was[i] = t.has[i]
		t.ever[i] = t.has[i] | t.said[i]
		for _, p := range c.parents {
			t.was[i] |= t.was[p]
			t.ever[i] |= t.ever[p]
		}
	}
}

// news returns the tokens that are in the scope and were not known before.
func (t *teller) news() uint64 {
	if t.scope == nil {
		return ^uint64(0)
	}
	var in, out uint64
	for i := range t.g.commits {
		bits := t.has[i] | t.said[i]
		if t.scope.in[i] {
			in |= bits
		}
		if t.scope.out[i] {
			out |= bits
		}
	}
	for _, o := range t.scope.also {
		in |= t.below(o)
	}
	for _, o := range t.scope.known {
		out |= t.below(o)
	}
	return in &^ out
}

// refs finds the refs that reach the token.
func (t *teller) refs(s *Story, bit uint64) {
	for _, tip := range t.tips {
		reaches := tip.commit >= 0 && t.ever[tip.commit]&bit != 0
		for _, o := range tip.chain {
			reaches = reaches || t.below(o)&bit != 0
		}
		if !reaches {
			continue
		}
		s.Reachable = true
		if tip.Name != "" {
			s.Refs = append(s.Refs, tip.Name)
		}
		if tip.Head && tip.commit >= 0 {
			s.AtHead = t.has[tip.commit]&bit != 0
		}
	}
}

// events finds the commit that added the token, the oldest reachable one if
// there are several, and the last commit that removed it.
func (t *teller) events(s *Story, bit uint64) {
	in := -1
	for i := range t.g.commits {
		if t.introduces(i, bit) && (in < 0 || t.reachable[i] && !t.reachable[in]) {
			in = i
		}
	}
	switch {
	case in >= 0 && t.has[in]&bit != 0:
		s.Introduced = t.event(in, in, bit)
	case in >= 0:
		s.Introduced = t.event(in, -1, bit)
	default:
		s.Introduced = t.tagEvent(bit)
	}
	if s.AtHead {
		return
	}
	if out := t.lastRemoval(bit); out >= 0 {
		for _, p := range t.g.commits[out].parents {
			if t.has[p]&bit != 0 {
				s.Removed = t.event(out, int(p), bit)
				break
			}
		}
	}
}

// lastRemoval returns the newest commit of the highest rank that removed the
// token, or -1.
func (t *teller) lastRemoval(bit uint64) int {
	for rank := 2; rank >= 0; rank-- {
		for i := len(t.g.commits) - 1; i >= 0; i-- {
			if t.rank(i) == rank && t.removes(i, bit) {
				return i
			}
		}
	}
	return -1
}

// rank is highest for commits that HEAD reaches, then for those that other refs
// reach.
func (t *teller) rank(i int) int {
	switch {
	case t.fromHead[i]:
		return 2
	case t.reachable[i]:
		return 1
	}
	return 0
}

func (t *teller) introduces(i int, bit uint64) bool {
	if t.said[i]&bit != 0 {
		return true
	}
	if t.has[i]&bit == 0 {
		return false
	}
	for _, p := range t.g.commits[i].parents {
		if t.has[p]&bit != 0 {
			return false
		}
	}
	return true
}

// loses reports whether the i-th commit lacks the token and a parent has it.
func (t *teller) loses(i int, bit uint64) bool {
	return t.has[i]&bit == 0 && slices.ContainsFunc(t.g.commits[i].parents, func(p int32) bool { return t.has[p]&bit != 0 })
}

// removes reports whether the i-th commit itself removed the token. A merge
// without the token did not if the token was already lost on a parent's side:
// then the merge took that side. A loss before the other side added the token
// again does not count.
func (t *teller) removes(i int, bit uint64) bool {
	if !t.loses(i, bit) {
		return false
	}
	parents := t.g.commits[i].parents
	for _, p := range parents {
		if t.has[p]&bit == 0 {
			continue
		}
		for _, q := range parents {
			if t.has[q]&bit == 0 && t.was[q]&bit != 0 && t.lostApart(p, q, bit) {
				return false
			}
		}
	}
	return true
}

// lostApart reports whether a commit that q reaches and p does not reach lost
// the token. It visits no commit older than necessary.
func (t *teller) lostApart(p, q int32, bit uint64) bool {
	const fromP, fromQ = 1, 2
	side := map[int32]uint8{}
	var next numberQueue // a parent's number is always lower than its child's
	open := 0            // number of commits in next that so far only q reaches
	visit := func(c int32, from uint8) {
		was, seen := side[c]
		side[c] = was | from
		if !seen {
			heap.Push(&next, c)
		}
		switch {
		case !seen && from == fromQ:
			open++
		case was == fromQ && from&fromP != 0:
			open--
		}
	}
	visit(p, fromP)
	visit(q, fromQ)
	for open > 0 {
		c := heap.Pop(&next).(int32)
		if side[c] == fromQ {
			open--
			if t.loses(int(c), bit) {
				return true
			}
			if t.was[c]&bit == 0 {
				continue
			}
		}
		for _, up := range t.g.commits[c].parents {
			visit(up, side[c])
		}
	}
	return false
}

// numberQueue is a heap of commit numbers, highest first.
type numberQueue []int32

func (q numberQueue) Len() int           { return len(q) }
func (q numberQueue) Less(i, j int) bool { return q[i] > q[j] }
func (q numberQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *numberQueue) Push(x any)        { *q = append(*q, x.(int32)) }
func (q *numberQueue) Pop() any {
	n := len(*q) - 1
	x := (*q)[n]
	*q = (*q)[:n]
	return x
}

// event describes the i-th commit. The path is looked up in commit number in,
// unless that is negative.
func (t *teller) event(i, in int, bit uint64) *Event {
	e := t.g.describe(t.g.commits[i].obj)
	if in >= 0 {
		e.Path = t.path(t.g.commits[in].tree, bit, map[odb.Obj]bool{})
	}
	return e
}

// path returns the first path below a tree that has the token.
func (t *teller) path(o odb.Obj, bit uint64, seen map[odb.Obj]bool) string {
	seen[o] = true
	for _, h := range t.hits(o) {
		if uint64(1)<<(h.Token.number-t.first) == bit {
			return h.Name
		}
	}
	for _, e := range t.g.links[o] {
		if t.below(e.child)&bit != 0 && !seen[e.child] { // seen: a tree that contains itself
			return join(t.g.names[e.name], t.path(e.child, bit, seen))
		}
	}
	return ""
}

// tagEvent returns the event for a token that is only in the text of a tag.
func (t *teller) tagEvent(bit uint64) *Event {
	best := odb.None
	for _, o := range t.tags {
		if o < best && t.own(o)&bit != 0 && t.g.tagged(o) != odb.None {
			best = o
		}
	}
	if best == odb.None {
		return nil
	}
	e := t.g.describe(best)
	for range maxTags {
		e.Commit = best
		if best = t.g.tagged(best); best == odb.None {
			break
		}
	}
	return e
}

// describe reads the author and time of a commit or tag.
func (g *Graph) describe(o odb.Obj) *Event {
	e := &Event{Commit: o}
	_, data, err := g.store.Read(o)
	if err != nil {
		return e // the scan reports unreadable objects
	}
	var h odb.Header
	if odb.ParseHeader(data, &h) == nil {
		e.Author, e.When = odb.Signature(h.Author)
	}
	return e
}
