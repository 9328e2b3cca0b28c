package source

import (
	"bytes"
	"context"
	"errors"

	"r8scan/internal/archive"
	"r8scan/internal/collect"
	"r8scan/internal/git/odb"
	"r8scan/internal/search"
	"r8scan/result"
	"r8scan/rules"
)

// visitor searches objects. In an object built by a delta it searches only what the
// base does not have, unless the base has a match. So every object with a credential
// is known.
type visitor struct {
	ctx   context.Context // of the walk; a visitor is made for one
	env   *Env
	repo  *repository
	w     *worker
	pack  *packScan    // nil if what is read is not all of a pack
	part  bool         // only some objects are read: the caller checks what they name
	quota search.Quota // of the object at hand

	members, inside int64 // number and bytes of the members in the last object, if it is a container
}

func (v *visitor) Visit(n *odb.Node) error {
	if err := v.search(n); err != nil {
		return err
	}
	v.count(n)
	if !v.part && n.Stream == nil {
		if err := v.links().of(n); err != nil {
			v.Failed(n.Obj, n.Type, err)
		}
	}
	return nil
}

// links are the worker's links for the repository and the pack.
func (v *visitor) links() *links {
	v.w.links.use(v.env, v.repo, v.pack)
	return &v.w.links
}

// search looks for matches in an object, and in the file that it is an LFS
// pointer to.
func (v *visitor) search(n *odb.Node) error {
	if err := v.searchObject(n); err != nil {
		return err
	}
	return v.followPointer(n)
}

func (v *visitor) searchObject(n *odb.Node) error {
	w := v.w
	v.members, v.inside = 0, 0
	if n.Stream != nil {
		return v.stream(n)
	}
	v.find(n)
	defer v.quota.Done()
	f := container(n)
	isFalse := !v.checkID(n, f)
	if n.Type == odb.Tree {
		v.names(n)
		return nil
	}
	search.Mark(n.Data, w.matches)
	if n.Again && !isFalse {
		f = archive.None // its content is reported with the copy that counts
	}
	switch {
	case n.Type == odb.Commit || n.Type == odb.Tag:
		v.message(n)
	case f != archive.None || len(w.matches) > 0:
		text := v.text(n)
		if f != archive.None { // read whole: after a change everything is compressed differently
			text.Container(v.ctx, archive.Input{At: bytes.NewReader(n.Data), Size: int64(len(n.Data))}, f)
		}
		text.Matches(n.Data, 0, w.matches)
		v.add(n, text)
	}
	return nil
}

// stream looks for matches in an object that is too large to be held.
func (v *visitor) stream(n *odb.Node) error {
	text := v.text(n)
	if !outside(n) {
		text.Seen = v.env.Sink.See
	}
	switch _, err := text.Read(v.ctx, v.repo.Store.CheckedStream(n), nil, ""); {
	case errors.Is(err, odb.ErrID):
		v.mismatch(n)
	case err != nil:
		v.Failed(n.Obj, n.Type, err)
	}
	v.add(n, text)
	return v.ctx.Err()
}

// find searches an object and keeps the matches that there is room for. For a tree,
// whose names are searched one by one, and for an object that is only the base of a
// delta, it keeps none: there it matters only whether there are any. Matches in a
// further copy count, because it may hold something else.
func (v *visitor) find(n *odb.Node) {
	w, dropped := v.w, false
	v.quota = w.searcher.Quota()
	w.matches = n.Search(v.env.Rules, w.matches[:0], &w.ranges, func(m rules.Match) bool {
		if outside(n) || n.Type == odb.Tree {
			return false
		}
		ok := v.quota.Takes(m)
		dropped = dropped || !ok
		return ok
	})
	if dropped {
		v.tooMany(n)
	}
}

var errTooMany = errors.New(search.TooMany)

// tooMany names an object whose matches were not all kept.
func (v *visitor) tooMany(n *odb.Node) { v.Failed(n.Obj, n.Type, errTooMany) }

// container returns the format of an object, if it is a container. readUnsigned
// reads those that are containers by name only.
func container(n *odb.Node) archive.Format {
	if n.Type != odb.Blob {
		return archive.None
	}
	f := archive.Detect(n.Data, "")
	if f == archive.None && !archive.MayEndInZip(n.Data, n.Data) {
		return archive.None
	}
	n.Complete()
	return archive.DetectTail(f, n.Data)
}

// text returns the search of an object that may be a container.
func (v *visitor) text(n *odb.Node) *search.Text {
	text := v.w.searcher.Text(func(member, reason string) {
		v.env.Sink.Fault(collect.Fault{Object: n.Obj, Type: n.Type, Unread: result.Unread{What: inside(v.label(n.Obj, n.Type), member), Reason: reason}})
		if v.pack != nil {
			v.pack.searchAgain(n.Obj) // so that the next scan names the fault
		}
	})
	text.Held = n.Held()
	return text
}

// message adds the matches in a commit or a tag. Lines and columns count in the
// message, or in the value of a header.
func (v *visitor) message(n *odb.Node) {
	if len(v.w.matches) == 0 {
		return
	}
	for _, part := range odb.Parts(n.Data) {
		from := part.From
		var in []rules.Match
		for _, m := range v.w.matches {
			if part.Start <= m.Start && m.Start < part.To {
				in = append(in, m)
				from = min(from, m.Start) // it may be in the keyword
			}
		}
		if len(in) == 0 {
			continue
		}
		text := v.text(n)
		text.Matches(n.Data, from, in)
		for _, h := range text.Hits {
			v.hit(n, collect.Hit{Hit: h, Header: part.Header})
		}
		text.Done()
	}
}

// label returns the name of an object in coverage.
func (v *visitor) label(o odb.Obj, t odb.Type) string {
	return v.repo.Label(t.String() + " " + v.repo.Store.Hex(o))
}

// add adds the matches of a text, and counts its members.
func (v *visitor) add(n *odb.Node, text *search.Text) {
	v.members, v.inside = text.Members, text.Bytes
	for _, h := range text.Hits {
		v.hit(n, collect.Hit{Hit: h})
	}
	text.Done()
}

// hit adds a match in an object.
func (v *visitor) hit(n *odb.Node, h collect.Hit) {
	if outside(n) {
		return
	}
	switch {
	case v.pack == nil:
	case n.Stream != nil: // searching it again would hold it whole
		v.pack.fail()
	default:
		v.pack.searchAgain(n.Obj)
	}
	h.Kind, h.Repo, h.Object, h.Type = n.Type.String(), &v.repo.Repository, n.Obj, n.Type
	v.env.Sink.Hit(h)
}

// names adds the matches in the names of a tree's entries.
func (v *visitor) names(n *odb.Node) {
	if !n.Matched() || outside(n) {
		return
	}
	_ = odb.EachEntry(n.Data, v.repo.Store.HashLen(), func(_ int, e odb.TreeEntry) bool {
		hits, all := search.Name(nil, v.env.Rules, string(e.Name), "", &v.quota)
		for _, h := range hits {
			v.hit(n, collect.Hit{Hit: h, Name: string(e.Name)})
		}
		if !all {
			v.tooMany(n)
		}
		return all
	}) // links names a malformed tree
}

func (v *visitor) count(n *odb.Node) {
	if n.Again {
		return
	}
	v.countIn(&v.env.Sink.Counters, n)
	v.env.Sink.Meter.Objects.Add(1)
	if v.pack != nil {
		v.countIn(&v.pack.Counters, n)
	}
}

func (v *visitor) countIn(c *collect.Counters, n *odb.Node) {
	c.Objects.Add(1)
	c.Bytes.Add(n.Size + v.inside)
	if v.members > 0 { // adding to what all workers share takes time
		c.Members.Add(v.members)
	}
	if n.Type == odb.Commit {
		c.Commits.Add(1)
	}
}

// Failed names an object that could not be read.
func (v *visitor) Failed(o odb.Obj, t odb.Type, why error) {
	v.env.Sink.Fault(collect.Fault{Object: o, Type: t, Unread: result.Unread{What: v.label(o, t), Reason: why.Error()}})
	if v.pack != nil {
		v.pack.fail()
	}
}

var (
	errContent = errors.New("its content does not match its id; what is there was searched: see git fsck")
	errCopy    = errors.New("a further copy of it does not match its id; it was searched too: see git fsck")
)

// checkID compares an object with its id where that is cheap: a loose object, and
// one that is reported; with Env.CheckIDs, every object. If they do not match, it
// names the object and returns false.
func (v *visitor) checkID(n *odb.Node, f archive.Format) bool {
	if outside(n) || !n.Loose && !v.env.CheckIDs && len(v.w.matches) == 0 && !n.Matched() && !(n.Extra && f != archive.None) {
		return true
	}
	if v.repo.Store.CheckID(n) {
		return true
	}
	v.mismatch(n)
	return false
}

// mismatch names an object whose content does not match its id.
func (v *visitor) mismatch(n *odb.Node) {
	if n.Extra {
		v.Failed(n.Obj, n.Type, errCopy)
	} else {
		v.Failed(n.Obj, n.Type, errContent)
	}
}

// outside reports whether an object is only visited as the base of a delta: it is
// reported where it is stored.
func outside(n *odb.Node) bool { return n.Again && !n.Extra }
