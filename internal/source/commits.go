package source

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"r8scan/internal/collect"
	"r8scan/internal/git/history"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/treediff"
	"r8scan/internal/search"
	"r8scan/result"
)

// SmallRange is up to how many commits a range is read object by object. For a
// longer one all objects are scanned: many more, but each much faster.
const SmallRange = 2000

// readSpan reads what the commits of a span add to an open repository. After an
// error it closes the repository.
func readSpan(ctx context.Context, env *Env, r *repository, span *history.Span, target result.Target) (*Read, error) {
	r.Span = span
	c := &commits{env: env, repo: r, seen: map[string]bool{}}
	if err := c.read(ctx, span); err != nil {
		r.Store.Close()
		return nil, err
	}
	return &Read{Target: target, Root: r.Root, Repos: []*collect.Repository{&r.Repository}}, nil
}

// commits reads what commits change compared with all their parents.
type commits struct {
	env   *Env
	repo  *repository
	graph *history.Graph

	mu   sync.Mutex
	seen map[string]bool // what was read: raw ids of blobs, and changes of trees
}

// read reads what the commits of a span add. Without a match it reads only the
// span's own objects. With one, or for a long span, it reads all objects once,
// because a token that older commits have is not new.
func (c *commits) read(ctx context.Context, span *history.Span) (err error) {
	if len(span.With)+len(span.Also) == 0 {
		return nil // a push that only deletes
	}
	if c.graph, err = c.graphOf(ctx, nil); err != nil {
		return err
	}
	for _, o := range span.With {
		c.known(o)
	}
	commits := c.graph.Commits(c.graph.Range(span))
	var all *reading
	if len(commits) > c.env.SmallRange {
		if all, err = c.readAll(ctx); err != nil {
			return err
		}
		if all.sound {
			return c.takeOver(ctx, all)
		} // else it is not known which objects are the span's
	}
	jobs := []job{c.also(span.Also)}
	for part := range slices.Chunk(commits, 16) {
		jobs = append(jobs, c.some(part))
	}
	c.env.Sink.Meter.Begin(collect.Changes, 0)
	if err := c.env.run(ctx, jobs...); err != nil {
		return err
	}
	if err := readUnsigned(ctx, c.env, c.repo); err != nil {
		return err
	}
	own, _ := c.env.Sink.Hits()
	if len(own) == 0 {
		return nil
	}
	if all == nil {
		if all, err = c.readAll(ctx); err != nil {
			return err
		}
	}
	c.addOthers(own, all.sink)
	return nil
}

func (c *commits) graphOf(ctx context.Context, hits []history.Hit) (*history.Graph, error) {
	return collect.Graph(ctx, &c.repo.Repository, c.env.Sink, hits, c.env.Budget, c.env.Goroutines)
}

// reading is what was found in all objects.
type reading struct {
	sink    *collect.Sink
	pointed map[string]odb.Obj // see collect.Repository
	sound   bool               // all commits and trees could be read, and what they name is there
}

// readAll reads all objects into a separate sink. Faults stay in that sink: they
// may have nothing to do with the span.
func (c *commits) readAll(ctx context.Context) (*reading, error) {
	all := collect.NewSink(c.env.Budget)
	all.Meter = c.env.Sink.Meter
	all.Meter.Objects.Store(0) // some may be read for the second time
	all.Meter.Begin(collect.Reading, c.repo.Store.PackedSize())
	env, r := c.env.with(all), c.repo
	missing, pointed, unsigned := r.Missing, r.Pointed, r.unsigned
	defer func() { r.Missing, r.Pointed, r.unsigned = missing, pointed, unsigned }()
	r.forget(env)
	o := &objects{env, r}
	if err := env.run(ctx, o.families()...); err != nil {
		return nil, err
	}
	if err := readUnsigned(ctx, env, r); err != nil {
		return nil, err
	}
	faults, whole := all.Faults()
	files, every := r.Pointed.All()
	sound := whole && every && (r.Promised || !r.Lacks()) &&
		!slices.ContainsFunc(faults, func(f collect.Fault) bool { return f.Type != odb.Blob })
	return &reading{all, files, sound}, nil
}

// takeOver takes the findings and counters of all objects into the span's sink, and
// those faults and LFS pointers that the span adds: it traces their blobs like a
// token.
func (c *commits) takeOver(ctx context.Context, all *reading) error {
	c.env.Sink.Take(all.sink)
	var hits []history.Hit
	var tokens []*history.Token
	told := map[*history.Token]func(){}
	tell := func(o odb.Obj, t odb.Type, news func()) {
		token := &history.Token{}
		tokens, told[token] = append(tokens, token), news
		hits = append(hits, history.Hit{Obj: o, Type: t, Token: token})
	}
	faults, _ := all.sink.Faults()
	for _, f := range faults {
		tell(f.Object, f.Type, func() { c.env.Sink.Unread(f.What, f.Reason) })
	}
	for key, o := range all.pointed {
		tell(o, odb.Blob, func() { c.repo.Point([]byte(key), o) })
	}
	if len(tokens) == 0 {
		return nil
	}
	g, err := c.graphOf(ctx, hits)
	if err != nil {
		return err
	}
	g.Stories(tokens, nil, g.Range(c.repo.Span))
	for token, news := range told {
		if token.Story.News {
			news()
		}
	}
	return nil
}

// addOthers adds the matches in objects that are not in own.
func (c *commits) addOthers(own []collect.Hit, all *collect.Sink) {
	had := map[odb.Obj]bool{}
	for _, h := range own {
		if h.Repo != nil {
			had[h.Object] = true
		}
	}
	others, whole := all.Hits()
	for _, h := range others {
		if h.Repo != nil && !had[h.Object] {
			c.env.Sink.Hit(h)
		}
	}
	if !whole {
		c.env.Sink.Unread(c.repo.Label("the history before the range"), search.TooMany)
	}
}

// known names a commit that the graph does not have: then what it and its
// ancestors add is not known.
func (c *commits) known(o odb.Obj) {
	if c.graph.Knows(o) {
		return
	}
	_, data, err := c.repo.Store.Read(o)
	if err == nil {
		err = odb.ParseHeader(data, &odb.Header{})
	}
	if err != nil { // else it is in a circle, and already named
		c.env.Sink.Unread(c.repo.Label("commit "+c.repo.Store.Hex(o)), err.Error()+"; what it and its ancestors add is not known")
	}
}

// also returns the job of reading the objects of a span that are not commits.
func (c *commits) also(named []odb.Obj) job {
	return func(ctx context.Context, w *worker) error {
		r := &commitReader{c, &visitor{ctx: ctx, env: c.env, repo: c.repo, w: w, part: true}}
		for _, o := range named {
			t, data, err := c.repo.Store.ReadHeld(o, w.memory)
			w.memory.Give(odb.Held(data))
			switch {
			case err != nil:
				r.v.Failed(o, t, err)
			case t == odb.Tree:
				r.diff().Tree(c.repo.Store.ID(o), nil)
			default:
				r.let(o, t)
			}
		}
		r.v.links().lookUp()
		return ctx.Err()
	}
}

// some returns the job of reading what the commits in list change.
func (c *commits) some(list []odb.Obj) job {
	return func(ctx context.Context, w *worker) error {
		r := &commitReader{c, &visitor{ctx: ctx, env: c.env, repo: c.repo, w: w, part: true}}
		for _, o := range list {
			if err := ctx.Err(); err != nil {
				return err
			}
			r.commit(o)
		}
		r.v.links().lookUp()
		return nil
	}
}

// first reports whether this is the first call with key.
func (c *commits) first(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.seen[key]
	c.seen[key] = true
	return !was
}

// commitReader reads commits on one goroutine.
type commitReader struct {
	c *commits
	v *visitor
}

func (r *commitReader) commit(o odb.Obj) {
	store := r.c.repo.Store
	data, ok := r.object(o, odb.Commit)
	if !ok {
		return
	}
	defer r.v.w.memory.Give(odb.Held(data))
	var h odb.Header
	if odb.ParseHeader(data, &h) != nil {
		return // the visitor has named it
	}
	tree, ok := store.FindHex(string(h.Tree))
	if !ok {
		r.v.links().addHex(h.Tree, "tree")
		return
	}
	var before [][]byte
	for _, p := range h.Parents {
		if parent, ok := store.FindHex(string(p)); ok {
			r.c.known(parent)
		} else if !r.c.repo.shallow[string(store.ID(o))] {
			r.v.links().addHex(p, "commit")
		}
		if t := history.TreeOf(store, string(p), r.v.w.memory); t != odb.None {
			before = append(before, store.ID(t))
		}
	}
	r.diff().Tree(store.ID(tree), before)
}

// diff returns a comparison of a tree with the parents' trees at the same path. It
// reads what is new.
func (r *commitReader) diff() *treediff.Diff {
	return &treediff.Diff{Memory: r.v.w.memory, Before: r.before, Now: r.now, Entry: r.entry, Failed: func(t treediff.Tree, err error) {
		if o, ok := r.c.repo.Store.Find(t.ID); ok && errors.Is(err, treediff.ErrDepth) {
			r.v.Failed(o, odb.Tree, err)
		}
	}}
}

// before reads a tree of a parent.
func (r *commitReader) before(id []byte) ([]odb.TreeEntry, error) {
	o, ok := r.c.repo.Store.Find(id)
	if !ok {
		return nil, odb.ErrMissing
	}
	t, data, err := r.c.repo.Store.ReadHeld(o, r.v.w.memory)
	if err != nil || t != odb.Tree {
		return nil, err
	}
	return r.entries(data), nil
}

// entriesShare is how many bytes a list of entries takes per byte of the tree.
const entriesShare = 4

func (r *commitReader) entries(tree []byte) []odb.TreeEntry {
	r.v.w.memory.Take(entriesShare * int64(len(tree)))
	list, _ := odb.Entries(tree, r.c.repo.Store.HashLen()) // the visitor has named what is wrong
	return list
}

// now reads and searches a tree of a commit. What is new in a tree depends on the
// trees that it is compared with, so a comparison is done once, not a tree. That
// also ends trees that hold a tree many times, or themselves.
func (r *commitReader) now(t treediff.Tree) ([]odb.TreeEntry, bool) {
	o, ok := r.c.repo.Store.Find(t.ID)
	if !ok {
		r.c.repo.Miss(t.ID, "tree", path.Base(t.Path))
		return nil, false
	}
	var change strings.Builder
	change.Write(t.ID)
	for _, id := range t.Before {
		change.Write(id)
	}
	change.WriteByte('t') // not the key of a blob
	if !r.c.first(change.String()) {
		return nil, false
	}
	if r.v.w.memory.Held() > r.c.env.Budget.Work/2 {
		r.v.Failed(o, odb.Tree, fmt.Errorf("it and the folders around it have too many entries to compare: %w", odb.ErrLimit))
		return nil, false
	}
	data, ok := r.object(o, odb.Tree)
	if !ok {
		return nil, false
	}
	return r.entries(data), true
}

// entry reads a blob that no parent has at its path.
func (r *commitReader) entry(e treediff.Entry) {
	if e.Mode == odb.ModeModule {
		return
	}
	o, ok := r.c.repo.Store.Find(e.ID)
	switch {
	case !ok:
		r.c.repo.Miss(e.ID, entryKind(e.Mode), e.Name)
	case r.c.first(string(e.ID)):
		r.let(o, odb.Blob)
		r.v.links().unsigned(odb.TreeEntry{Mode: e.Mode, Name: []byte(e.Name), ID: e.ID})
	}
}

// let reads, searches and releases one object.
func (r *commitReader) let(o odb.Obj, t odb.Type) {
	data, _ := r.object(o, t)
	r.v.w.memory.Give(odb.Held(data))
}

// object reads and searches one object and returns its bytes, which count in the
// worker's memory.
func (r *commitReader) object(o odb.Obj, t odb.Type) ([]byte, bool) {
	store, memory := r.c.repo.Store, r.v.w.memory
	before := memory.Held()
	got, data, err := store.ReadHeld(o, memory)
	if err == nil && got != t {
		err = fmt.Errorf("it is a %s, but is named as a %s", got, t)
	}
	if err == nil {
		err = r.v.Visit(&odb.Node{Obj: o, Type: t, Data: data, Size: int64(len(data)), Leaf: true, Loose: store.IsLoose(o)})
	}
	if err != nil {
		memory.Back(before)
		r.v.Failed(o, t, err)
		return nil, false
	}
	return data, true
}
