package odb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
)

// Limits bound what a walk holds in memory. Tests set them absurdly small.
type Limits struct {
	Stream int64 // a whole object above this is handed over as a stream, not as bytes
	Object int64 // a delta's result above this is not built
	Held   int64 // bytes of bases and results that one walk may hold at a time
}

// DefaultLimits keep a walk within a few hundred megabytes on hostile packs;
// git makes no deltas of files above 512 MB by default.
func DefaultLimits() Limits {
	return Limits{Stream: 32 << 20, Object: 512 << 20, Held: 768 << 20}
}

// Node is an object as a walk hands it to a Visitor. It and its bytes are
// valid until the visitor returns; for the node's own children Base stays
// valid longer.
type Node struct {
	Obj    Obj
	Type   Type
	Again  bool      // seen elsewhere too: needed for what builds on it, not to be reported
	Data   []byte    // nil if Stream is set
	Stream io.Reader // an object too large to hold
	Size   int64
	Base   *Node  // what the delta was applied to; nil for a whole object
	Copies []Copy // what came from Base, in order

	Leaf bool // no delta builds on the node

	// For the visitor, to find again in the Base of the node's children.
	Mark    int32
	Entries []uint32 // set by TreeDiff
}

// Dirty appends to dst the ranges of the node in which a match can start that
// its base does not have; everything for a whole object.
func (n *Node) Dirty(dst []Range, behind, ahead int) []Range {
	if n.Base == nil {
		return append(dst, Range{0, len(n.Data)})
	}
	return dirty(dst, n.Copies, len(n.Base.Data), len(n.Data), behind, ahead)
}

// Visitor takes the objects of a walk.
type Visitor interface {
	Visit(n *Node) error // an error ends the walk
	// Failed says that an object could not be read.
	Failed(o Obj, t Type, why error)
}

// Family is the work of one walk: an object and all deltas that grow from it.
type Family struct {
	Weight int64 // packed bytes
	pack   *pack
	pos    int32
	base   *Node // of pos, if the family was split off a larger one
	loose  []int // or loose objects
}

// Families returns the work of walking every object of the store, in the order
// of the files.
func (s *Store) Families() []Family {
	var out []Family
	for _, p := range s.packs {
		for pos, b := range p.base {
			if b < 0 {
				out = append(out, Family{Weight: p.weight[pos], pack: p, pos: int32(pos)})
			}
		}
	}
	const batch = 64 // loose objects a job
	for at := 0; at < len(s.loose); at += batch {
		f := Family{Weight: batch << 10}
		for i := at; i < min(at+batch, len(s.loose)); i++ {
			f.loose = append(f.loose, i)
		}
		out = append(out, f)
	}
	return out
}

// Walker walks families one at a time. It keeps buffers and is not safe for
// concurrent use.
type Walker struct {
	Store *Store
	Want  func(Type) bool // nil: every type
	// Share, if it takes a family and returns true, has taken that part of the
	// work over; nil if nobody can.
	Share func(Family) bool

	z      inflater
	delta  []byte
	free   [][]byte
	held   int64
	stack  []frame
	visit  Visitor
	copies []Copy
}

type frame struct {
	node   *Node
	next   int32 // next child
	shared bool  // others may still read the node's bytes
}

// minShare is the packed size from which splitting work off is worth it.
const minShare = 32 << 10

// Walk hands every object of f to v.
func (w *Walker) Walk(ctx context.Context, f Family, v Visitor) (err error) {
	// A mapped file that is cut short while it is read faults; with this it is
	// a panic that can be caught, not the end of the process.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			if _, fault := r.(interface{ Addr() uintptr }); !fault || f.pack == nil {
				panic(r)
			}
			w.stack = w.stack[:0]
			w.Store.problem(f.pack.path, "it was cut short while it was read")
		}
	}()
	w.visit = v
	for _, i := range f.loose {
		if err := w.walkLoose(i); err != nil {
			return err
		}
	}
	if f.pack == nil || w.Want != nil && f.pack.base[f.pos] != external && !w.Want(f.pack.kind[f.pos]) {
		return nil
	}
	return w.walkPack(ctx, f)
}

func (w *Walker) walkPack(ctx context.Context, f Family) error {
	p := f.pack
	base := f.base
	if p.base[f.pos] == external {
		b, err := w.externalBase(p, f.pos, 1)
		if err != nil {
			w.failed(p, f.pos, err)
			return nil
		}
		if w.Want != nil && !w.Want(b.Type) {
			return nil
		}
		if err := w.visit.Visit(b); err != nil {
			return err
		}
		base = b
	}
	w.held = 0
	w.stack = w.stack[:0]
	if err := w.enter(p, f.pos, base); err != nil {
		return err
	}
	for len(w.stack) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		top := &w.stack[len(w.stack)-1]
		c := top.next
		top.next = p.next[c]
		last := top.next < 0
		if !last && w.Share != nil && p.weight[c] >= minShare && w.Share(Family{Weight: p.weight[c], pack: p, pos: c, base: top.node}) {
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

// enter reads the object at pos, hands it to the visitor, and puts it on the
// stack if deltas build on it.
func (w *Walker) enter(p *pack, pos int32, base *Node) error {
	node, err := w.build(p, pos, base)
	if err != nil {
		w.failed(p, pos, err)
		return nil
	}
	if err := w.visit.Visit(node); err != nil {
		return err
	}
	f := frame{node: node, next: p.first[pos]}
	if f.next < 0 {
		w.release(f)
		return nil
	}
	node.Base, node.Copies = nil, nil
	w.stack = append(w.stack, f)
	return nil
}

// failed names the object at pos and all that builds on it as unread.
func (w *Walker) failed(p *pack, pos int32, why error) {
	w.visit.Failed(p.obj[pos], p.kind[pos], why)
	for pending := []int32{pos}; len(pending) > 0; {
		pos, pending = pending[len(pending)-1], pending[:len(pending)-1]
		because := fmt.Errorf("its delta base %s cannot be read", hexID(w.Store.ID(p.obj[pos])))
		for c := p.first[pos]; c >= 0; c = p.next[c] {
			w.visit.Failed(p.obj[c], p.kind[c], because)
			pending = append(pending, c)
		}
	}
}

// ErrLimit is in the chain of errors that say a limit was passed.
var ErrLimit = errors.New("limit passed")

// build reads the object at pos, applying it to base if it is a delta.
func (w *Walker) build(p *pack, pos int32, base *Node) (*Node, error) {
	if p.base[pos] == broken {
		return nil, p.fault(pos)
	}
	o := p.obj[pos]
	node := &Node{Obj: o, Type: p.kind[pos], Again: !w.Store.owns(p, pos), Base: base, Leaf: p.first[pos] < 0}
	read := w.whole
	if base != nil {
		node.Type, read = base.Type, w.fromDelta
	}
	if err := read(p, pos, node); err != nil {
		return node, err
	}
	if !node.Again && !p.checkCRC(pos) {
		w.Store.problem(node.Type.String()+" "+hexID(w.Store.ID(o)), "its bytes in the pack are damaged (checksum differs); it was read as it is")
	}
	return node, nil
}

// whole reads an object that is no delta.
func (w *Walker) whole(p *pack, pos int32, node *Node) error {
	size, src := p.size[pos], p.stream(pos)
	if err := plausible(size, src); err != nil {
		return err
	}
	node.Size = int64(size)
	if node.Size > w.Store.limits.Stream && p.first[pos] < 0 {
		r, err := streamZlib(src, node.Size)
		node.Stream = r
		return err
	}
	var err error
	if node.Data, err = w.buffer(size); err != nil {
		return err
	}
	return w.z.inflate(node.Data, src)
}

// fromDelta reads a delta and applies it to node.Base.
func (w *Walker) fromDelta(p *pack, pos int32, node *Node) error {
	size, src := p.size[pos], p.stream(pos)
	if err := plausible(size, src); err != nil {
		return err
	}
	if size > uint64(w.Store.limits.Object) {
		return fmt.Errorf("its delta has %d bytes: %w", size, ErrLimit)
	}
	if uint64(cap(w.delta)) < size {
		w.delta = make([]byte, size+size/4)
	}
	delta := w.delta[:size]
	if err := w.z.inflate(delta, src); err != nil {
		return err
	}
	baseSize, result, instructions, err := deltaSizes(delta)
	if err != nil {
		return err
	}
	if baseSize != uint64(len(node.Base.Data)) || node.Base.Stream != nil {
		return errDeltaBase
	}
	if node.Data, err = w.buffer(result); err != nil {
		return err
	}
	node.Size = int64(result)
	w.copies, err = applyDelta(node.Data, node.Base.Data, instructions, w.copies[:0])
	node.Copies = w.copies
	if err != nil {
		w.recycle(node.Data)
	}
	return err
}

// plausible refuses sizes that no zlib stream of src's length can have:
// DEFLATE expands by 1032 at most.
func plausible(size uint64, src []byte) error {
	if size > uint64(len(src))*1032+64 {
		return fmt.Errorf("it declares %d bytes, more than its %d packed bytes can hold", size, len(src))
	}
	return nil
}

// buffer returns a buffer of size bytes.
func (w *Walker) buffer(size uint64) ([]byte, error) {
	l := w.Store.limits
	if size > uint64(l.Object) {
		return nil, fmt.Errorf("it has %d bytes: %w", size, ErrLimit)
	}
	n := int(size)
	if w.held += int64(n); w.held > l.Held {
		w.held -= int64(n)
		return nil, fmt.Errorf("its %d bytes and those it builds on need more than %d bytes of memory: %w", n, l.Held, ErrLimit)
	}
	for i := len(w.free) - 1; i >= 0; i-- {
		if b := w.free[i]; cap(b) >= n {
			w.free[i] = w.free[len(w.free)-1]
			w.free = w.free[:len(w.free)-1]
			return b[:n], nil
		}
	}
	return make([]byte, n, n+n/8), nil
}

// keepFree is the largest buffer that is kept for reuse; larger ones go back
// to the collector.
const (
	keepFree  = 1 << 20
	keepCount = 8
)

func (w *Walker) recycle(b []byte) {
	w.held -= int64(len(b))
	if cap(b) <= keepFree && len(w.free) < keepCount {
		w.free = append(w.free, b)
	}
}

func (w *Walker) release(f frame) {
	if f.shared {
		w.held -= int64(len(f.node.Data)) // others hold it now
		return
	}
	w.recycle(f.node.Data)
	f.node.Data = nil
}

// externalBase reads the base of a delta whose base is not in its pack.
func (w *Walker) externalBase(p *pack, pos int32, hops int) (*Node, error) {
	h, err := p.header(int(pos))
	if err != nil {
		return nil, err
	}
	o, ok := w.Store.Find(h.baseID)
	if !ok {
		return nil, fmt.Errorf("its delta base %s is missing", hexID(h.baseID))
	}
	t, data, err := w.Store.read(o, hops)
	if err != nil {
		return nil, fmt.Errorf("its delta base %s cannot be read: %w", hexID(h.baseID), err)
	}
	return &Node{Obj: o, Type: t, Again: true, Data: data, Size: int64(len(data))}, nil
}
