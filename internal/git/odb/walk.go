package odb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime/debug"

	"r8scan/internal/budget"
	"r8scan/internal/git/wire"
	"r8scan/rules"
)

// Limits bound what a walk holds in memory. Tests set them absurdly small.
type Limits struct {
	Stream int64 // a whole object above this is handed over as a stream, not as bytes
	Object int64 // a delta's result above this is not built
	Held   int64 // bytes of bases, deltas and results that may be held to read one object
}

// LimitsOf returns the limits that a budget gives. git makes no deltas of files
// above 512 MB by default.
func LimitsOf(b *budget.Budget) Limits {
	object := min(b.Work/5*4, math.MaxInt32) // of trees, offsets are kept in 32 bits
	return Limits{Stream: min(32<<20, b.Work/8), Object: object, Held: b.Work}
}

// allows says that an object of size bytes cannot be held beside under bytes
// that count too.
func (l Limits) allows(size, under int64) error {
	if size < 0 || size > l.Object {
		return fmt.Errorf("it has %d bytes, more than may be held of one object: %w", uint64(size), ErrLimit)
	}
	if roomOf(size) > l.Held-under {
		return fmt.Errorf("its %d bytes and those it builds on need more than %d bytes of memory: %w", size, l.Held, ErrLimit)
	}
	return nil
}

// Node is an object as a walk hands it to a Visitor. It and its bytes are
// valid until the visitor returns; for the node's own children Base stays
// valid longer.
type Node struct {
	Obj    Obj
	Type   Type
	Again  bool      // another place reports it: needed for what builds on it, not to be reported
	Extra  bool      // and in the pack or file at hand it is kept once more, with the same content if nothing is wrong
	Loose  bool      // from a file of its own
	Data   []byte    // nil if Stream is set; with gaps if the walk is sparse, see Complete
	Stream io.Reader // an object too large to hold
	Size   int64
	Base   *Node  // what the delta was applied to; nil for a whole object
	Copies []Copy // what came from Base, in order

	Leaf bool // no delta builds on the node

	// For the visitor, to find again in the Base of the node's children.
	Mark    int32
	gaps    bool     // Data lacks the middle of long copies
	under   int64    // bytes of other objects that a walk holds while it reads what builds on the node
	Entries []uint32 // set by TreeDiff; empty if the tree is malformed or a leaf
}

// Held returns how much memory the node, and all that is held to read it, counts
// for. It depends on the store alone, not on how a walk is shared.
func (n *Node) Held() int64 { return n.under + n.held() + n.Base.held() }

// held returns what the node's bytes count for.
func (n *Node) held() int64 {
	if n == nil {
		return 0
	}
	return Held(n.Data)
}

// Complete fills in what Data lacks after a sparse walk.
func (n *Node) Complete() {
	if !n.gaps {
		return
	}
	n.gaps = false
	for _, c := range n.Copies {
		copy(n.Data[c.To:c.To+c.Len], n.Base.Data[c.From:])
	}
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

// Family is the work of one walk: objects that stand side by side in a pack,
// and all deltas that grow from them.
type Family struct {
	pack     *pack
	from, to int32 // positions: of the deltas among them those count that build on something outside the pack
	base     *Node // of the one position, if it was split off a larger family
	loose    []int // or loose objects
}

// Families returns the work of walking every object of the store, in the order
// of the files.
func (s *Store) Families() []Family {
	var out []Family
	for i := range s.packs {
		out = append(out, s.PackFamilies(i)...)
	}
	return append(out, s.LooseFamilies()...)
}

// PackFamilies returns the work of walking the i-th pack.
func (s *Store) PackFamilies(i int) []Family {
	p := s.packs[i]
	p.load(s)
	var out []Family
	n := int32(p.idx.n)
	for at := int32(0); at < n; {
		f := Family{pack: p, from: at}
		for weight := int64(0); at < n && weight < familyWeight; at++ {
			if e := &p.entries[at]; e.base < 0 {
				weight += e.weight
			}
		}
		f.to = at
		out = append(out, f)
	}
	return out
}

// familyWeight is how many packed bytes make a family, if one object and its
// deltas are not more.
const familyWeight = 256 << 10

// looseBatch is how many loose objects make a family.
const looseBatch = 64

// LooseFamilies returns the work of reading the loose objects.
func (s *Store) LooseFamilies() []Family {
	var out []Family
	for at := 0; at < len(s.loose); at += looseBatch {
		var f Family
		for i := at; i < min(at+looseBatch, len(s.loose)); i++ {
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
	// Sparse leaves out of blobs that nothing builds on what lies so far within
	// a copy that no search for tokens in what Dirty returns can see it. It is
	// for visitors that do with that, or call Complete.
	Sparse bool
	// Share, if it takes a family and returns true, has taken that part of the
	// work over; nil if nobody can.
	Share func(Family) bool
	// Thorough is for the walk that tells what a store holds: it hands over
	// loose copies of objects that another place reports too, and notes the
	// bytes of packs that belong to no object.
	Thorough bool
	// Memory is where the walk takes its memory from; nil if there is no limit
	// but those of Store.
	Memory *budget.Account

	unpack  unpacker
	lenient bool         // an entry's checksum may be wrong
	loose   *looseReader // of which the memory is used again
	nodes   []*Node      // to use again
	stack   []frame
	visit   Visitor
	copies  []Copy
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
			if !isFault(r) || f.pack == nil {
				panic(r)
			}
			w.Store.problem(f.pack.path, "it was cut short while it was read")
		}
	}()
	w.visit = v
	w.unpack.limits, w.unpack.memory = w.Store.limits, w.Memory
	before := w.Memory.Held()
	defer func() { // it may end anywhere
		w.Memory.Back(before)
		w.stack, w.unpack.spare = w.stack[:0], nil
	}()
	w.Memory.Take(f.base.held()) // who shared it may let go of it
	for _, i := range f.loose {
		if err := w.walkLoose(i); err != nil {
			return err
		}
	}
	for pos := f.from; pos < f.to; pos++ {
		e := &f.pack.entries[pos]
		if f.base == nil && e.base >= 0 || w.Want != nil && e.kind != 0 && !w.Want(e.kind) { // 0: only the walk will tell
			continue
		}
		if err := w.walkPack(ctx, f.pack, pos, f.base); err != nil {
			return err
		}
	}
	return nil
}

// walkPack walks the object at pos and what builds on it.
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

// descend reads everything that builds on what is on the stack.
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

// enter reads the object at pos and hands it on.
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

// beneath returns what is held while what builds on the node is read; of no
// node nothing.
func (n *Node) beneath() int64 {
	if n == nil {
		return 0
	}
	return n.under + n.held()
}

// damaged goes on with an object whose checksum is wrong: with another copy if
// there is one, otherwise with what can be made of it.
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

// instead goes on with another copy of the object at pos, which cannot be
// read. Without one, all that builds on it is lost.
func (w *Walker) instead(p *pack, pos int32, why error, under int64) error {
	node := w.otherCopy(p, pos, why, under)
	if node == nil {
		return w.failed(p, pos, why, under)
	}
	return w.hand(p, pos, node)
}

// hand hands an object to the visitor and puts it on the stack if deltas build
// on it.
func (w *Walker) hand(p *pack, pos int32, node *Node) error {
	if err := w.visit.Visit(node); err != nil {
		return err
	}
	f := frame{node: node, next: p.entries[pos].first}
	if f.next < 0 {
		w.release(f)
		return nil
	}
	node.Base, node.Copies = nil, nil
	w.unpack.dropSpare()
	w.stack = append(w.stack, f)
	return nil
}

// failed names the object at pos as unread, and what builds on it unless there
// is another copy. The copies wait on the stack together.
func (w *Walker) failed(p *pack, pos int32, why error, under int64) error {
	w.fail(p, pos, why)
	for pending := []int32{pos}; len(pending) > 0; {
		pos, pending = pending[len(pending)-1], pending[:len(pending)-1]
		because := fmt.Errorf("its delta base %s cannot be read", wire.Hex(w.Store.ID(p.obj(pos))))
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

// fail names one object, unless another place reports it.
func (w *Walker) fail(p *pack, pos int32, why error) {
	if e := &p.entries[pos]; !e.again {
		w.visit.Failed(e.obj, e.kind, why)
	}
}

// ErrLimit is in the chain of errors that say a limit was passed.
var ErrLimit = errors.New("limit passed")

var errChecksum = errors.New("its bytes in the pack do not have the checksum that the index gives")

// build reads the object at pos, applying it to base if it is a delta.
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
	w.unpack.z.Checksum = p.idx.crc == nil // an index of version 2 has one of the entry
	if base == nil {
		return node, w.whole(p, pos, node)
	}
	node.Type = base.Type
	if e.base >= 0 { // one that is not in the pack is not kept
		if node.under = base.under; e.next >= 0 {
			node.under += base.held()
		}
	}
	return node, w.fromDelta(p, pos, node)
}

// whole reads an object that is no delta.
func (w *Walker) whole(p *pack, pos int32, node *Node) (err error) {
	e := p.packed(pos)
	if node.Type == Blob && e.size > uint64(w.Store.limits.Stream) && node.Leaf { // the others are parsed whole
		node.Size = int64(e.size)
		node.Stream, err = e.stream(w.gaps(p))
		return err
	}
	var behind int
	if node.Data, behind, err = w.unpack.whole(e, node.under); err != nil {
		return err
	}
	node.Size = int64(e.size)
	w.gap(p, behind)
	return nil
}

// fromDelta reads a delta and applies it to node.Base.
func (w *Walker) fromDelta(p *pack, pos int32, node *Node) error {
	d, err := w.unpack.open(p.packed(pos), node.Base.Data, node.Base.beneath())
	if err != nil {
		return err
	}
	w.gap(p, d.behind)
	node.Data, node.Size = d.result, int64(len(d.result))
	if err = w.apply(node, d.instructions); err != nil {
		w.unpack.recycle(node.Data)
	}
	w.unpack.close(&d)
	return err
}

// apply fills node.Data. Of a delta with more copies than are worth listing the
// result is handed on as if it were whole.
func (w *Walker) apply(node *Node, instructions []byte) (err error) {
	if w.copies == nil {
		w.copies = make([]Copy, 0, 64)
	}
	margin := len(node.Data)
	if w.Sparse && node.Leaf && node.Type == Blob {
		margin, node.gaps = sparseMargin, true
	}
	w.copies, err = applyDelta(node.Data, node.Base.Data, instructions, w.copies[:0], margin)
	if node.Copies = w.copies; err == errManyCopies {
		_, err = applyDelta(node.Data, node.Base.Data, instructions, nil, len(node.Data))
		node.Base, node.Copies, node.gaps = nil, nil, false
	}
	return err
}

// sparseMargin is how far a search goes into a copy: the dirty range does by
// ahead or behind, and looks around by the other.
const sparseMargin = rules.TokenBehind + rules.TokenAhead

// keepEntries is for how many entries of a tree a node keeps its room.
const keepEntries = 1 << 16

// node returns a cleared Node. Its Entries keep their room.
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

// release takes back a node that no delta builds on any more.
func (w *Walker) release(f frame) {
	if f.shared { // others may still read it
		w.Memory.Give(f.node.held())
		return
	}
	w.unpack.recycle(f.node.Data)
	f.node.Data = nil
	w.nodes = append(w.nodes, f.node)
}

// externalBase reads the base of a delta whose base is not in its pack.
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
