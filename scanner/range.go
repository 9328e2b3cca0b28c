package scanner

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"r8scan/internal/budget"
	"r8scan/internal/git/history"
	"r8scan/internal/git/odb"
)

// smallRange is the number of commits up to which what they change is read
// object by object. A longer range is found by a scan of all objects, which
// reads far more and each far faster.
const smallRange = 2000

// rangeOf scans what the commits of a range add: what stands in them and in no
// commit that the range leaves out.
func (r *run) rangeOf(ctx context.Context, repo *repository, target Target) (*Result, error) {
	r.open(repo)
	revs, err := repo.parseRange(target.Range)
	if err == nil {
		err = r.readSpan(ctx, repo, &revs.Span)
	}
	if err != nil {
		repo.store.Close()
		return nil, err
	}
	return r.result(ctx, target, repo.root)
}

// readSpan reads what the commits of a span add. A span without any match needs
// no more than its own objects; for the rest, and for a long one, all objects
// are read, once: where else they have a match tells whether it is news.
func (r *run) readSpan(ctx context.Context, repo *repository, span *history.Span) error {
	repo.only = span
	if len(span.With)+len(span.Also) == 0 {
		return nil // a push that only deletes
	}
	g, err := r.graph(ctx, repo, nil)
	if err != nil {
		return err
	}
	c := &changes{run: r, repo: repo, graph: g, blobs: map[odb.Obj]bool{}, trees: map[treeChange]bool{}}
	for _, o := range span.With {
		c.known(o)
	}
	commits := g.Commits(g.Range(span))
	var all *run
	if len(commits) > r.smallRange {
		var sound bool
		if all, sound, err = r.readAll(ctx, repo); err != nil {
			return err
		}
		if sound {
			return r.takeOver(ctx, repo, all)
		} // else it is not known what of the rest is the span's
	}
	jobs := []job{c.readAlso(span.Also)}
	for part := range slices.Chunk(commits, 16) {
		jobs = append(jobs, c.read(part))
	}
	if err := r.do(ctx, jobs...); err != nil {
		return err
	}
	if own, _ := r.objectHits.all(); len(own) == 0 {
		return nil
	}
	if all == nil {
		if all, _, err = r.readAll(ctx, repo); err != nil {
			return err
		}
	}
	others, lost := all.objectHits.all()
	r.addHits(others)
	if lost > 0 || all.dropped.Load() {
		r.addUnread(repo.label("the history before the range"), tooMany)
	}
	return nil
}

// readAll reads all objects in a run of its own, and reports whether it could
// read all commits and trees and has what they name. What is wrong is not noted
// in r or repo: it may have nothing to do with the span.
func (r *run) readAll(ctx context.Context, repo *repository) (all *run, sound bool, err error) {
	if all, err = newRun(r.opts); err != nil {
		return nil, false, err
	}
	all.share(r.budget)
	own := repo.missing
	repo.missing = firsts[missing]{most: own.most}
	defer func() { repo.missing = own }()
	all.repos = r.repos
	if err := all.do(ctx, all.families(repo)...); err != nil {
		return nil, false, err
	}
	sound = len(all.unread.all()) == len(all.faults.all()) && all.unread.lost == 0 && (repo.promised || !repo.lacks()) &&
		!slices.ContainsFunc(all.faults.all(), func(f fault) bool { return f.kind != odb.Blob })
	return all, sound, nil
}

// lacks reports whether an object is missing.
func (repo *repository) lacks() bool {
	for id := range repo.missing.m {
		if !slices.Contains(emptyTrees, fmt.Sprintf("%x", id)) {
			return true
		}
	}
	return false
}

// takeOver makes what another run has found and counted r's own, and of what it
// could not read that which the span adds: the story of a blob with a fault is
// told like that of a token.
func (r *run) takeOver(ctx context.Context, repo *repository, all *run) error {
	r.objectHits = all.objectHits
	r.objects.Add(all.objects.Load())
	r.bytes.Add(all.bytes.Load())
	r.commits.Add(all.commits.Load())
	r.members.Add(all.members.Load())
	faults := all.faults.all()
	if len(faults) == 0 {
		return nil
	}
	hits := make([]history.Hit, len(faults))
	for i, f := range faults {
		hits[i] = history.Hit{Obj: f.obj, Type: f.kind, Token: i}
	}
	g, err := r.graph(ctx, repo, hits)
	if err != nil {
		return err
	}
	for i, s := range g.Stories(len(hits), nil, g.Range(repo.only)) {
		if s.News {
			r.addUnread(faults[i].What, faults[i].Reason)
		}
	}
	return nil
}

// addHits adds the matches in objects that have none yet.
func (r *run) addHits(hits []objectHit) {
	had := map[odb.Obj]bool{}
	own, _ := r.objectHits.all()
	for _, h := range own {
		had[h.obj] = true
	}
	for _, h := range hits {
		if !had[h.obj] {
			r.addObjectHit(h)
		}
	}
}

// changes reads what commits change against all their parents.
type changes struct {
	run   *run
	repo  *repository
	graph *history.Graph

	mu    sync.Mutex
	blobs map[odb.Obj]bool    // that were read
	trees map[treeChange]bool // likewise
}

// treeChange is a tree and those in its place before, as text. The same tree
// has other news beside other ones; the same change never has: trees that hold
// one tree many times, or themselves, come to an end.
type treeChange struct {
	tree   odb.Obj
	before string
}

// known names a commit that the graph does not have: what it adds, and what
// those before it add, is not known then.
func (c *changes) known(o odb.Obj) {
	if c.graph.Knows(o) {
		return
	}
	_, data, err := c.repo.store.Read(o)
	if err == nil {
		err = odb.ParseHeader(data, &odb.Header{})
	}
	if err != nil { // else it is in a circle, and named
		c.run.addUnread(c.repo.label("commit "+c.repo.store.Hex(o)), err.Error()+"; what it and those before it add is not known")
	}
}

// readAlso returns the job of reading what a span names beside commits.
func (c *changes) readAlso(objects []odb.Obj) job {
	return func(ctx context.Context, w *worker) error {
		s := &search{ctx: ctx, run: c.run, repo: c.repo, w: w, part: true}
		for _, o := range objects {
			t, data, err := c.repo.store.ReadHeld(o, w.memory)
			w.memory.Give(odb.Held(data))
			switch {
			case err != nil:
				s.Failed(o, t, err)
			case t == odb.Tree:
				c.tree(s, o, nil, 0)
			default:
				c.let(s, o, t)
			}
		}
		s.lookUp()
		return ctx.Err()
	}
}

// read returns the job of reading what some commits change.
func (c *changes) read(commits []odb.Obj) job {
	return func(ctx context.Context, w *worker) error {
		s := &search{ctx: ctx, run: c.run, repo: c.repo, w: w, part: true}
		for _, o := range commits {
			if err := ctx.Err(); err != nil {
				return err
			}
			c.commit(s, o)
		}
		s.lookUp()
		return nil
	}
}

func (c *changes) commit(s *search, o odb.Obj) {
	data, ok := c.object(s, o, odb.Commit)
	if !ok {
		return
	}
	defer s.w.memory.Give(odb.Held(data))
	var h odb.Header
	if odb.ParseHeader(data, &h) != nil {
		return // visiting it has named it
	}
	tree, ok := c.repo.store.FindHex(string(h.Tree))
	if !ok {
		s.refersTo(h.Tree, "tree")
		return
	}
	var before []odb.Obj
	for _, p := range h.Parents {
		if parent, ok := c.repo.store.FindHex(string(p)); ok {
			c.known(parent)
		} else if !c.repo.shallow[string(c.repo.store.ID(o))] {
			s.refersTo(p, "commit")
		}
		if t := c.repo.treeOf(string(p), s.w.memory); t != odb.None {
			before = append(before, t)
		}
	}
	c.tree(s, tree, before, 0)
}

// let reads and searches one object and lets go of it.
func (c *changes) let(s *search, o odb.Obj, t odb.Type) {
	data, _ := c.object(s, o, t)
	s.w.memory.Give(odb.Held(data))
}

// object reads and searches one object, whose bytes are returned: the worker's
// memory holds them.
func (c *changes) object(s *search, o odb.Obj, t odb.Type) ([]byte, bool) {
	before := s.w.memory.Held()
	got, data, err := c.repo.store.ReadHeld(o, s.w.memory)
	if err == nil && got != t {
		err = fmt.Errorf("it is a %s where a %s is named", got, t)
	}
	if err == nil {
		err = s.Visit(&odb.Node{Obj: o, Type: t, Data: data, Size: int64(len(data)), Leaf: true, Loose: c.repo.store.IsLoose(o)})
	}
	if err != nil {
		s.w.memory.Back(before)
		s.Failed(o, t, err)
		return nil, false
	}
	return data, true
}

// tree reads the entries of a tree that none of the trees in its place before
// had in the same way.
func (c *changes) tree(s *search, o odb.Obj, before []odb.Obj, depth int) {
	if slices.Contains(before, o) || !first(c, c.trees, treeChange{o, fmt.Sprint(before)}) {
		return
	}
	if depth > history.MaxDepth {
		s.Failed(o, odb.Tree, fmt.Errorf("it is in more than %d folders: %w", history.MaxDepth, odb.ErrLimit))
		return
	}
	if s.w.memory.Held() > c.run.budget.Work/2 {
		s.Failed(o, odb.Tree, fmt.Errorf("it and the folders that it is in have too many entries to compare them: %w", odb.ErrLimit))
		return
	}
	defer s.w.memory.Back(s.w.memory.Held())
	data, ok := c.object(s, o, odb.Tree)
	if !ok {
		return
	}
	old := make([]map[string]odb.TreeEntry, len(before))
	for i, b := range before {
		old[i] = c.repo.entries(b, s.w.memory)
	}
	_ = odb.EachEntry(data, c.repo.store.HashLen(), func(_ int, e odb.TreeEntry) bool {
		c.entry(s, e, old, depth)
		return true
	}) // visiting the tree has named what is wrong with it
}

// entry reads what e names, unless one of the trees before has it by that name.
func (c *changes) entry(s *search, e odb.TreeEntry, old []map[string]odb.TreeEntry, depth int) {
	if e.Mode == odb.ModeModule {
		return
	}
	var before []odb.Obj
	for _, entries := range old {
		was, ok := entries[string(e.Name)]
		if ok && string(was.ID) == string(e.ID) {
			return
		}
		if b, found := c.repo.store.Find(was.ID); found && was.Mode == odb.ModeDir {
			before = append(before, b)
		}
	}
	o, ok := c.repo.store.Find(e.ID)
	switch {
	case !ok:
		c.repo.miss(e.ID, entryKind(e.Mode), string(e.Name))
	case e.Mode == odb.ModeDir:
		c.tree(s, o, before, depth+1)
	case first(c, c.blobs, o):
		c.let(s, o, odb.Blob)
		s.noteNamed(e)
	}
}

// first reports whether it is the first time that it is asked about key.
func first[K comparable](c *changes, seen map[K]bool, key K) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := seen[key]
	seen[key] = true
	return !was
}

// treeOf returns the tree of the commit with an id in hex.
func (repo *repository) treeOf(commit string, memory *budget.Account) odb.Obj {
	o, ok := repo.store.FindHex(commit)
	if !ok {
		return odb.None
	}
	_, data, err := repo.store.ReadHeld(o, memory)
	defer memory.Give(odb.Held(data))
	var h odb.Header
	if err != nil || odb.ParseHeader(data, &h) != nil {
		return odb.None
	}
	if o, ok = repo.store.FindHex(string(h.Tree)); !ok {
		return odb.None
	}
	return o
}

// entriesShare is how many bytes a map of entries takes for one of the tree.
const entriesShare = 4

// entries returns a tree's entries by name; those of one that cannot be read
// are none, so that what stands in its place counts as new. The memory holds them
// and the tree.
func (repo *repository) entries(tree odb.Obj, memory *budget.Account) map[string]odb.TreeEntry {
	out := map[string]odb.TreeEntry{}
	if t, data, err := repo.store.ReadHeld(tree, memory); err == nil && t == odb.Tree {
		memory.Take(entriesShare * int64(len(data)))
		_ = odb.EachEntry(data, repo.store.HashLen(), func(_ int, e odb.TreeEntry) bool {
			out[string(e.Name)] = e
			return true
		})
	}
	return out
}
