package odb

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"

	"r8scan/internal/budget"
	"r8scan/internal/git/wire"
)

// Visitor takes the objects of a walk.
type Visitor interface {
	Visit(n *Node) error // an error ends the walk
	// Failed reports an object that could not be read.
	Failed(o Obj, t Type, why error)
}

// Walker walks families one at a time. It keeps buffers and is not safe for
// concurrent use.
type Walker struct {
	Store *Store
	Want  func(Type) bool // nil: every type
	// Sparse leaves gaps in blobs without deltas: inside long copies, where no
	// search of what the delta adds can look. Visitors that need these bytes
	// call Complete.
	Sparse bool
	// Share may take over a family, and then returns true; nil if nobody can.
	Share func(Family) bool
	// Thorough is for a walk that checks a whole store: it also passes loose
	// copies of objects that another place reports, and counts the bytes of
	// packs that belong to no object.
	Thorough bool
	// Memory is the account of the walk; nil for no limit other than those of
	// Store.
	Memory *budget.Account
	// Done counts how much of the store's PackedSize was walked or, as Want says,
	// left out; nil if nobody wants to know.
	Done *atomic.Int64

	unpack  unpacker
	lenient bool         // an entry's checksum may be wrong
	loose   *looseReader // its memory is reused
	nodes   []*Node      // nodes to reuse
	stack   []frame
	visit   Visitor
	copies  []copied
}

type frame struct {
	node   *Node
	next   int32 // next child
	shared bool  // others may still read the node's bytes
}

// minShare is the packed size from which splitting off work pays.
const minShare = 32 << 10

// Walk passes every object of f to v.
func (w *Walker) Walk(ctx context.Context, f Family, v Visitor) (err error) {
	// Reading a mapped file that was truncated causes a fault. With this it is
	// a panic that can be recovered.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			if !isFault(r) || f.pack == nil {
				panic(r)
			}
			w.Store.problem(f.pack.path, "it was cut short while it was read")
		}
	}()
	w.visit = v
	w.unpack.limits, w.unpack.memory = w.Store.limits, w.Memory
	before := w.Memory.Held()
	defer func() { // the walk may end anywhere
		w.Memory.Back(before)
		w.stack, w.unpack.spare = w.stack[:0], nil
	}()
	w.Memory.Take(f.base.held()) // whoever shared it may free it
	for _, i := range f.loose {
		if err := w.walkLoose(i); err != nil {
			return err
		}
		w.done(looseSize)
	}
	for pos := f.from; pos < f.to; pos++ {
		e := &f.pack.entries[pos]
		if f.base == nil && e.base >= 0 {
			continue
		}
		if w.Want != nil && e.kind != 0 && !w.Want(e.kind) { // 0: the type is known only after the walk
			w.done(e.weight)
			continue
		}
		if err := w.walkPack(ctx, f.pack, pos, f.base); err != nil {
			return err
		}
	}
	return nil
}

// done notes that so many bytes of the store were walked.
func (w *Walker) done(n int64) {
	if w.Done != nil {
		w.Done.Add(n)
	}
}

// walkLoose reads the i-th loose object. If another place reports the object,
// an unreadable copy is no loss.
func (w *Walker) walkLoose(i int) error {
	l := &w.Store.loose[i]
	extra := !w.Store.reportsLoose(i)
	if extra && !w.Thorough {
		return nil
	}
	failed := func(t Type, why error) error {
		if !extra {
			w.visit.Failed(l.obj, t, why)
		}
		return nil
	}
	r, err := openLoose(l.path, w.loose)
	if err != nil {
		return failed(0, pathless(err))
	}
	defer r.Close()
	w.loose = r
	if w.Want != nil && !w.Want(r.kind) {
		return nil
	}
	node := &Node{Obj: l.obj, Type: r.kind, Size: r.size, Again: extra, Extra: extra, Loose: true, Leaf: true}
	switch {
	case r.kind == Blob && r.size > w.Store.limits.Stream: // other objects are parsed whole
		node.Stream = r
	default:
		if node.Data, err = w.Store.limits.readWhole(r, r.size, 0, w.Memory); err != nil {
			return failed(r.kind, err)
		}
		defer w.Memory.Give(Held(node.Data))
	}
	err = w.visit.Visit(node)
	if w.Thorough && r.more() {
		w.Store.problem(l.path, "there are bytes behind the object in it, which were not read: git fsck")
	}
	return err
}

// walkPack walks the object at pos and all deltas on it.
func (w *Walker) walkPack(ctx context.Context, p *pack, pos int32, base *Node) error {
	if p.entries[pos].base == external {
		b, err := w.externalBase(p, pos, newReading(0, w.Memory))
		if err != nil {
			if err = w.instead(p, pos, err, 0); err != nil {
				return err
			}
			return w.descend(ctx, p)
		}
		defer w.Memory.Give(b.held())
		if w.Want != nil && !w.Want(b.Type) {
			return nil
		}
		if err := w.visit.Visit(b); err != nil {
			return err
		}
		base = b
	}
	if err := w.enter(p, pos, base); err != nil {
		return err
	}
	return w.descend(ctx, p)
}

// descend reads all deltas on the objects on the stack.
func (w *Walker) descend(ctx context.Context, p *pack) error {
	for len(w.stack) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		top := &w.stack[len(w.stack)-1]
		c := top.next
		child := &p.entries[c]
		top.next = child.next
		last := top.next < 0
		if !last && w.Share != nil && child.weight >= minShare && w.Memory.Shares(top.node.Held()) && w.Share(Family{pack: p, from: c, to: c + 1, base: top.node}) {
			top.shared = true
			continue
		}
		base := *top
		if last {
			w.stack = w.stack[:len(w.stack)-1]
		}
		err := w.enter(p, c, base.node)
		if last {
			w.release(base)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// enter reads the object at pos and passes it on.
func (w *Walker) enter(p *pack, pos int32, base *Node) error {
	node, err := w.build(p, pos, base)
	if errors.Is(err, errChecksum) {
		return w.damaged(p, pos, base)
	}
	if err != nil {
		return w.instead(p, pos, err, base.beneath())
	}
	return w.hand(p, pos, node)
}

// hand passes an object to the visitor, and pushes it onto the stack if it has
// deltas.
func (w *Walker) hand(p *pack, pos int32, node *Node) error {
	if err := w.visit.Visit(node); err != nil {
		return err
	}
	w.done(p.packedSize(pos))
	f := frame{node: node, next: p.entries[pos].first}
	if f.next < 0 {
		w.release(f)
		return nil
	}
	node.Base, node.copies = nil, nil
	w.unpack.dropSpare()
	w.stack = append(w.stack, f)
	return nil
}

// release frees a node that no unread delta builds on.
func (w *Walker) release(f frame) {
	if f.shared { // others may still read it
		w.Memory.Give(f.node.held())
		return
	}
	w.unpack.recycle(f.node.Data)
	f.node.Data = nil
	w.nodes = append(w.nodes, f.node)
}

var errChecksum = errors.New("its bytes in the pack do not have the checksum that the index gives")

// damaged continues with an object whose checksum is wrong: with another copy
// if there is one, otherwise with what can be decoded.
func (w *Walker) damaged(p *pack, pos int32, base *Node) error {
	if node := w.otherCopy(p, pos, errChecksum, base.beneath()); node != nil {
		return w.hand(p, pos, node)
	}
	w.lenient = true
	node, err := w.build(p, pos, base)
	w.lenient = false
	if err != nil {
		return w.failed(p, pos, err, base.beneath())
	}
	w.Store.problem(node.Type.String()+" "+wire.Hex(w.Store.ID(node.Obj)), errChecksum.Error()+"; it was read as it is")
	return w.hand(p, pos, node)
}

// instead continues with another copy of the unreadable object at pos. Without
// one, all deltas on it are lost.
func (w *Walker) instead(p *pack, pos int32, why error, under int64) error {
	node := w.otherCopy(p, pos, why, under)
	if node == nil {
		return w.failed(p, pos, why, under)
	}
	return w.hand(p, pos, node)
}

// otherCopy reads the object at pos from another copy, as git does with a
// damaged one, and records that. It returns nil if no copy can be read while
// under bytes are held.
func (w *Walker) otherCopy(p *pack, pos int32, why error, under int64) *Node {
	o := p.obj(pos)
	t, data, ok := w.Store.readCopy(o, p.place(pos), newReading(under, w.Memory))
	if !ok {
		return nil
	}
	w.Store.problem(p.path, fmt.Sprintf("%s %s in it is damaged and was read from another copy: %v", t, wire.Hex(w.Store.ID(o)), why))
	return &Node{Obj: o, Type: t, Data: data, Size: int64(len(data)), Again: p.entries[pos].again, Leaf: p.entries[pos].first < 0, under: under}
}

// failed reports the object at pos as unread, and the deltas on it unless they
// have other copies. Those copies wait together on the stack.
func (w *Walker) failed(p *pack, pos int32, why error, under int64) error {
	w.fail(p, pos, why)
	for pending := []int32{pos}; len(pending) > 0; {
		pos, pending = pending[len(pending)-1], pending[:len(pending)-1]
		because := fmt.Errorf("its delta base %s cannot be read", w.Store.label(p.obj(pos)))
		for c := p.entries[pos].first; c >= 0; c = p.entries[c].next {
			node := w.otherCopy(p, c, because, under)
			if node == nil {
				w.fail(p, c, because)
				pending = append(pending, c)
				continue
			}
			if !node.Leaf {
				under += node.held()
			}
			if err := w.hand(p, c, node); err != nil {
				return err
			}
		}
	}
	return nil
}

// fail reports one object, unless another place does.
func (w *Walker) fail(p *pack, pos int32, why error) {
	w.done(p.packedSize(pos))
	if e := &p.entries[pos]; !e.again {
		w.visit.Failed(e.obj, e.kind, why)
	}
}
