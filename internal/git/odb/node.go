package odb

import "io"

// Node is an object that a walk passes to a Visitor. The node and its bytes are
// valid until the visitor returns. Base stays valid until the children of the
// node were visited.
type Node struct {
	Obj    Obj
	Type   Type
	Again  bool      // another place reports the object; it is passed because deltas build on it
	Extra  bool      // with Again: this pack or file has another copy, which should have the same content
	Loose  bool      // it is a loose object
	Data   []byte    // nil if Stream is set; after a sparse walk it has gaps, see Complete
	Stream io.Reader // an object too large to hold
	Size   int64
	Base   *Node    // the object that the delta was applied to; nil for a whole object
	copies []copied // ranges that come from Base, in order

	Leaf bool // no delta builds on the node

	// For the visitor: its value is in the Base of the node's children.
	Mark    int32
	gaps    bool     // Data lacks the middle of long copies
	under   int64    // bytes of other objects that the walk holds meanwhile
	Entries []uint32 // set by TreeDiff; empty if the tree is malformed or a leaf
}

// Held returns how many bytes of memory are held to read the node, including
// the node. It depends only on the store, not on how a walk is divided.
func (n *Node) Held() int64 { return n.under + n.held() + n.Base.held() }

// held returns how many bytes of memory the node's content counts for.
func (n *Node) held() int64 {
	if n == nil {
		return 0
	}
	return Held(n.Data)
}

// beneath returns how many bytes are held while the deltas on the node are
// read; 0 for nil.
func (n *Node) beneath() int64 {
	if n == nil {
		return 0
	}
	return n.under + n.held()
}

// Complete fills the gaps in Data after a sparse walk.
func (n *Node) Complete() {
	if !n.gaps {
		return
	}
	n.gaps = false
	for _, c := range n.copies {
		copy(n.Data[c.to:c.to+c.len], n.Base.Data[c.from:])
	}
}

// dirty appends to dst the ranges of the node in which a match may start that
// its base does not have. For a whole object that is all of it.
func (n *Node) dirty(dst []Range, behind, ahead int) []Range {
	if n.Base == nil {
		return append(dst, Range{0, len(n.Data)})
	}
	return dirty(dst, n.copies, len(n.Base.Data), len(n.Data), behind, ahead)
}

// TreeDiff calls added for each entry of the tree that was not copied from its
// base, and removed, unless nil, for each entry of the base that was not
// copied. For a whole tree every entry is added. An entry that was copied in
// two pieces may be in both. The cost depends on the size of the delta, not of
// the tree.
func (n *Node) TreeDiff(hash int, added, removed func(TreeEntry)) error {
	d := treeDiff{node: n, hash: hash, added: added, removed: removed}
	if err := d.run(); err != nil {
		n.Entries = n.Entries[:0] // trees that build on a malformed tree are parsed whole
		return err
	}
	return nil
}
