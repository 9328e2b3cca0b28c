package outline

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"r8scan/internal/git/odb"
	"r8scan/internal/git/wire"
)

// New is a commit or a tag that an outline does not have, and that leads to no token.
type New struct {
	Object
	ID    []byte   // raw
	Links [][]byte // likewise
}

// NewCommit returns the commit with a raw id and a header.
func NewCommit(id []byte, h *odb.Header) (n New, ok bool) {
	n = New{ID: bytes.Clone(id), Object: Object{Type: odb.Commit, Tree: NoTree, When: odb.When(h.Committer)}}
	n.Text, n.Sec, n.Zone = split(string(h.Author))
	for _, p := range h.Parents {
		raw, ok := wire.Unhex(string(p))
		if !ok {
			return n, false
		}
		n.Links = append(n.Links, raw)
	}
	return n, true
}

// NewTag returns the tag with a raw id and a content.
func NewTag(id, data []byte) New {
	n := New{ID: bytes.Clone(id), Object: Object{Type: odb.Tag, Tree: NoTree}}
	object, rest := tagText(data)
	n.Text = rest
	if raw, ok := wire.Unhex(object); ok {
		n.Links = [][]byte{raw}
	}
	return n
}

// tagText returns the id in hex that a tag names, and the rest of its header.
func tagText(data []byte) (object, rest string) {
	head, _, _ := strings.Cut(string(data), "\n\n")
	var lines []string
	for line := range strings.Lines(head) {
		if id, ok := strings.CutPrefix(line, "object "); ok && object == "" {
			object = strings.TrimSuffix(id, "\n")
		} else {
			lines = append(lines, line)
		}
	}
	return object, strings.TrimSuffix(strings.Join(lines, ""), "\n")
}

var errUnlinked = errors.New("a commit names one that is not there")

// Merge returns an outline with further objects, whose texts are masked. The old one
// must not be used any longer.
func Merge(o *Outline, news []New, mask func(string) string) (*Outline, error) {
	slices.SortFunc(news, func(a, b New) int { return bytes.Compare(a.ID, b.ID) })
	news = slices.CompactFunc(news, func(a, b New) bool { return bytes.Equal(a.ID, b.ID) })
	news = slices.DeleteFunc(news, func(n New) bool {
		_, had := o.Find(n.ID)
		return had
	})
	if len(news) == 0 {
		return o, nil
	}
	all := &Outline{Hash: o.Hash, IDs: make([]byte, 0, len(o.IDs)+len(news)*o.Hash), Objects: make([]Object, 0, len(o.Objects)+len(news))}
	number := make([]int32, len(o.Objects)) // new ones of the old objects
	next := 0
	add := func(n *New) {
		n.Text = mask(n.Text)
		all.IDs, all.Objects = append(all.IDs, n.ID...), append(all.Objects, n.Object)
	}
	at := make([]int, len(news))
	for i := range o.Objects {
		for next < len(news) && bytes.Compare(news[next].ID, o.ID(i)) < 0 {
			at[next] = len(all.Objects)
			add(&news[next])
			next++
		}
		number[i] = int32(len(all.Objects))
		all.IDs, all.Objects = append(all.IDs, o.ID(i)...), append(all.Objects, o.Objects[i])
	}
	for ; next < len(news); next++ {
		at[next] = len(all.Objects)
		add(&news[next])
	}
	for _, k := range number {
		x := &all.Objects[k]
		if x.Tree != NoTree {
			x.Tree = number[x.Tree]
		}
		for l, to := range x.Links {
			x.Links[l] = number[to]
		}
	}
	for i := range news {
		x := &all.Objects[at[i]]
		for _, id := range news[i].Links {
			switch to, ok := all.Find(id); {
			case ok:
				x.Links = append(x.Links, int32(to))
			case x.Type == odb.Tag: // of a file: those are not remembered
				x.Text = strings.TrimSuffix("object "+wire.Hex(id)+"\n"+x.Text, "\n")
			default:
				return nil, errUnlinked
			}
		}
	}
	return all, nil
}
