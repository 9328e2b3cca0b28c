package odb

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// TreeEntry is an entry of a tree. Name and ID are parts of the tree's bytes.
type TreeEntry struct {
	Mode uint32
	Name []byte
	ID   []byte
}

// Modes of tree entries that are not files.
const (
	ModeDir    = 0o040000
	ModeModule = 0o160000
)

var errTree = errors.New("the tree is malformed")

// parseTreeEntry parses the entry at the start of b and returns its length in
// bytes.
func parseTreeEntry(b []byte, hash int) (e TreeEntry, n int, err error) {
	i := 0
	for ; i < len(b) && b[i] != ' '; i++ {
		if b[i] < '0' || b[i] > '7' || i == 7 {
			return e, 0, errTree
		}
		e.Mode = e.Mode<<3 | uint32(b[i]-'0')
	}
	if i == 0 || i >= len(b) {
		return e, 0, errTree
	}
	name := b[i+1:]
	end := bytes.IndexByte(name, 0)
	if end < 1 || len(name)-end-1 < hash {
		return e, 0, errTree
	}
	e.Name, e.ID = name[:end], name[end+1:end+1+hash]
	return e, i + 1 + end + 1 + hash, nil
}

// EachEntry calls f for every entry of a tree, with its offset, until f returns
// false.
func EachEntry(tree []byte, hash int, f func(at int, e TreeEntry) bool) error {
	for at := 0; at < len(tree); {
		e, n, err := parseTreeEntry(tree[at:], hash)
		if err != nil {
			return fmt.Errorf("%w at byte %d", err, at)
		}
		if !f(at, e) {
			return nil
		}
		at += n
	}
	return nil
}

// Entries returns the entries of a tree. After an error it returns those before
// it.
func Entries(tree []byte, hash int) ([]TreeEntry, error) {
	list := make([]TreeEntry, 0, len(tree)/(hash+16)) // a mode and a name of average length
	err := EachEntry(tree, hash, func(_ int, e TreeEntry) bool {
		list = append(list, e)
		return true
	})
	return list, err
}

type treeDiff struct {
	node    *Node
	hash    int
	added   func(TreeEntry)
	removed func(TreeEntry)
	base    []uint32 // offsets of the base's entries, and its length
	at      int      // offset of the next entry of the tree
	next    int      // number of the next entry of the base
}

func (d *treeDiff) run() error {
	n := d.node
	n.Entries = n.Entries[:0]
	if n.Base != nil && len(n.Base.Entries) > 0 {
		d.base = n.Base.Entries
		for _, c := range n.copies {
			if err := d.copied(c); err != nil {
				return err
			}
		}
	}
	if err := d.parseTo(len(n.Data)); err != nil {
		return err
	}
	if d.base != nil {
		d.dropTo(len(d.base) - 1)
	}
	if !n.Leaf {
		n.Entries = append(n.Entries, uint32(len(n.Data)))
	}
	return nil
}

// parseTo passes entries to added until one starts at or after end.
func (d *treeDiff) parseTo(end int) error {
	for d.at < end {
		if err := d.parse(); err != nil {
			return err
		}
	}
	return nil
}

func (d *treeDiff) parse() error {
	e, n, err := parseTreeEntry(d.node.Data[d.at:], d.hash)
	if err != nil {
		return fmt.Errorf("%w at byte %d", err, d.at)
	}
	d.added(e)
	if !d.node.Leaf {
		d.node.Entries = append(d.node.Entries, uint32(d.at))
	}
	d.at += n
	return nil
}

// copied handles the entries in one copied range.
func (d *treeDiff) copied(c copied) error {
	if err := d.parseTo(c.to); err != nil {
		return err
	}
	last := len(d.base) - 1
	for d.at < c.to+c.len {
		first, ok := slices.BinarySearch(d.base, uint32(d.at-c.to+c.from))
		if !ok || first < d.next || first == last {
			if err := d.parse(); err != nil {
				return err
			}
			continue
		}
		// Equal bytes from the start of an entry parse to equal entries, except
		// for a last one that is cut off.
		end, whole := slices.BinarySearch(d.base, uint32(c.from+c.len))
		if !whole {
			end--
		}
		if end <= first {
			return d.parse()
		}
		d.dropTo(first)
		if shift := c.to - c.from; !d.node.Leaf {
			for _, s := range d.base[first:end] {
				d.node.Entries = append(d.node.Entries, uint32(int(s)+shift))
			}
		}
		d.at, d.next = int(d.base[end])-c.from+c.to, end
	}
	return nil
}

// dropTo passes the base's entries before number to to removed.
func (d *treeDiff) dropTo(to int) {
	for ; d.next < to; d.next++ {
		if d.removed == nil {
			continue
		}
		if e, _, err := parseTreeEntry(d.node.Base.Data[d.base[d.next]:], d.hash); err == nil {
			d.removed(e)
		}
	}
	d.next = max(d.next, to)
}
