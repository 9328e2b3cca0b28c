package odb

import (
	"cmp"
	"fmt"
	"slices"

	"r8scan/internal/git/wire"
)

// duplicate is a copy of an object that another place reports.
type duplicate struct {
	obj Obj
	at  place
}

// sortDuplicates makes duplicates ready for copies.
func (s *Store) sortDuplicates() {
	slices.SortStableFunc(s.duplicates, func(a, b duplicate) int { return cmp.Compare(a.obj, b.obj) })
}

// otherCopy reads the object at pos from another of its copies, as git does
// where one is damaged, and notes that. It returns nil if there is none that
// can be read beside under bytes that are held.
func (w *Walker) otherCopy(p *pack, pos int32, why error, under int64) *Node {
	o := p.obj(pos)
	t, data, ok := w.Store.readCopy(o, p.place(pos), newReading(under, w.Memory))
	if !ok {
		return nil
	}
	w.Store.problem(p.path, fmt.Sprintf("%s %s in it is damaged and was read from another copy: %v", t, wire.Hex(w.Store.ID(o)), why))
	return &Node{Obj: o, Type: t, Data: data, Size: int64(len(data)), Again: p.entries[pos].again, Leaf: p.entries[pos].first < 0, under: under}
}

// readCopy reads o from any of its copies but the one at not.
func (s *Store) readCopy(o Obj, not place, b *reading) (t Type, data []byte, ok bool) {
	at, _ := slices.BinarySearchFunc(s.duplicates, o, func(d duplicate, o Obj) int { return cmp.Compare(d.obj, o) })
	copies := []place{s.where[o]}
	for ; at < len(s.duplicates) && s.duplicates[at].obj == o; at++ {
		copies = append(copies, s.duplicates[at].at)
	}
	for _, c := range copies {
		if c == not {
			continue
		}
		if t, data, err := s.readAt(c, b); err == nil {
			return t, data, true
		}
	}
	return 0, nil, false
}
