package odb

import "r8scan/rules"

// build reads the object at pos. A delta is applied to base.
func (w *Walker) build(p *pack, pos int32, base *Node) (*Node, error) {
	if p.entries[pos].base == broken {
		return nil, p.fault(pos)
	}
	if !w.lenient && !p.checkCRC(pos) {
		return nil, errChecksum
	}
	node := w.node()
	e := &p.entries[pos]
	node.Obj, node.Type, node.Base = e.obj, e.kind, base
	node.Again, node.Extra, node.Leaf = e.again, e.again, e.first < 0
	w.unpack.z.Checksum = p.unsummed()
	if base == nil {
		return node, w.whole(p, pos, node)
	}
	node.Type = base.Type
	if e.base >= 0 { // a base outside the pack is not kept
		if node.under = base.under; e.next >= 0 {
			node.under += base.held()
		}
	}
	return node, w.fromDelta(p, pos, node)
}

// whole reads an object that is not a delta.
func (w *Walker) whole(p *pack, pos int32, node *Node) (err error) {
	e := p.packed(pos)
	if node.Type == Blob && e.size > uint64(w.Store.limits.Stream) && node.Leaf { // other objects are parsed whole
		node.Size = int64(e.size)
		var left func(n int)
		if w.Thorough {
			left = p.gaps.add
		}
		node.Stream, err = e.stream(left)
		return err
	}
	var behind int
	if node.Data, behind, err = w.unpack.whole(e, node.under); err != nil {
		return err
	}
	node.Size = int64(e.size)
	if w.Thorough {
		p.gaps.add(behind)
	}
	return nil
}

// fromDelta reads a delta and applies it to node.Base.
func (w *Walker) fromDelta(p *pack, pos int32, node *Node) error {
	d, err := w.unpack.open(p.packed(pos), node.Base.Data, node.Base.beneath())
	if w.Thorough {
		p.gaps.add(d.behind)
	}
	if err != nil {
		return err
	}
	node.Data, node.Size = d.result, int64(len(d.result))
	if err = w.apply(node, d.instructions); err != nil {
		w.unpack.recycle(node.Data)
	}
	w.unpack.close(&d)
	return err
}

// apply fills node.Data. If a delta has too many copies to list, its result is
// treated as a whole object.
func (w *Walker) apply(node *Node, instructions []byte) (err error) {
	if w.copies == nil {
		w.copies = make([]copied, 0, 64)
	}
	margin := len(node.Data)
	if w.Sparse && node.Leaf && node.Type == Blob {
		margin, node.gaps = sparseMargin, true
	}
	w.copies, err = applyDelta(node.Data, node.Base.Data, instructions, w.copies[:0], margin)
	if node.copies = w.copies; err == errManyCopies {
		_, err = applyDelta(node.Data, node.Base.Data, instructions, nil, len(node.Data))
		node.Base, node.copies, node.gaps = nil, nil, false
	}
	return err
}

// sparseMargin is how far a search reads into a copy. The dirty range is wider
// by one of the two values, and the rules look around it by the other.
const sparseMargin = rules.TokenBehind + rules.TokenAhead

// externalBase reads the base of a delta whose base is outside its pack.
func (w *Walker) externalBase(p *pack, pos int32, left *reading) (*Node, error) {
	h, err := p.headerAt(int(pos))
	if err != nil {
		return nil, err
	}
	o, t, data, err := w.Store.readBase(h.baseID, left)
	if err != nil {
		return nil, err
	}
	return &Node{Obj: o, Type: t, Again: true, Data: data, Size: int64(len(data)), under: left.under}, nil
}

// keepEntries is the number of a tree's entries up to which a node keeps its
// memory for them.
const keepEntries = 1 << 16

// node returns a cleared Node that keeps the memory of its Entries.
func (w *Walker) node() *Node {
	k := len(w.nodes) - 1
	if k < 0 {
		return &Node{}
	}
	n := w.nodes[k]
	w.nodes = w.nodes[:k]
	if cap(n.Entries) > keepEntries {
		n.Entries = nil
	}
	*n = Node{Entries: n.Entries[:0]}
	return n
}
