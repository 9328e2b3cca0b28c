package scanner

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/r8scan/r8scan/scanner/internal/history"
	"github.com/r8scan/r8scan/scanner/internal/odb"
)

// smallRange is the number of commits up to which what they change is read
// object by object. A longer range is found by a scan of all objects, which
// reads far more and each far faster.
const smallRange = 2000

// rangeOf scans what the commits of a range add: what stands in them and in no
// commit that the range leaves out. A range without any match needs no more
// than its own objects; for the rest the whole history is asked.
func (r *run) rangeOf(ctx context.Context, repo *repository, target Target) (*Result, error) {
	r.open(repo)
	revs, err := repo.parseRange(target.Range)
	if err != nil {
		repo.store.Close()
		return nil, err
	}
	repo.only = &revs
	g, err := r.graph(ctx, repo, nil)
	if err != nil {
		repo.store.Close()
		return nil, err
	}
	scope := g.Range(revs.with, revs.without, revs.tags, revs.symmetric)
	c := &changes{run: r, repo: repo, graph: g, blobs: map[odb.Obj]bool{}, trees: map[treeChange]bool{}}
	for _, o := range revs.with {
		c.known(o)
	}
	jobs := []job{c.readTags(revs.tags)}
	if commits := g.Commits(scope); len(commits) > smallRange {
		jobs = r.families(repo)
	} else {
		for part := range slices.Chunk(commits, 16) {
			jobs = append(jobs, c.read(part))
		}
	}
	if err := r.do(ctx, jobs...); err != nil {
		repo.store.Close()
		return nil, err
	}
	if err := r.searchAll(ctx, repo); err != nil {
		repo.store.Close()
		return nil, err
	}
	return r.result(ctx, target, repo.root)
}

// searchAll finds all other places of what a range has matches of: they tell
// whether the tokens are news.
func (r *run) searchAll(ctx context.Context, repo *repository) error {
	if len(r.objectHits) == 0 {
		return nil
	}
	missing := maps.Clone(repo.missing) // what older commits lack is not this range's
	all, err := newRun(r.opts)
	if err != nil {
		return err
	}
	all.repos = r.repos
	if err := all.do(ctx, all.families(repo)...); err != nil {
		return err
	}
	r.objectHits = all.objectHits
	repo.missing = missing
	if all.room.full {
		r.addUnread(repo.label("the history before the range"), tooMany)
	}
	return nil
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

// readTags returns the job of reading the tags by which a range was named.
func (c *changes) readTags(tags []odb.Obj) job {
	return func(ctx context.Context, w *worker) error {
		s := &search{ctx: ctx, run: c.run, repo: c.repo, w: w, part: true}
		for _, o := range tags {
			c.object(s, o, odb.Tag)
		}
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
		return nil
	}
}

func (c *changes) commit(s *search, o odb.Obj) {
	data, ok := c.object(s, o, odb.Commit)
	if !ok {
		return
	}
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
		if t := c.repo.treeOf(string(p)); t != odb.None {
			before = append(before, t)
		}
	}
	c.tree(s, tree, before, 0)
}

// object reads and searches one object, whose bytes are returned.
func (c *changes) object(s *search, o odb.Obj, t odb.Type) ([]byte, bool) {
	got, data, err := c.repo.store.Read(o)
	if err == nil && got != t {
		err = fmt.Errorf("it is a %s where a %s is named", got, t)
	}
	if err == nil {
		err = s.Visit(&odb.Node{Obj: o, Type: t, Data: data, Size: int64(len(data)), Leaf: true})
	}
	if err != nil {
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
	data, ok := c.object(s, o, odb.Tree)
	if !ok {
		return
	}
	old := make([]map[string]odb.TreeEntry, len(before))
	for i, b := range before {
		old[i] = c.repo.entries(b)
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
		c.object(s, o, odb.Blob)
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
func (repo *repository) treeOf(commit string) odb.Obj {
	o, ok := repo.store.FindHex(commit)
	if !ok {
		return odb.None
	}
	_, data, err := repo.store.Read(o)
	var h odb.Header
	if err != nil || odb.ParseHeader(data, &h) != nil {
		return odb.None
	}
	if o, ok = repo.store.FindHex(string(h.Tree)); !ok {
		return odb.None
	}
	return o
}

// entries returns a tree's entries by name; those of one that cannot be read
// are none, so that what stands in its place counts as new.
func (repo *repository) entries(tree odb.Obj) map[string]odb.TreeEntry {
	out := map[string]odb.TreeEntry{}
	if t, data, err := repo.store.Read(tree); err == nil && t == odb.Tree {
		_ = odb.EachEntry(data, repo.store.HashLen(), func(_ int, e odb.TreeEntry) bool {
			out[string(e.Name)] = e
			return true
		})
	}
	return out
}
