package odb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"runtime/debug"

	"r8scan/internal/inflate"
	"r8scan/rules"
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
	Entries []uint32 // set by TreeDiff; empty if the tree is malformed or a leaf
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

	z       inflate.Inflater
	lenient bool         // an entry's checksum may be wrong
	loose   *looseReader // of which the memory is used again
	delta   []byte
	free    [keepClasses][][]byte // buffers of 1<<i bytes
	nodes   []*Node               // to use again
	held    int64
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
	w.held, w.stack = 0, w.stack[:0]
	if p.entries[pos].base == external {
		b, err := w.externalBase(p, pos, newBudget())
		if err != nil {
			if err = w.instead(p, pos, err); err != nil {
				return err
			}
			return w.descend(ctx, p)
		}
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
		if !last && w.Share != nil && child.weight >= minShare && w.Share(Family{pack: p, from: c, to: c + 1, base: top.node}) {
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
		return w.instead(p, pos, err)
	}
	return w.hand(p, pos, node)
}

// damaged goes on with an object whose checksum is wrong: with another copy if
// there is one, otherwise with what can be made of it.
func (w *Walker) damaged(p *pack, pos int32, base *Node) error {
	if node := w.elsewhere(p, pos, errChecksum); node != nil {
		return w.hand(p, pos, node)
	}
	w.lenient = true
	node, err := w.build(p, pos, base)
	w.lenient = false
	if err != nil {
		return w.failed(p, pos, err)
	}
	w.Store.problem(node.Type.String()+" "+hexID(w.Store.ID(node.Obj)), errChecksum.Error()+"; it was read as it is")
	return w.hand(p, pos, node)
}

// instead goes on with another copy of the object at pos, which cannot be
// read. Without one, all that builds on it is lost.
func (w *Walker) instead(p *pack, pos int32, why error) error {
	node := w.elsewhere(p, pos, why)
	if node == nil {
		return w.failed(p, pos, why)
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
	w.stack = append(w.stack, f)
	return nil
}

// failed names the object at pos as unread, and what builds on it unless there
// is another copy.
func (w *Walker) failed(p *pack, pos int32, why error) error {
	w.fail(p, pos, why)
	for pending := []int32{pos}; len(pending) > 0; {
		pos, pending = pending[len(pending)-1], pending[:len(pending)-1]
		because := fmt.Errorf("its delta base %s cannot be read", hexID(w.Store.ID(p.obj(pos))))
		for c := p.entries[pos].first; c >= 0; c = p.entries[c].next {
			node := w.elsewhere(p, c, because)
			if node == nil {
				w.fail(p, c, because)
				pending = append(pending, c)
			} else if err := w.hand(p, c, node); err != nil {
				return err
			}
		}
	}
	return nil
}

// fail names one object. A copy of what is read elsewhere is no loss.
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
	if base == nil {
		return node, w.whole(p, pos, node)
	}
	node.Type = base.Type
	return node, w.fromDelta(p, pos, node)
}

// whole reads an object that is no delta.
func (w *Walker) whole(p *pack, pos int32, node *Node) error {
	size, src := p.entries[pos].size, p.stream(pos)
	if err := plausible(size, src); err != nil {
		return err
	}
	node.Size = int64(size)
	if node.Type == Blob && node.Size > w.Store.limits.Stream && node.Leaf { // the others are parsed whole
		r, err := streamZlib(src, node.Size, w.gaps(p))
		node.Stream = r
		return err
	}
	var err error
	if node.Data, err = w.buffer(size); err != nil {
		return err
	}
	if err := w.inflate(node.Data, src, p); err != nil {
		w.recycle(node.Data)
		return err
	}
	return nil
}

// fromDelta reads a delta and applies it to node.Base.
func (w *Walker) fromDelta(p *pack, pos int32, node *Node) error {
	size, src := p.entries[pos].size, p.stream(pos)
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
	if err := w.inflate(delta, src, p); err != nil {
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
	margin := len(node.Data)
	if w.Sparse && node.Leaf && node.Type == Blob {
		margin, node.gaps = sparseMargin, true
	}
	w.copies, err = applyDelta(node.Data, node.Base.Data, instructions, w.copies[:0], margin)
	node.Copies = w.copies
	if err != nil {
		w.recycle(node.Data)
	}
	return err
}

// sparseMargin is how far a search goes into a copy: the dirty range does by
// ahead or behind, and looks around by the other.
const sparseMargin = rules.TokenBehind + rules.TokenAhead

// plausible refuses sizes that no zlib stream of src's length can have:
// DEFLATE expands by 1032 at most.
func plausible(size uint64, src []byte) error {
	if size > uint64(len(src))*1032+64 {
		return fmt.Errorf("it declares %d bytes, more than its %d packed bytes can hold", size, len(src))
	}
	return nil
}

// buffer returns a buffer of size bytes with any content.
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
	class := bits.Len(uint(n))
	if class >= keepClasses {
		return make([]byte, n), nil
	}
	if free := w.free[class]; len(free) > 0 {
		w.free[class] = free[:len(free)-1]
		return free[len(free)-1][:n], nil
	}
	return make([]byte, n, 1<<class), nil
}

// Buffers below 1<<(keepClasses-1) bytes are used again, a few of each class;
// larger ones go back to the collector.
const (
	keepClasses = 24
	keepCount   = 4
)

// recycle takes back a buffer that buffer made.
func (w *Walker) recycle(b []byte) {
	w.held -= int64(len(b))
	class := bits.Len(uint(cap(b))) - 1
	if class > 0 && class < keepClasses && cap(b) == 1<<class && len(w.free[class]) < keepCount {
		w.free[class] = append(w.free[class], b)
	}
}

// node returns a cleared Node. Its Entries keep their room.
func (w *Walker) node() *Node {
	k := len(w.nodes) - 1
	if k < 0 {
		return &Node{}
	}
	n := w.nodes[k]
	w.nodes = w.nodes[:k]
	*n = Node{Entries: n.Entries[:0]}
	return n
}

// release takes back a node that no delta builds on any more.
func (w *Walker) release(f frame) {
	if f.shared { // others may still read it
		w.held -= int64(len(f.node.Data))
		return
	}
	w.recycle(f.node.Data)
	f.node.Data = nil
	w.nodes = append(w.nodes, f.node)
}

// externalBase reads the base of a delta whose base is not in its pack.
func (w *Walker) externalBase(p *pack, pos int32, left *budget) (*Node, error) {
	h, err := p.header(int(pos))
	if err != nil {
		return nil, err
	}
	o, ok := w.Store.Find(h.baseID)
	if !ok {
		return nil, fmt.Errorf("its delta base %s is missing", hexID(h.baseID))
	}
	t, data, err := w.Store.read(o, left)
	if err != nil {
		return nil, fmt.Errorf("its delta base %s cannot be read: %w", hexID(h.baseID), err)
	}
	return &Node{Obj: o, Type: t, Again: true, Data: data, Size: int64(len(data))}, nil
}
