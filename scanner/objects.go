package scanner

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/r8scan/r8scan/rules"
	"github.com/r8scan/r8scan/scanner/internal/odb"
)

// readObjects returns the job of reading every object of a repository.
func (r *run) readObjects(repo *repository) job {
	return func(context.Context, *worker) error {
		repo.refs, repo.head = repo.git.ReadRefs()
		repo.readShallow()
		store := odb.Open(repo.git.ObjectDirs(repo.getenv), repo.git.Hash, odb.DefaultLimits())
		r.mu.Lock()
		repo.store = store
		r.mu.Unlock()
		for _, path := range store.Stray {
			r.pool.add(func(ctx context.Context, w *worker) error {
				r.file(ctx, w, folder{path: path, name: r.shown(repo.git.Common, path)})
				return nil
			})
		}
		var jobs []job
		for _, f := range store.Families() {
			jobs = append(jobs, r.family(repo, f))
		}
		r.pool.add(jobs...)
		return nil
	}
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

// family returns the job of searching one family of objects.
func (r *run) family(repo *repository, f odb.Family) job {
	return func(ctx context.Context, w *worker) error {
		v := &search{ctx: ctx, run: r, repo: repo, w: w}
		walker := w.walker(repo.store)
		walker.Share = func(part odb.Family) bool { return r.pool.addIfIdle(r.family(repo, part)) }
		return walker.Walk(ctx, f, v)
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
	header odb.Header
}

func (s *search) Visit(n *odb.Node) error {
	if n.Stream != nil {
		_, err := s.w.stream(s.ctx, n.Stream, func(m rules.Match, from, to position) { s.hit(n, m, from, to) })
		if err != nil {
			s.Failed(n.Obj, n.Type, err)
		}
		s.count(n)
		return nil
	}
	w := s.w
	if n.Base != nil && n.Base.Mark == 0 {
		w.ranges = n.Dirty(w.ranges[:0], rules.Behind, rules.Ahead)
	} else {
		w.ranges = append(w.ranges[:0], odb.Range{To: len(n.Data)})
	}
	w.matches = w.matches[:0]
	for _, g := range w.ranges {
		w.matches = rules.Find(w.matches, n.Data, g.From, g.To)
	}
	if len(w.matches) > 0 {
		n.Mark = 1
	}
	if n.Type == odb.Tree {
		s.names(n)
	} else {
		at, done := start, 0
		for _, m := range w.matches {
			at = at.after(n.Data[done:m.Start])
			done = m.Start
			s.hit(n, m, at, at.after(n.Data[m.Start:m.End]))
		}
	}
	s.count(n)
	s.references(n)
	return nil
}

func (s *search) hit(n *odb.Node, m rules.Match, from, to position) {
	if !n.Again {
		s.run.addObjectHit(objectHit{m, s.repo, n.Obj, n.Type, from.line, from.column, to.column, ""})
	}
}

// names notes the matches in a tree, which stand in the names of its entries.
func (s *search) names(n *odb.Node) {
	if len(s.w.matches) == 0 || n.Again {
		return
	}
	_ = odb.EachEntry(n.Data, s.repo.store.HashLen(), func(_ int, e odb.TreeEntry) bool {
		for _, m := range rules.Find(nil, e.Name, 0, len(e.Name)) {
			from := start.after(e.Name[:m.Start])
			to := from.after(e.Name[m.Start:m.End])
			s.run.addObjectHit(objectHit{m, s.repo, n.Obj, n.Type, from.line, from.column, to.column, string(e.Name)})
		}
		return true
	}) // references names a malformed tree
}

func (s *search) count(n *odb.Node) {
	if n.Again {
		return
	}
	s.run.objects.Add(1)
	s.run.bytes.Add(n.Size)
	if n.Type == odb.Commit {
		s.run.commits.Add(1)
	}
}

// Failed names an object that could not be read.
func (s *search) Failed(o odb.Obj, t odb.Type, why error) {
	s.run.addUnread(s.repo.label(t.String()+" "+s.repo.store.Hex(o)), why.Error())
}

// label says which repository something is in, unless it is the main one.
func (repo *repository) label(what string) string {
	if repo.name == "" {
		return what
	}
	return repo.name + ": " + what
}

// references checks that the store has what the object names.
func (s *search) references(n *odb.Node) {
	store := s.repo.store
	var err error
	switch n.Type {
	case odb.Tree:
		err = n.TreeDiff(store.HashLen(), func(e odb.TreeEntry) {
			if e.Mode == odb.ModeModule {
				return
			}
			if _, ok := store.Find(e.ID); !ok {
				s.repo.miss(e.ID, entryKind(e.Mode), string(e.Name))
			}
		}, nil)
	case odb.Commit, odb.Tag:
		if err = odb.ParseHeader(n.Data, &s.header); err != nil {
			break
		}
		s.refersTo(s.header.Tree, "tree")
		s.refersTo(s.header.Object, "object")
		if !s.repo.shallow[string(store.ID(n.Obj))] {
			for _, p := range s.header.Parents {
				s.refersTo(p, "commit")
			}
		}
	}
	if err != nil {
		s.Failed(n.Obj, n.Type, err)
	}
}

func entryKind(mode uint32) string {
	if mode == odb.ModeDir {
		return "tree"
	}
	return "blob"
}

// refersTo checks that the store has the object with the id in hex, if there
// is one.
func (s *search) refersTo(id []byte, kind string) {
	var raw [64]byte
	if len(id) == 0 || len(id) > len(raw) {
		return
	}
	n, err := hex.Decode(raw[:], id)
	if err != nil {
		s.run.addUnread(s.repo.label(kind), "an object names it by something that is no id")
		return
	}
	if _, ok := s.repo.store.Find(raw[:n]); !ok {
		s.repo.miss(raw[:n], kind, "")
	}
}

// emptyTrees are the ids of the tree without entries, which git knows without
// having it.
var emptyTrees = []string{
	"4b825dc642cb6eb9a060e54bf8d69288fbee4904",
	"6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}

// miss notes that an object is named and not there. Of several names that it
// goes by the first in the alphabet is kept, so that the result is stable.
func (repo *repository) miss(id []byte, kind, name string) {
	repo.mu.Lock()
	defer repo.mu.Unlock()
	if m, ok := repo.missing[string(id)]; !ok || name < m.name {
		repo.missing[string(id)] = missing{kind, name}
	}
}

// nameUnread adds what is wrong with a repository's parts to the coverage.
func (r *run) nameUnread(repo *repository) {
	for _, t := range append([]*workTree{{git: repo.git}}, repo.trees...) {
		for _, p := range t.git.Problems {
			r.addUnread(r.shown(repo.root, p.What), p.Reason)
		}
	}
	for _, p := range repo.store.Problems() {
		r.addUnread(r.shown(repo.root, p.What), p.Reason)
	}
	why := "missing from the repository, which is damaged: git fsck"
	if repo.git.Promisor {
		why = "not in this partial clone"
	}
	for id, m := range repo.missing {
		what := fmt.Sprintf("%s %x", m.kind, id)
		if slices.Contains(emptyTrees, fmt.Sprintf("%x", id)) {
			continue
		}
		if m.name != "" {
			what += " (" + m.name + ")"
		}
		r.addUnread(repo.label(what), why)
	}
	for _, ref := range repo.refs {
		if _, ok := repo.store.FindHex(ref.ID); !ok {
			r.addUnread(repo.label("ref "+ref.Name), "it names "+ref.ID+", which is "+why)
		}
	}
	if n := len(repo.shallow); n > 0 {
		r.addUnread(repo.label(fmt.Sprintf("history before %d commits", n)), "this is a shallow clone: git fetch --unshallow brings the rest")
	}
}
