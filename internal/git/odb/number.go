package odb

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"r8scan/internal/git/wire"
)

// numbering numbers the objects of packs and loose files, and tells where each
// of them is.
type numbering struct {
	ids    []byte  // sorted
	sorted idList  // ids
	where  []place // the place that reports each object
	loose  []looseObject
	others []duplicate // by object

	// Of an Unindexed: objects are numbered by position, and order has the numbers of
	// those in sorted.
	positional bool
	order      []Obj
}

// place is where an object is: a pack and an entry number in its index, or the
// pack inFile and the number of a loose object.
type place struct{ pack, entry int32 }

// Values of place.pack that are not packs.
const (
	inFile  int32 = -1
	nowhere int32 = -2
)

// duplicate is a copy of an object that another place reports.
type duplicate struct {
	obj Obj
	at  place
}

// number merges the ids, of hash bytes, of all packs and loose objects into one
// sorted list. The first pack with an object reports it.
func number(packs []*pack, files []looseFile, hash int) numbering {
	var n numbering
	loose := n.takeLoose(files, hash)
	if len(packs) == 1 && len(loose) == 0 {
		n.ids = packs[0].idx.rows
	} else {
		lists := [][]byte{loose}
		for _, p := range packs {
			lists = append(lists, p.idx.rows)
		}
		n.ids = mergeIDs(lists, hash)
	}
	n.sorted = newIDList(n.ids, hash)
	n.where = make([]place, len(n.ids)/hash)
	for i := range n.where {
		n.where[i].pack = nowhere
	}
	for _, p := range packs {
		n.takePack(p)
	}
	for i := range n.loose {
		at := int(n.loose[i].obj)
		o, _ := n.sorted.find(loose[at*hash : (at+1)*hash])
		n.loose[i].obj = Obj(o)
		n.take(Obj(o), place{inFile, int32(i)})
	}
	slices.SortStableFunc(n.others, func(a, b duplicate) int { return cmp.Compare(a.obj, b.obj) })
	return n
}

// takePack numbers the objects of p.
func (n *numbering) takePack(p *pack) {
	hash := p.hash
	p.objs = make([]Obj, p.idx.n)
	at := 0
	for e := range p.objs {
		for id := p.idx.id(e); !bytes.Equal(n.ids[at*hash:(at+1)*hash], id); {
			at++
		}
		p.objs[e] = Obj(at)
		n.take(Obj(at), place{p.number, int32(e)})
	}
}

// take records that o is at a place.
func (n *numbering) take(o Obj, at place) {
	if n.where[o].pack == nowhere {
		n.where[o] = at
	} else {
		n.others = append(n.others, duplicate{o, at})
	}
}

// takeLoose fills n.loose from the listed files and returns their raw ids,
// sorted and without duplicates: an alternate may have the same object. The
// position in this list numbers a loose object.
func (n *numbering) takeLoose(files []looseFile, hash int) []byte {
	slices.SortFunc(files, func(a, b looseFile) int { return cmp.Or(strings.Compare(a.id, b.id), strings.Compare(a.path, b.path)) })
	ids := make([]byte, 0, len(files)*hash)
	for i, f := range files {
		raw, ok := wire.Unhex(f.id)
		if !ok {
			continue // listLoose lists no such file
		}
		if i == 0 || f.id != files[i-1].id {
			ids = append(ids, raw...)
		}
		n.loose = append(n.loose, looseObject{f.path, Obj(len(ids)/hash - 1)})
	}
	return ids
}

// reportsLoose reports whether the i-th loose object is the place that reports
// its object.
func (n *numbering) reportsLoose(i int) bool {
	return n.where[n.loose[i].obj] == place{inFile, int32(i)}
}

// copies returns all places of o. The first one reports it.
func (n *numbering) copies(o Obj) []place {
	if o == None { // it has no id: see Unindexed
		return nil
	}
	out := []place{n.where[o]}
	at, _ := slices.BinarySearchFunc(n.others, o, func(d duplicate, o Obj) int { return cmp.Compare(d.obj, o) })
	for ; at < len(n.others) && n.others[at].obj == o; at++ {
		out = append(out, n.others[at].at)
	}
	return out
}

// mergeIDs merges sorted lists of ids and drops duplicates.
func mergeIDs(lists [][]byte, hash int) []byte {
	for len(lists) > 1 { // the two shortest first, so each id is copied log(n) times
		slices.SortStableFunc(lists, func(a, b []byte) int { return len(b) - len(a) })
		n := len(lists)
		lists = append(lists[:n-2], mergeTwo(lists[n-2], lists[n-1], hash))
	}
	return lists[0]
}

func mergeTwo(a, b []byte, hash int) []byte {
	out := make([]byte, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch c := bytes.Compare(a[:hash], b[:hash]); {
		case c < 0:
			out, a = append(out, a[:hash]...), a[hash:]
		case c > 0:
			out, b = append(out, b[:hash]...), b[hash:]
		default:
			out, a, b = append(out, a[:hash]...), a[hash:], b[hash:]
		}
	}
	return append(append(out, a...), b...)
}
