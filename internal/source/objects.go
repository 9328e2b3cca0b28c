package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"r8scan/internal/collect"
	"r8scan/internal/git/history"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
	"r8scan/internal/regular"
	"r8scan/result"
)

// Objects are the objects of a repository. With Range they are what these commits
// add: what they have, and no commit outside the range has.
type Objects struct {
	Path  string // of a folder in the repository
	Range string // as git log takes it; "" for all objects

	git  *repo.Repo
	repo *repository   // once it is open
	span *history.Span // of Range
}

// OpenObjects finds the repository around path.
func OpenObjects(path, span string) (*Objects, error) {
	g, err := discover(path)
	if errors.Is(err, repo.ErrNone) {
		err = fmt.Errorf("%s: %w: name a folder inside one, or use r8scan files", path, err)
	}
	if err != nil {
		return nil, err
	}
	return &Objects{Path: path, Range: span, git: g}, nil
}

// Tree is the work tree.
func (s *Objects) Tree() (root, top string) { return s.git.WorkTree, "" }

// Read reads the objects.
func (s *Objects) Read(ctx context.Context, env *Env) (*Read, error) {
	target := result.Target{Kind: "repository", Path: s.Path, Range: s.Range}
	if s.Range != "" {
		if err := s.openRange(env); err != nil {
			return nil, err
		}
		return readSpan(ctx, env, s.repo, s.span, target)
	}
	r := newRepository(env, s.git, s.git.Common, os.LookupEnv)
	o := &objects{env, r}
	if err := env.run(ctx, o.all(nil)); err != nil {
		return nil, err
	}
	if err := readUnsigned(ctx, env, r); err != nil {
		return nil, err
	}
	return &Read{Target: target, Root: r.Root, Repos: []*collect.Repository{&r.Repository}}, nil
}

// openRange opens the repository and resolves the range, once.
func (s *Objects) openRange(env *Env) error {
	if s.repo != nil {
		return nil
	}
	r := newRepository(env, s.git, s.git.Common, os.LookupEnv)
	r.open(env)
	span, err := r.names().Range(s.Range)
	if err != nil {
		r.Store.Close()
		return err
	}
	s.repo, s.span = r, span
	return nil
}

// Close releases what Base has opened, if Read will not be called.
func (s *Objects) Close() {
	if s.repo != nil {
		s.repo.Store.Close()
	}
}

// objects reads all objects of a repository.
type objects struct {
	env  *Env
	repo *repository
}

// all returns the job of opening the repository and reading everything in it. It
// follows the roots of trees or, with nil, of the repository's work trees.
func (o *objects) all(trees []*collect.WorkTree) job {
	meter := o.env.Sink.Meter
	meter.Unlisted.Add(1)
	return func(_ context.Context, w *worker) error {
		o.repo.open(o.env)
		meter.Unlisted.Add(-1)
		for _, path := range o.repo.Store.Stray {
			w.pool.Add(func(ctx context.Context, w *worker) error {
				files{env: o.env}.file(ctx, w, folder{path: path, name: collect.Shown(o.repo.Root, path), uncounted: true})
				return nil
			})
		}
		w.pool.Add(o.roots(trees)...)
		w.pool.Add(o.families()...)
		return nil
	}
}

// families returns the jobs of reading every object.
func (o *objects) families() []job {
	var jobs []job
	for i := range o.repo.Store.Packs() {
		jobs = append(jobs, func(_ context.Context, w *worker) error {
			w.pool.Add(o.pack(i)...)
			return nil
		})
	}
	for _, f := range o.repo.Store.LooseFamilies() {
		jobs = append(jobs, o.family(f, nil))
	}
	return jobs
}

// family returns the job of searching one family of objects. p is nil if the family
// is in no pack, or the pack is not remembered.
func (o *objects) family(f odb.Family, p *packScan) job {
	return func(ctx context.Context, w *worker) error {
		v := &visitor{ctx: ctx, env: o.env, repo: o.repo, w: w, pack: p}
		walker := w.walker(o.repo.Store)
		walker.Sparse, walker.Thorough = true, true
		walker.Share = func(part odb.Family) bool {
			if p != nil {
				p.pending.Add(1)
			}
			if w.pool.AddIfIdle(o.family(part, p)) {
				return true
			}
			if p != nil {
				p.pending.Add(-1)
			}
			return false
		}
		if err := walker.Walk(ctx, f, v); err != nil {
			return err
		}
		v.links().lookUp()
		if p != nil {
			p.done(o.env.Cache)
		}
		return nil
	}
}

// roots returns the jobs of looking for the objects that refs, indexes and other
// files name: a repository whose HEAD names a missing commit is not complete.
func (o *objects) roots(trees []*collect.WorkTree) []job {
	r := o.repo
	if trees == nil { // only objects are scanned
		for _, g := range append([]*repo.Repo{r.Git}, r.Git.Worktrees()...) {
			trees = append(trees, &collect.WorkTree{Git: g, Name: prefix(r.Root, g.WorkTree)})
			r.Followed = append(r.Followed, g)
		}
	}
	var jobs []job
	for _, t := range trees {
		jobs = append(jobs, func(context.Context, *worker) error {
			for _, p := range t.Git.Roots(r.follow) {
				o.env.Sink.Unread(collect.Shown(r.Root, p.What), p.Reason)
			}
			return nil
		}, func(context.Context, *worker) error {
			o.indexRoots(t)
			return nil
		})
	}
	return jobs
}

// indexRoots looks for the objects that an index names: its entries, the trees that
// git caches in it, and the versions of resolved conflicts.
func (o *objects) indexRoots(t *collect.WorkTree) {
	x, err := t.ReadIndex()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		o.env.Sink.Unread(collect.Join(t.Name, "the index"), regular.Reason(err))
	}
	if x == nil {
		return
	}
	var names []string
	var ids []byte
	look := func() {
		for i, at := range o.repo.Store.FindAll(ids, nil) {
			if at == odb.None {
				o.repo.follow(repo.Root{File: t.Git.IndexFile, Name: names[i], ID: fmt.Sprintf("%x", ids[i*t.Git.Hash:(i+1)*t.Git.Hash]), Kept: true})
			}
		}
		names, ids = names[:0], ids[:0]
	}
	add := func(name string, id []byte) {
		if names, ids = append(names, name), append(ids, id...); len(names) == lookUps {
			look()
		}
	}
	for _, e := range x.Entries {
		if e.Mode&0o170000 != odb.ModeModule && !e.IntentToAdd { // git add -N names the empty blob, and does not write it
			add(e.Path, e.ID)
		}
	}
	x.Tree.IDs(func(id []byte) { add("a tree", id) })
	for _, id := range x.Undo {
		add("from a conflict", id)
	}
	look()
}
