package odb

import "io"

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
	Base   *Node    // what the delta was applied to; nil for a whole object
	copies []copied // what came from Base, in order

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

// beneath returns what is held while what builds on the node is read; of no
// node nothing.
func (n *Node) beneath() int64 {
	if n == nil {
		return 0
	}
	return n.under + n.held()
}

// Complete fills in what Data lacks after a sparse walk.
func (n *Node) Complete() {
	if !n.gaps {
		return
	}
	n.gaps = false
	for _, c := range n.copies {
		copy(n.Data[c.to:c.to+c.len], n.Base.Data[c.from:])
	}
}

// dirty appends to dst the ranges of the node in which a match can start that
// its base does not have; everything for a whole object.
func (n *Node) dirty(dst []Range, behind, ahead int) []Range {
	if n.Base == nil {
		return append(dst, Range{0, len(n.Data)})
	}
	return dirty(dst, n.copies, len(n.Base.Data), len(n.Data), behind, ahead)
}

// TreeDiff calls added for each entry of the tree that was not copied from its
// base, and removed, if it is not nil, for each entry of the base that was not
// copied; for a whole tree every entry is added. An entry that was copied in
// two pieces may come as both. The cost is that of the delta, not of the tree.
func (n *Node) TreeDiff(hash int, added, removed func(TreeEntry)) error {
	d := treeDiff{node: n, hash: hash, added: added, removed: removed}
	if err := d.run(); err != nil {
		n.Entries = n.Entries[:0] // what builds on a malformed tree is parsed whole
		return err
	}
	return nil
}
