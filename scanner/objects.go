package scanner

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"

	"r8scan/internal/archive"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
	"r8scan/rules"
)

// Objects scans the objects of the repository at path and nothing else; with
// Options.Range, what a range of commits adds.
func Objects(ctx context.Context, path string, opts Options) (*Result, error) {
	r, err := newRun(opts)
	if err != nil {
		return nil, err
	}
	g, err := discover(path)
	if errors.Is(err, repo.ErrNone) {
		err = fmt.Errorf("%s: %w: name a folder inside one, or use r8scan files", path, err)
	}
	if err == nil {
		err = r.readOwnConfig(g.WorkTree, "")
	}
	if err != nil {
		return nil, err
	}
	repo := r.onlyObjects(g, os.Getenv)
	if opts.Range != "" {
		return r.rangeOf(ctx, repo, Target{Kind: "repository", Path: path, Range: opts.Range})
	}
	if err := r.do(ctx, r.readObjects(repo)); err != nil {
		return nil, err
	}
	return r.result(ctx, Target{Kind: "repository", Path: path}, repo.root)
}

// onlyObjects makes the objects of a repository all that is scanned.
func (r *run) onlyObjects(g *repo.Repo, getenv func(string) string) *repository {
	repo := &repository{git: g, root: g.Common, getenv: getenv, missing: r.newMissing()}
	r.repos = []*repository{repo}
	return repo
}

// open opens a repository's object store and reads its refs.
func (r *run) open(repo *repository) {
	repo.refs, repo.head = repo.git.ReadRefs()
	repo.readShallow()
	store := odb.OpenFolders(repo.git.ObjectDirs(repo.getenv), repo.git.Hash, odb.LimitsOf(r.budget))
	store.Workers = r.opts.workers()
	r.mu.Lock()
	defer r.mu.Unlock()
	repo.store = store
}

// readObjects returns the job of reading every object of a repository.
func (r *run) readObjects(repo *repository) job {
	return func(context.Context, *worker) error {
		r.open(repo)
		for _, path := range repo.store.Stray {
			r.pool.add(func(ctx context.Context, w *worker) error {
				r.file(ctx, w, folder{path: path, name: r.shown(repo.root, path), uncounted: true})
				return nil
			})
		}
		r.pool.add(r.roots(repo)...)
		r.pool.add(r.families(repo)...)
		return nil
	}
}

// families returns the jobs of reading every object.
func (r *run) families(repo *repository) []job {
	var jobs []job
	for i := range repo.store.Packs() {
		jobs = append(jobs, func(context.Context, *worker) error {
			r.pool.add(r.pack(repo, i)...)
			return nil
		})
	}
	for _, f := range repo.store.LooseFamilies() {
		jobs = append(jobs, r.family(repo, f, nil))
	}
	return jobs
}

// readShallow notes the commits whose parents a shallow clone leaves out.
func (repo *repository) readShallow() {
	repo.shallow = map[string]bool{}
	for _, id := range repo.git.Shallow() {
		if raw, err := hex.DecodeString(id); err == nil {
			repo.shallow[string(raw)] = true
		}
	}
}

// family returns the job of searching one family of objects, of a pack if p is
// not nil.
func (r *run) family(repo *repository, f odb.Family, p *packScan) job {
	return func(ctx context.Context, w *worker) error {
		v := &search{ctx: ctx, run: r, repo: repo, w: w, pack: p}
		walker := w.walker(repo.store)
		walker.Sparse, walker.Thorough = true, true
		walker.Share = func(part odb.Family) bool {
			if p != nil {
				p.pending.Add(1)
			}
			if r.pool.addIfIdle(r.family(repo, part, p)) {
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
		v.lookUp()
		if p != nil {
			p.done(r)
		}
		return nil
	}
}

// search is the visitor that looks for credentials. In an object built by a
// delta it looks only at what its base does not have, unless the base has a
// match: so every object that carries a credential is known.
type search struct {
	ctx    context.Context // of the walk; a visitor is made for one
	run    *run
	repo   *repository
	w      *worker
	pack   *packScan // nil if what is read is not all of a pack
	part   bool      // only some objects are read: what they name is the caller's business
	header odb.Header
	quota  quota // of the object at hand

	members, inside int64 // in the object searched last, if it is a container: members, and bytes of them
}

func (s *search) Visit(n *odb.Node) error {
	if err := s.search(n); err != nil {
		return err
	}
	s.count(n)
	if !s.part && n.Stream == nil {
		s.references(n)
	}
	return nil
}

// search looks for matches in an object.
func (s *search) search(n *odb.Node) error {
	w := s.w
	s.members, s.inside = 0, 0
	if n.Stream != nil {
		return s.stream(n)
	}
	s.find(n)
	defer s.quota.done()
	f := container(n)
	isFalse := !s.checkID(n, f)
	if n.Type == odb.Tree {
		s.names(n)
		return nil
	}
	markAllowed(n.Data, w.matches)
	if n.Again && !isFalse {
		f = archive.None // what is in it is reported with the copy that counts
	}
	if f != archive.None || len(w.matches) > 0 {
		s.text(n, f)
	}
	return nil
}

// stream looks for matches in an object that is too large to be held.
func (s *search) stream(n *odb.Node) error {
	c := s.contents(n)
	switch _, err := c.read(s.repo.store.CheckedStream(n), nil, ""); {
	case errors.Is(err, odb.ErrID):
		s.mismatch(n)
	case err != nil:
		s.Failed(n.Obj, n.Type, err)
	}
	s.add(n, c)
	return s.ctx.Err()
}

// find searches an object and keeps the matches that there is room for. Of a
// tree, whose names are searched one by one, and of what is only here for a delta
// that builds on it only whether there are any counts. Of a further copy they
// count like those of the one that is reported: it may hold something else.
func (s *search) find(n *odb.Node) {
	w, dropped := s.w, false
	s.quota = newQuota(s.run.budget.Found, w.memory)
	w.matches = n.Search(s.run.opts.Rules, w.matches[:0], &w.ranges, func(m rules.Match) bool {
		if outside(n) || n.Type == odb.Tree {
			return false
		}
		ok := s.quota.takes(m)
		dropped = dropped || !ok
		return ok
	})
	if dropped {
		s.tooMany(n)
	}
}

var errTooMany = errors.New(tooMany)

// tooMany says that matches in an object were not kept.
func (s *search) tooMany(n *odb.Node) {
	s.run.dropped.Store(true)
	s.Failed(n.Obj, n.Type, errTooMany)
}

// container tells whether an object is a container. It has no name here: those
// that only their names tell are read by readNamed.
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

// text notes the matches in an object that was found in one piece, and in what
// it holds if it is a container. A container is read whole, whatever of it the
// delta's base has: what follows a change in it is compressed differently.
func (s *search) text(n *odb.Node, f archive.Format) {
	c := s.contents(n)
	if f != archive.None {
		c.walk(archive.Input{At: bytes.NewReader(n.Data), Size: int64(len(n.Data))}, f)
	}
	var own []hit
	at, done := locate(n.Data), 0
	for _, m := range s.w.matches {
		at = at.after(n.Data[done:m.Start])
		done = m.Start
		own = append(own, at.hit(m, n.Data[m.Start:m.End], ""))
	}
	c.add(own, 0)
	s.add(n, c)
}

// contents returns what searches an object that may be a container.
func (s *search) contents(n *odb.Node) *contents {
	c := s.w.contents(s.ctx, s.run, s.label(n.Obj, n.Type))
	c.pack, c.obj, c.kind, c.held = s.pack, n.Obj, n.Type, n.Held()
	return c
}

// newMissing returns the room for what a repository does not have.
func (r *run) newMissing() firsts[missing] { return firsts[missing]{most: int(r.budget.Found >> 11)} }

// label says how coverage calls an object.
func (s *search) label(o odb.Obj, t odb.Type) string {
	return s.repo.label(t.String() + " " + s.repo.store.Hex(o))
}

// add takes what was found in an object.
func (s *search) add(n *odb.Node, c *contents) {
	s.members, s.inside = c.members, c.bytes
	for _, h := range c.hits {
		s.hit(n, h, "")
	}
	c.done()
}

// hit notes a match in an object; name is the tree entry that holds it.
func (s *search) hit(n *odb.Node, h hit, name string) {
	if outside(n) {
		return
	}
	switch {
	case s.pack == nil:
	case n.Stream != nil: // to find it again it would be held whole
		s.pack.fail()
	default:
		s.pack.again(n.Obj)
	}
	s.run.addObjectHit(objectHit{h.match, s.repo, n.Obj, n.Type, h.from.line, h.from.column, h.to.column, name, h.member})
}

// names notes the matches in a tree, which stand in the names of its entries.
func (s *search) names(n *odb.Node) {
	if !n.Matched() || outside(n) {
		return
	}
	_ = odb.EachEntry(n.Data, s.repo.store.HashLen(), func(_ int, e odb.TreeEntry) bool {
		for _, m := range s.run.opts.Rules.FindName(nil, e.Name) {
			from := start.after(e.Name[:m.Start])
			to := from.after(e.Name[m.Start:m.End])
			if !s.quota.takes(m) {
				s.tooMany(n)
				return false
			}
			s.hit(n, hit{m, from, to, ""}, string(e.Name))
		}
		return true
	}) // references names a malformed tree
}

func (s *search) count(n *odb.Node) {
	if n.Again {
		return
	}
	s.run.objects.Add(1)
	s.run.bytes.Add(n.Size + s.inside)
	s.run.members.Add(s.members)
	if n.Type == odb.Commit {
		s.run.commits.Add(1)
	}
	if p := s.pack; p != nil {
		p.objects.Add(1)
		p.bytes.Add(n.Size + s.inside)
		p.members.Add(s.members)
		if n.Type == odb.Commit {
			p.commits.Add(1)
		}
	}
}

// Failed names an object that could not be read.
func (s *search) Failed(o odb.Obj, t odb.Type, why error) {
	s.run.addFault(fault{o, t, Unread{s.label(o, t), why.Error()}})
	if s.pack != nil {
		s.pack.fail()
	}
}

// label says which repository something is in, unless it is the main one.
func (repo *repository) label(what string) string {
	if repo.name == "" {
		return what
	}
	return repo.name + ": " + what
}

// nameUnread adds what is wrong with a repository's parts to the coverage.
func (r *run) nameUnread(repo *repository) {
	why := "missing from the repository, which is damaged: git fsck"
	if repo.git.Promisor {
		why = "not in this partial clone"
	}
	if !repo.promised {
		r.nameMissing(repo, why)
	}
	if repo.pushed {
		return
	}
	r.nameRoots(repo, why)
	for _, t := range append([]*workTree{{git: repo.git}}, slices.Concat(repo.trees, repo.rooted)...) {
		for _, p := range t.git.Problems {
			r.addUnread(r.shown(repo.root, p.What), p.Reason)
		}
	}
	for _, p := range repo.store.Problems() {
		r.addUnread(r.shown(repo.root, p.What), p.Reason)
	}
	for _, ref := range repo.refs {
		if _, ok := repo.store.FindHex(ref.ID); !ok {
			r.addUnread(repo.label("ref "+ref.Name), "it names "+ref.ID+", which is "+why)
		}
	}
	if n := len(repo.shallow); n > 0 {
		commits := "1 commit"
		if n > 1 {
			commits = fmt.Sprintf("%d commits", n)
		}
		r.addUnread(repo.label("history before "+commits), "this is a shallow clone: git fetch --unshallow brings the rest (in a GitHub workflow, fetch-depth: 0 of actions/checkout)")
	}
}

// nameMissing names the objects that others name and that are not there.
func (r *run) nameMissing(repo *repository, why string) {
	repo.missing.cut()
	if repo.missing.full {
		r.addUnread(repo.label("other objects"), fmt.Sprintf("more than %d are %s", repo.missing.most, why))
	}
	for id, m := range repo.missing.m {
		what := fmt.Sprintf("%s %x", m.kind, id)
		if slices.Contains(emptyTrees, fmt.Sprintf("%x", id)) {
			continue
		}
		if m.name != "" {
			what += " (" + m.name + ")"
		}
		r.addUnread(repo.label(what), why)
	}
}
