package outline

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"r8scan/internal/budget"
	"r8scan/internal/git/history"
	"r8scan/internal/git/odb"
	"r8scan/internal/pool"
)

// Builder makes the outline of a store's history.
type Builder struct {
	Store      *odb.Store
	Graph      *history.Graph // what leads to tokens; nil if there are none
	Objects    []odb.Obj      // those that have a token, and what refs name
	Mask       func(text string) string
	Budget     *budget.Budget
	Goroutines int
}

var errOdd = errors.New("the history cannot be remembered")

// Build returns the outline. The error says that there is none, because something in
// the history is odd or cannot be read.
func (b *Builder) Build(ctx context.Context) (*Outline, error) {
	commits, err := b.commits(ctx)
	if err != nil {
		return nil, err
	}
	d := draft{b: b, texts: map[string]string{}, objects: map[odb.Obj]*entry{}}
	for _, o := range b.Objects {
		if err := d.add(o); err != nil {
			return nil, err
		}
	}
	whole := b.Graph == nil || b.Graph.Leading(d.tree)
	if !whole || d.odd {
		return nil, errOdd
	}
	return d.outline(commits)
}

// entry is an object whose Links are still objects of the store.
type entry struct {
	Object
	obj   odb.Obj
	tree  odb.Obj // of a commit
	links []odb.Obj
}

// draft is an unfinished outline.
type draft struct {
	b       *Builder
	texts   map[string]string  // masked, by what they were
	objects map[odb.Obj]*entry // but commits
	odd     bool               // the name of a folder or file holds a token
}

func (d *draft) mask(text string) string {
	m, ok := d.texts[text]
	if !ok {
		m = d.b.Mask(text)
		d.texts[text] = m
	}
	return m
}

// tree adds a tree that leads to a token.
func (d *draft) tree(o odb.Obj, entries []history.Entry) {
	e := d.at(o, odb.Tree)
	e.links, e.Names = nil, nil
	for _, in := range entries {
		d.odd = d.odd || d.mask(in.Name) != in.Name // paths would not be found
		e.links = append(e.links, in.Obj)
		e.Names = append(e.Names, in.Name)
	}
}

func (d *draft) at(o odb.Obj, t odb.Type) *entry {
	e := d.objects[o]
	if e == nil {
		e = &entry{obj: o, tree: odb.None, Object: Object{Type: t, Tree: NoTree}}
		d.objects[o] = e
	}
	return e
}

// add adds an object, and what a tag leads to.
func (d *draft) add(o odb.Obj) error {
	for d.objects[o] == nil {
		t, data, err := d.b.Store.Read(o)
		if err != nil {
			return err
		}
		if t == odb.Commit {
			return nil // all of them are there
		}
		e := d.at(o, t)
		if t != odb.Tag {
			return nil
		}
		object, text := tagText(data)
		if to, ok := d.b.Store.FindHex(object); ok {
			e.links = []odb.Obj{to}
		} else { // a file without an id: see source.sift
			text = strings.TrimSuffix("object "+object+"\n"+text, "\n")
		}
		e.Text = d.mask(text)
		if len(e.links) == 0 {
			return nil
		}
		o = e.links[0]
	}
	return nil
}

// outline numbers all objects.
func (d *draft) outline(commits []entry) (*Outline, error) {
	for i := range commits {
		commits[i].Text = d.mask(commits[i].Text)
	}
	all := make([]*entry, 0, len(commits)+len(d.objects))
	for i := range commits {
		all = append(all, &commits[i])
	}
	for _, e := range d.objects {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b *entry) int { return int(a.obj) - int(b.obj) })
	number := make([]int32, d.b.Store.Len())
	for i := range number {
		number[i] = -1
	}
	for i, e := range all {
		number[e.obj] = int32(i)
	}
	o := &Outline{Hash: d.b.Store.HashLen(), Objects: make([]Object, len(all))}
	for i, e := range all {
		x := &o.Objects[i]
		*x = e.Object
		if e.tree != odb.None {
			x.Tree = number[e.tree]
			if x.Tree >= 0 && all[x.Tree].links == nil { // a ref names it
				x.Tree = NoTree
			}
		}
		for _, l := range e.links {
			if number[l] < 0 {
				return nil, errOdd
			}
			x.Links = append(x.Links, number[l])
		}
		o.IDs = append(o.IDs, d.b.Store.ID(e.obj)...)
	}
	return o, nil
}

// commits reads all commits.
func (b *Builder) commits(ctx context.Context) ([]entry, error) {
	var mu sync.Mutex
	var readers []*commitReader
	p := pool.New(b.Goroutines, func(*pool.Pool[*commitReader]) *commitReader {
		r := &commitReader{store: b.Store, walker: &odb.Walker{Store: b.Store, Memory: b.Budget.Account(), Want: func(t odb.Type) bool { return t == odb.Commit }}}
		mu.Lock()
		defer mu.Unlock()
		readers = append(readers, r)
		return r
	})
	var jobs []pool.Job[*commitReader]
	for _, f := range b.Store.Families() {
		jobs = append(jobs, func(ctx context.Context, r *commitReader) error { return r.walker.Walk(ctx, f, r) })
	}
	if err := p.Run(ctx, jobs...); err != nil {
		return nil, err
	}
	var all []entry
	for _, r := range readers {
		if r.failed {
			return nil, errOdd
		}
		all = append(all, r.list...)
	}
	return all, nil
}

// commitReader is the visitor that reads commits.
type commitReader struct {
	store  *odb.Store
	walker *odb.Walker
	header odb.Header
	list   []entry
	failed bool
}

func (r *commitReader) Visit(n *odb.Node) error {
	if n.Type != odb.Commit || n.Again {
		return nil
	}
	if r.failed = r.failed || odb.ParseHeader(n.Data, &r.header) != nil; r.failed {
		return nil
	}
	e := entry{obj: n.Obj, Object: Object{Type: odb.Commit, Tree: NoTree, When: odb.When(r.header.Committer)}}
	e.Text, e.Sec, e.Zone = split(string(r.header.Author))
	e.tree = r.find(r.header.Tree)
	for _, p := range r.header.Parents {
		if o := r.find(p); o != odb.None {
			e.links = append(e.links, o)
		} else {
			r.failed = true
		}
	}
	r.list = append(r.list, e)
	return nil
}

func (r *commitReader) find(id []byte) odb.Obj {
	o, ok := r.store.FindHex(string(id))
	if !ok {
		return odb.None
	}
	return o
}

// Failed notes that an object cannot be read.
func (r *commitReader) Failed(odb.Obj, odb.Type, error) { r.failed = true }
