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
	g := history.NewGraph(repo.store, nil)
	if err := r.walkGraph(ctx, repo, g); err != nil {
		return nil, err
	}
	g.Finish()
	commits := g.Commits(g.Range(revs.with, revs.without, revs.symmetric))
	if len(commits) > smallRange {
		if err := r.do(ctx, r.families(repo)...); err != nil {
			return nil, err
		}
		return r.result(ctx, target, repo.root)
	}
	c := &changes{run: r, repo: repo, seen: map[odb.Obj]bool{}}
	var jobs []job
	for part := range slices.Chunk(commits, 16) {
		jobs = append(jobs, c.read(part))
	}
	if err := r.do(ctx, jobs...); err != nil {
		return nil, err
	}
	if len(r.objectHits) > 0 {
		missing := maps.Clone(repo.missing) // what older commits lack is not this range's
		all := &run{opts: r.opts, paths: r.paths, cache: r.cache, repos: r.repos}
		if err := all.do(ctx, all.families(repo)...); err != nil {
			return nil, err
		}
		r.objectHits = all.objectHits
		repo.missing = missing
	}
	return r.result(ctx, target, repo.root)
}

// changes reads what commits change against all their parents.
type changes struct {
	run  *run
	repo *repository

	mu      sync.Mutex
	seen    map[odb.Obj]bool // blobs that were read
	missing map[string]missing
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
		if t := c.repo.treeOf(string(p)); t != odb.None {
			before = append(before, t)
		}
	}
	c.tree(s, tree, before)
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
func (c *changes) tree(s *search, o odb.Obj, before []odb.Obj) {
	if slices.Contains(before, o) {
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
		c.entry(s, e, old)
		return true
	}) // visiting the tree has named what is wrong with it
}

// entry reads what e names, unless one of the trees before has it by that name.
func (c *changes) entry(s *search, e odb.TreeEntry, old []map[string]odb.TreeEntry) {
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
		c.tree(s, o, before)
	case c.first(o):
		c.object(s, o, odb.Blob)
	}
}

// first reports whether it is the first time that it is asked about o.
func (c *changes) first(o odb.Obj) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen[o] {
		return false
	}
	c.seen[o] = true
	return true
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
