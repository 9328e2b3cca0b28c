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

// SmallRange is the number of commits up to which what they change is read
// object by object. A longer range is found by a scan of all objects, which
// reads far more and each far faster.
const SmallRange = 2000

// readSpan reads what the commits of a span add to an open repository, which it
// closes after an error.
func readSpan(ctx context.Context, env *Env, r *repository, span *history.Span, target result.Target) (*Read, error) {
	r.Span = span
	c := &commits{env: env, repo: r, seen: map[string]bool{}}
	if err := c.read(ctx, span); err != nil {
		r.Store.Close()
		return nil, err
	}
	return &Read{Target: target, Root: r.Root, Repos: []*collect.Repository{&r.Repository}}, nil
}

// commits reads what commits change against all their parents.
type commits struct {
	env   *Env
	repo  *repository
	graph *history.Graph

	mu   sync.Mutex
	seen map[string]bool // raw ids of blobs, and changes of trees, that were read
}

// read reads what the commits of a span add. A span without any match needs no
// more than its own objects; for the rest, and for a long one, all objects are
// read, once: where else they have a match tells whether it is news.
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
	var all *collect.Sink
	if len(commits) > c.env.SmallRange {
		var sound bool
		if all, sound, err = c.readAll(ctx); err != nil {
			return err
		}
		if sound {
			return c.takeOver(ctx, all)
		} // else it is not known what of the rest is the span's
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
		if all, _, err = c.readAll(ctx); err != nil {
			return err
		}
	}
	c.addOthers(own, all)
	return nil
}

func (c *commits) graphOf(ctx context.Context, hits []history.Hit) (*history.Graph, error) {
	return collect.Graph(ctx, &c.repo.Repository, c.env.Sink, hits, c.env.Budget, c.env.Goroutines)
}

// readAll reads all objects into a sink of their own, and reports whether it
// could read all commits and trees and has what they name. What is wrong is not
// noted elsewhere: it may have nothing to do with the span.
func (c *commits) readAll(ctx context.Context) (all *collect.Sink, sound bool, err error) {
	all = collect.NewSink(c.env.Budget)
	all.Meter = c.env.Sink.Meter
	all.Meter.Objects.Store(0) // some may be read for the second time
	all.Meter.Begin(collect.Reading, c.repo.Store.PackedSize())
	env, r := c.env.with(all), c.repo
	missing, unsigned := r.Missing, r.unsigned
	defer func() { r.Missing, r.unsigned = missing, unsigned }()
	r.forget(env)
	o := &objects{env, r}
	if err := env.run(ctx, o.families()...); err != nil {
		return nil, false, err
	}
	if err := readUnsigned(ctx, env, r); err != nil {
		return nil, false, err
	}
	faults, whole := all.Faults()
	sound = whole && (r.Promised || !r.Lacks()) &&
		!slices.ContainsFunc(faults, func(f collect.Fault) bool { return f.Type != odb.Blob })
	return all, sound, nil
}

// takeOver makes what was found and counted in all objects the span's, and of
// what could not be read that which the span adds: the story of a blob with a
// fault is told like that of a token.
func (c *commits) takeOver(ctx context.Context, all *collect.Sink) error {
	c.env.Sink.Take(all)
	faults, _ := all.Faults()
	if len(faults) == 0 {
		return nil
	}
	var hits []history.Hit
	var tokens []*history.Token
	told := map[*history.Token]collect.Fault{}
	for _, f := range faults {
		token := &history.Token{}
		tokens, told[token] = append(tokens, token), f
		hits = append(hits, history.Hit{Obj: f.Object, Type: f.Type, Token: token})
	}
	g, err := c.graphOf(ctx, hits)
	if err != nil {
		return err
	}
	g.Stories(tokens, nil, g.Range(c.repo.Span))
	for token, f := range told {
		if token.Story.News {
			c.env.Sink.Unread(f.What, f.Reason)
		}
	}
	return nil
}

// addOthers adds the matches in all objects that have none yet.
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

// known names a commit that the graph does not have: what it adds, and what
// those before it add, is not known then.
func (c *commits) known(o odb.Obj) {
	if c.graph.Knows(o) {
		return
	}
	_, data, err := c.repo.Store.Read(o)
	if err == nil {
		err = odb.ParseHeader(data, &odb.Header{})
	}
	if err != nil { // else it is in a circle, and named
		c.env.Sink.Unread(c.repo.Label("commit "+c.repo.Store.Hex(o)), err.Error()+"; what it and those before it add is not known")
	}
}

// also returns the job of reading what a span names beside commits.
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

// some returns the job of reading what some commits change.
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

// first reports whether it is the first time that it is asked about key.
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
		return // visiting it has named it
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

// diff returns the comparison of a tree with those in its place before, which
// reads what is new.
func (r *commitReader) diff() *treediff.Diff {
	return &treediff.Diff{Memory: r.v.w.memory, Before: r.before, Now: r.now, Entry: r.entry, Failed: func(t treediff.Tree, err error) {
		if o, ok := r.c.repo.Store.Find(t.ID); ok && errors.Is(err, treediff.ErrDepth) {
			r.v.Failed(o, odb.Tree, err)
		}
	}}
}

// before reads a tree that was there before.
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

// entriesShare is how many bytes a list of entries takes for one of the tree.
const entriesShare = 4

func (r *commitReader) entries(tree []byte) []odb.TreeEntry {
	r.v.w.memory.Take(entriesShare * int64(len(tree)))
	list, _ := odb.Entries(tree, r.c.repo.Store.HashLen()) // visiting the tree has named what is wrong with it
	return list
}

// now reads a tree that a commit has and searches it. The same tree has other
// news beside other ones; the same change never has: trees that hold one tree
// many times, or themselves, come to an end.
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
	change.WriteByte('t') // else it could be that of a blob
	if !r.c.first(change.String()) {
		return nil, false
	}
	if r.v.w.memory.Held() > r.c.env.Budget.Work/2 {
		r.v.Failed(o, odb.Tree, fmt.Errorf("it and the folders that it is in have too many entries to compare them: %w", odb.ErrLimit))
		return nil, false
	}
	data, ok := r.object(o, odb.Tree)
	if !ok {
		return nil, false
	}
	return r.entries(data), true
}

// entry reads a blob that no tree before has at its path.
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

// let reads and searches one object and lets go of it.
func (r *commitReader) let(o odb.Obj, t odb.Type) {
	data, _ := r.object(o, t)
	r.v.w.memory.Give(odb.Held(data))
}

// object reads and searches one object, whose bytes are returned: the worker's
// memory holds them.
func (r *commitReader) object(o odb.Obj, t odb.Type) ([]byte, bool) {
	store, memory := r.c.repo.Store, r.v.w.memory
	before := memory.Held()
	got, data, err := store.ReadHeld(o, memory)
	if err == nil && got != t {
		err = fmt.Errorf("it is a %s where a %s is named", got, t)
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
