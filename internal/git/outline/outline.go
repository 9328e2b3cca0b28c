// Package outline holds what is remembered of a history: enough to tell the stories
// of tokens in it, and no content. That is all commits without their messages, the
// entries of trees that lead to a token, and the ids of the objects that have one.
package outline

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sort"
	"strconv"

	"r8scan/internal/git/odb"
	"r8scan/internal/git/wire"
)

// Outline is a list of objects that name each other by their numbers.
type Outline struct {
	Hash    int    // bytes of an id
	IDs     []byte // of the objects, strictly increasing
	Objects []Object
}

// Object is what is remembered of an object.
type Object struct {
	Type  odb.Type
	Tree  int32    // of a commit; NoTree for a tree that leads to no token
	Links []int32  // a commit's parents, what a tree holds, or the one that a tag names
	Names []string // of a tree's Links
	Text  string   // the author of a commit; the header of a tag, without what it names
	Sec   uint64   // with Zone: the time in the author's line
	Zone  string   // "" if Text is all of that line
	When  int64    // when a commit was made, in seconds since 1970; -1 if that is not known
}

// NoTree is the tree of a commit that leads to no token.
const NoTree = -1

// ID returns the raw id of the i-th object.
func (o *Outline) ID(i int) []byte { return o.IDs[i*o.Hash : (i+1)*o.Hash] }

// Find returns the number of the object with a raw id.
func (o *Outline) Find(id []byte) (int, bool) {
	if len(id) != o.Hash {
		return 0, false
	}
	key := binary.BigEndian.Uint64(id)
	return sort.Find(len(o.Objects), func(i int) int {
		at := o.ID(i)
		switch head := binary.BigEndian.Uint64(at); {
		case key < head:
			return -1
		case key > head:
			return 1
		}
		return bytes.Compare(id, at)
	})
}

// Reach marks the commits that some objects lead to: commits, and the targets of tags.
func (o *Outline) Reach(from []int) []bool {
	seen := make([]bool, len(o.Objects))
	for pending := from; len(pending) > 0; {
		i := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if seen[i] {
			continue
		}
		seen[i] = true
		if t := o.Objects[i].Type; t == odb.Commit || t == odb.Tag {
			for _, l := range o.Objects[i].Links {
				pending = append(pending, int(l))
			}
		}
	}
	return seen
}

// Given returns the objects for a store, in the order of their ids. also are raw ids
// of trees that lead to no token either, and of which the store is to know that they
// are there.
func (o *Outline) Given(also [][]byte) []odb.Given {
	none := emptyTree(o.Hash)
	also = append(also, none)
	sort.Slice(also, func(i, j int) bool { return bytes.Compare(also[i], also[j]) < 0 })
	list := make([]odb.Given, 0, len(o.Objects)+len(also))
	add := func(id []byte) {
		if n := len(list); n == 0 || !bytes.Equal(list[n-1].ID, id) {
			list = append(list, odb.Given{ID: id, Type: odb.Tree})
		}
	}
	var text []byte // of all objects; growing it leaves the ones before in place
	for i := range o.Objects {
		for len(also) > 0 && bytes.Compare(also[0], o.ID(i)) < 0 {
			add(also[0])
			also = also[1:]
		}
		if len(also) > 0 && bytes.Equal(also[0], o.ID(i)) {
			also = also[1:]
		}
		if cap(text)-len(text) < textRoom {
			text = make([]byte, 0, 1<<20)
		}
		start := len(text)
		text = o.appendText(text, i, none)
		list = append(list, odb.Given{ID: o.ID(i), Type: o.Objects[i].Type, Data: text[start:len(text):len(text)]})
	}
	for _, id := range also {
		add(id)
	}
	return list
}

// textRoom is more than most objects take.
const textRoom = 4 << 10

// appendText appends the content of an object as git writes it.
func (o *Outline) appendText(b []byte, i int, none []byte) []byte {
	x := &o.Objects[i]
	hex := func(keyword string, id []byte) {
		b = append(b, keyword...)
		at := len(b)
		b = append(b, id...)
		b = append(b, id...)
		for k, c := range id {
			b[at+2*k], b[at+2*k+1] = "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15]
		}
		b = append(b, '\n')
	}
	switch x.Type {
	case odb.Commit:
		tree := none
		if x.Tree != NoTree {
			tree = o.ID(int(x.Tree))
		}
		hex("tree ", tree)
		for _, p := range x.Links {
			hex("parent ", o.ID(int(p)))
		}
		b = append(append(b, "author "...), x.Text...)
		if x.Zone != "" {
			b = append(append(strconv.AppendUint(append(b, ' '), x.Sec, 10), ' '), x.Zone...)
		}
		b = append(b, "\ncommitter <>"...)
		if x.When >= 0 {
			b = append(strconv.AppendInt(append(b, ' '), x.When, 10), " +0000"...)
		}
		b = append(b, "\n\n"...)
	case odb.Tag:
		for _, l := range x.Links {
			hex("object ", o.ID(int(l)))
		}
		b = append(append(b, x.Text...), "\n\n"...)
	case odb.Tree:
		for k, l := range x.Links {
			mode := "100644 "
			if o.Objects[l].Type == odb.Tree {
				mode = "40000 "
			}
			b = append(append(append(b, mode...), x.Names[k]...), 0)
			b = append(b, o.ID(int(l))...)
		}
	}
	return b
}

// emptyTree returns the raw id of a tree without entries.
func emptyTree(hash int) []byte {
	sum := wire.NewHash(hash)
	sum.Write([]byte("tree 0\x00"))
	return sum.Sum(nil)
}

// Below marks the commits that others of some objects lead to: whoever has those has
// these too.
func (o *Outline) Below(tips []int) []bool {
	var parents []int
	for _, i := range tips {
		if t := o.Objects[i].Type; t == odb.Commit || t == odb.Tag {
			for _, l := range o.Objects[i].Links {
				parents = append(parents, int(l))
			}
		}
	}
	return o.Reach(parents)
}

// Bare returns objects, by their numbers, without their content.
func (o *Outline) Bare(numbers []int) []odb.Given {
	slices.Sort(numbers)
	var list []odb.Given
	for _, i := range slices.Compact(numbers) {
		list = append(list, odb.Given{ID: o.ID(i), Type: o.Objects[i].Type})
	}
	return list
}

// Leads reports whether commits and tags lead to all of some objects. It looks at the
// newest commits first, and at no more than left, which it counts down; then it returns
// true.
func (o *Outline) Leads(from, to []int, left *int) bool {
	wanted := map[int]bool{}
	for _, i := range to {
		wanted[i] = true
	}
	q := queue{o: o}
	seen := map[int]bool{}
	see := func(i int) {
		if !seen[i] {
			seen[i] = true
			delete(wanted, i)
			q.push(i)
		}
	}
	for _, i := range from {
		see(i)
	}
	for len(q.list) > 0 && len(wanted) > 0 {
		if *left--; *left < 0 {
			return true
		}
		i := q.pop()
		if t := o.Objects[i].Type; t == odb.Commit || t == odb.Tag {
			for _, l := range o.Objects[i].Links {
				see(int(l))
			}
		}
	}
	return len(wanted) == 0
}
