package odb

import "slices"

// connect builds the forest of deltas: lists of children with the heaviest
// child last, weights, and the types of deltas whose root is in this pack.
// Deltas without a root form cycles and become broken.
func (p *pack) connect() {
	forward := true // bases are before their deltas, as git writes them
	for pos := range p.idx.n {
		e := &p.entries[pos]
		if e.base >= int32(pos) {
			forward = false
		} else if e.base >= 0 {
			e.kind = p.entries[e.base].kind
		}
	}
	if forward {
		for pos := p.idx.n - 1; pos >= 0; pos-- { // backwards, so that lists of children are in file order
			p.weigh(int32(pos))
			p.adopt(int32(pos))
		}
		return
	}
	for pos := p.idx.n - 1; pos >= 0; pos-- {
		p.adopt(int32(pos))
	}
	order := p.topological()
	for _, pos := range slices.Backward(order) {
		p.weigh(pos)
	}
}

// connectPart is connect for the entries from a position, and those at the positions
// before it that they build on.
func (p *pack) connectPart(before []int32, from int32) {
	for _, pos := range before {
		e := &p.entries[pos]
		e.first, e.next, e.weight = -1, -1, 0
	}
	end := int32(len(p.entries) - 1)
	for pos := from; pos < end; pos++ {
		if e := &p.entries[pos]; e.base >= 0 {
			e.kind = p.entries[e.base].kind
		}
	}
	for pos := end - 1; pos >= from; pos-- {
		p.weigh(pos)
		p.adopt(pos)
	}
	for _, pos := range slices.Backward(before) {
		p.weigh(pos)
		p.adopt(pos)
	}
}

// adopt adds pos to the front of the list of its base's children.
func (p *pack) adopt(pos int32) {
	if e := &p.entries[pos]; e.base >= 0 {
		b := &p.entries[e.base]
		e.next, b.first = b.first, pos
	}
}

// weigh completes the weight of pos, whose children are complete, and adds it
// to that of its base.
func (p *pack) weigh(pos int32) {
	e := &p.entries[pos]
	e.weight += p.packedSize(pos)
	if e.base >= 0 {
		p.entries[e.base].weight += e.weight
	}
	p.heaviestLast(pos)
}

// topological lists all positions with a root, bases before deltas, and marks
// the others as broken.
func (p *pack) topological() []int32 {
	n := p.idx.n
	order := make([]int32, 0, n)
	for pos := range n {
		if p.entries[pos].base < 0 {
			order = append(order, int32(pos))
		}
	}
	reached := make([]bool, n)
	for i := 0; i < len(order); i++ {
		pos := order[i]
		reached[pos] = true
		e := &p.entries[pos]
		if e.base >= 0 {
			e.kind = p.entries[e.base].kind
		}
		for c := e.first; c >= 0; c = p.entries[c].next {
			order = append(order, c)
		}
	}
	for pos := range n {
		if e := &p.entries[pos]; !reached[pos] {
			e.base, e.first, e.next = broken, -1, -1
		}
	}
	return order
}

// heaviestLast moves the heaviest child of pos to the end of its list. The walk
// releases a base before it goes to the last child, so at most log2(n) bases
// are held at a time, however long the chains are.
func (p *pack) heaviestLast(pos int32) {
	parent := &p.entries[pos]
	heavy, before, last := int32(-1), int32(-1), int32(-1)
	prev := int32(-1)
	for c := parent.first; c >= 0; prev, c = c, p.entries[c].next {
		if heavy < 0 || p.entries[c].weight >= p.entries[heavy].weight {
			heavy, before = c, prev
		}
		last = c
	}
	if heavy < 0 || heavy == last {
		return
	}
	if h := &p.entries[heavy]; before < 0 {
		parent.first = h.next
	} else {
		p.entries[before].next = h.next
	}
	p.entries[last].next, p.entries[heavy].next = heavy, -1
}
