package source

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"r8scan/internal/archive"
	"r8scan/internal/collect"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/wire"
	"r8scan/rules"
)

// A pack that a server sends has no ids. To compute all of them takes longer than to
// search the objects, and most need none. So a sift searches all objects in one walk,
// while they arrive. It gives ids to commits and tags, and to the objects that are to be
// searched again by their ids: they have a match, or are too large to be held. Of the
// other trees and blobs it only checks that there are as many as are named. Trees tell
// stories, so all of them get ids afterwards if something was found.

// sift is the state of one such walk.
type sift struct {
	env  *Env
	repo *repository
	in   *odb.Arriving
	pack *odb.Unindexed // of in

	collect.Counters
	pending atomic.Int64 // jobs of the part that is walked
	odd     atomic.Bool  // something calls for the ids of all objects: the walk is of no use
	byNames atomic.Bool  // names say what some blobs hold: from now on blobs get ids if they are no text
	early   atomic.Int64 // blobs that are no text and came before that
	story   atomic.Bool  // something was found whose story trees tell
	blobs   kindOf
	trees   kindOf
	known   idSet // commits and tags that others name: each must be there
	byName  idSet // blobs whose names say what they hold
	tagged  idSet // blobs that tags name

	// Until the tree at HEAD is found, trees and blobs get ids: a result names a file in
	// it, and what refs and tags name comes first.
	headTree atomic.Pointer[[]byte] // its raw id, once that is known
	headSeen atomic.Bool

	mu       sync.Mutex
	toSearch [][]byte // raw ids
	streams  [][]byte // raw ids of those that are too large to be held
}

// kindOf are the objects of a type that need no ids.
type kindOf struct {
	named   idSet        // what objects name
	unnamed atomic.Int64 // those without an id
}

// lacks returns how many objects without an id are named, less those that are there.
func (k *kindOf) lacks(pack *odb.Unindexed) int64 {
	return int64(k.named.without(pack.EachID)) - k.unnamed.Load()
}

func newSift(env *Env, r *repository, in *odb.Arriving) *sift {
	return &sift{env: env, repo: r, in: in, pack: in.Unindexed}
}

// while walks the pack while get writes it. The first error is that of get.
func (s *sift) while(ctx context.Context, get func(io.Writer) error) (got, err error) {
	var g errgroup.Group
	g.Go(func() error {
		got = get(s.in)
		s.in.Close()
		return nil
	})
	g.Go(func() error {
		s.in.Find()
		return nil
	})
	g.Go(func() error {
		defer s.in.Stop() // nobody takes the rest
		return s.run(ctx)
	})
	err = g.Wait()
	return got, err
}

// run walks the pack.
func (s *sift) run(ctx context.Context) error {
	s.repo.Store = s.pack.Store
	s.headSeen.Store(s.repo.Head == "")
	return s.env.run(ctx, s.next)
}

// finish gives ids to what tells stories, and opens the repository's store. It returns
// false if the walk of the pack, of size bytes, is of no use, or something else calls
// for ids: then nothing is counted, and the pack has to be read as if it had an index.
func (s *sift) finish(ctx context.Context, size int64) (ok bool, err error) {
	if s.odd.Load() || !s.in.Whole(size) || !s.complete() {
		return false, nil
	}
	if !s.story.Load() && (len(s.streams) > 0 || s.byNames.Load()) {
		if err := s.try(ctx); err != nil {
			return false, err
		}
	}
	if s.story.Load() {
		s.env.Sink.Meter.Begin(collect.Naming, s.pack.Store.PackedSize())
		if err := nameTrees(ctx, s.env, s.pack); err != nil {
			return false, err
		}
		if s.trees.named.without(s.pack.EachID) > 0 {
			return false, nil
		}
	}
	if s.nameless() {
		s.env.Sink.Meter.Begin(collect.Naming, s.pack.Store.PackedSize())
		if err := nameFamilies(ctx, s.env, s.pack, s.pack.Families(), nil); err != nil {
			return false, err
		}
	}
	s.repo.Store = s.pack.Index()
	return true, nil
}

// nameless reports whether a ref, or a tag that may have a story, names a file or folder
// without an id. Mostly these have one, because git sends them first.
func (s *sift) nameless() bool {
	roots := s.roots(func([]byte) bool { return true })
	return roots.without(s.pack.EachID) > 0 || s.story.Load() && s.tagged.without(s.pack.EachID) > 0
}

// roots returns what refs name, as far as it is wanted.
func (s *sift) roots(want func(id []byte) bool) *idSet {
	roots := &idSet{}
	for _, ref := range s.repo.Refs {
		if raw, ok := wire.Unhex(ref.ID); ok && want(raw) {
			roots.add(raw)
		}
	}
	return roots
}

// try searches what was left for later, such as large files. Mostly there is nothing in
// it, and then trees need no ids.
func (s *sift) try(ctx context.Context) error {
	trial := s.env.with(collect.NewSink(s.env.Budget))
	s.repo.Store = s.pack.Sorted()
	err := s.searchKept(ctx, trial)
	if hits, all := trial.Sink.Hits(); len(hits) > 0 || !all {
		s.story.Store(true)
	}
	return err
}

// complete reports whether all commits are there that others name, and as many trees
// and blobs without an id as are named and have none. Blobs that are containers by name
// only must have one, if they are no text: mostly they do, because git sends trees
// first. (A pack in which one tree or blob is missing and another one is too much would
// pass. No server that works sends such a pack.)
func (s *sift) complete() bool {
	if s.known.without(s.pack.EachID) > 0 || s.early.Load() > 0 && s.byName.without(s.pack.EachID) > 0 {
		return false
	}
	trees, blobs, roots := s.trees.lacks(s.pack), s.blobs.lacks(s.pack), s.lackingRoots()
	return trees == 0 && blobs == 0 && roots == 0 || roots > 0 && trees+blobs+roots == 0
}

// lackingRoots returns how many objects have no id that only refs name: trees or blobs.
func (s *sift) lackingRoots() int64 {
	roots := s.roots(func(id []byte) bool { return !s.trees.named.has(id) && !s.blobs.named.has(id) })
	return int64(roots.without(s.pack.EachID))
}

// next is the job of waiting for the next part of the pack, and adding those of walking
// it.
func (s *sift) next(ctx context.Context, w *worker) error {
	portions, err := s.in.Next(ctx)
	if err != nil || len(portions) == 0 {
		return err
	}
	s.env.Sink.Meter.AllObjects.Store(int64(s.pack.Store.Len()))
	var jobs []job
	for _, families := range slices.Backward(portions) { // the last one runs first, and trees come before blobs
		jobs = append(jobs, s.walk(families...))
	}
	s.pending.Store(int64(len(jobs)))
	w.pool.Add(jobs...)
	return nil
}

// walk returns the job of walking families of objects. The last one of a part waits for
// the next part.
func (s *sift) walk(families ...odb.Family) job {
	return func(ctx context.Context, w *worker) error {
		walker := w.walker(s.pack.Store)
		walker.Sparse, walker.Done = true, nil // what arrived is counted
		walker.Share = func(part odb.Family) bool {
			s.pending.Add(1)
			if w.pool.AddIfIdle(s.walk(part)) {
				return true
			}
			s.pending.Add(-1)
			return false
		}
		for _, f := range families {
			if s.odd.Load() {
				s.in.Stop() // the rest is only kept
			} else if err := walker.Walk(ctx, f, &sifter{sift: s, ctx: ctx, w: w}); err != nil {
				return err
			}
		}
		if s.pending.Add(-1) == 0 {
			w.pool.Add(s.next)
		}
		return nil
	}
}

// sifter is the visitor of a sift.
type sifter struct {
	*sift
	ctx    context.Context // of the walk; a sifter is made for one
	w      *worker
	header odb.Header
}

func (s *sifter) Visit(n *odb.Node) error {
	if s.odd.Load() {
		return nil // all of it is read again
	}
	if n.Again { // it was walked, and what builds on it was not
		s.odd.CompareAndSwap(false, n.Base == nil && s.streamed(n.Obj))
		s.search(n)
		s.names(n, false)
		return nil
	}
	again := n.Stream != nil || s.again(n)
	if again || !s.unneeded(n) {
		if err := s.pack.Identify(n); err != nil {
			s.odd.Store(true)
			return nil
		}
	}
	switch {
	case n.Stream != nil:
		s.keep(&s.streams, n.Obj)
		return nil // it is counted when it is searched
	case again:
		s.keep(&s.toSearch, n.Obj)
	}
	s.names(n, true)
	if !s.headSeen.Load() {
		s.seeHead(n)
	}
	s.Objects.Add(1)
	s.Bytes.Add(n.Size)
	if n.Type == odb.Commit {
		s.Commits.Add(1)
	}
	s.env.Sink.Meter.Objects.Add(1)
	return nil
}

// unneeded reports whether an object with nothing in it needs no id, and counts it.
func (s *sifter) unneeded(n *odb.Node) bool {
	switch {
	case n.Type == odb.Tree && s.headSeen.Load():
		if n.Size > 0 { // nobody has to have the empty tree
			s.trees.unnamed.Add(1)
		}
		return true
	case n.Type != odb.Blob, !s.headSeen.Load():
		return false
	case archive.IsText(n.Data[:min(len(n.Data), archive.HeadLen)]): // a sparse walk leaves no gaps so near to the start
	case s.byNames.Load():
		return false
	default:
		s.early.Add(1)
	}
	s.blobs.unnamed.Add(1)
	return true
}

// seeHead looks for the tree at HEAD. Without a file in it, others have to be looked at.
func (s *sifter) seeHead(n *odb.Node) {
	id := s.pack.Store.ID(n.Obj)
	switch head := s.headTree.Load(); {
	case n.Type == odb.Commit && wire.Hex(id) == s.repo.Head:
		if raw, ok := wire.Unhex(string(s.header.Tree)); ok {
			s.headTree.Store(&raw)
		}
	case n.Type == odb.Tree && head != nil && bytes.Equal(*head, id):
		file := false
		_ = odb.EachEntry(n.Data, len(id), func(_ int, e odb.TreeEntry) bool {
			file = e.Mode&0o170000 == 0o100000
			return !file
		}) // names takes care of a malformed one
		if !file {
			s.story.Store(true)
		}
		s.headSeen.Store(true)
	}
}

// again reports whether an object is to be searched by its id.
func (s *sifter) again(n *odb.Node) bool {
	s.search(n)
	if n.Matched() || n.Type == odb.Blob && mayPoint(n.Data) {
		s.story.Store(true)
		return true
	}
	return container(n) != archive.None && s.holds(n)
}

// holds searches a container, and reports whether something is in it, or cannot be read.
func (s *sifter) holds(n *odb.Node) bool {
	trial := collect.NewSink(s.env.Budget)
	v := &visitor{ctx: s.ctx, env: s.env.with(trial), repo: s.repo, w: s.w, part: true}
	err := v.search(n)
	hits, all := trial.Hits()
	if len(hits) > 0 || !all {
		s.story.Store(true)
	}
	if err != nil || len(hits) > 0 || !trial.Clean() {
		return true
	}
	s.Bytes.Add(v.inside)
	s.Members.Add(v.members)
	return false
}

// streamed reports whether an object was to be searched as a stream, since nothing
// built on it then.
func (s *sifter) streamed(o odb.Obj) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.streams, func(id []byte) bool { return bytes.Equal(id, s.pack.Store.ID(o)) })
}

// search marks an object that has a match.
func (s *sifter) search(n *odb.Node) {
	n.Search(s.env.Rules, s.w.matches[:0], &s.w.ranges, func(rules.Match) bool { return false })
}

// keep keeps the id of an object.
func (s *sifter) keep(list *[][]byte, o odb.Obj) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*list = append(*list, slices.Clone(s.pack.Store.ID(o)))
}

// names takes the ids that an object names. A malformed object calls for all ids. If
// the object is not new, it is only compared, for trees that build on it.
func (s *sifter) names(n *odb.Node, isNew bool) {
	switch n.Type {
	case odb.Tree:
		err := n.TreeDiff(s.pack.Store.HashLen(), func(e odb.TreeEntry) {
			if isNew && e.Mode != odb.ModeModule {
				s.entry(e)
			}
		}, nil)
		if err != nil {
			s.odd.Store(true)
		}
	case odb.Commit, odb.Tag:
		if !isNew {
			return
		}
		if err := odb.ParseHeader(n.Data, &s.header); err != nil {
			s.odd.Store(true)
			return
		}
		s.hex(&s.trees.named, s.header.Tree)
		switch string(s.header.Type) {
		case "tree":
			s.hex(&s.trees.named, s.header.Object)
		case "blob":
			s.hex(&s.blobs.named, s.header.Object)
			if raw, ok := wire.Unhex(string(s.header.Object)); ok && len(raw) == s.pack.Store.HashLen() {
				s.tagged.add(raw)
			}
		default:
			s.hex(&s.known, s.header.Object)
		}
		if !s.repo.shallow[string(s.pack.Store.ID(n.Obj))] {
			for _, p := range s.header.Parents {
				s.hex(&s.known, p)
			}
		}
	}
}

// entry takes the id that an entry of a tree names.
func (s *sifter) entry(e odb.TreeEntry) {
	if e.Mode == odb.ModeDir {
		s.name(&s.trees.named, e.ID)
		return
	}
	s.name(&s.blobs.named, e.ID)
	if isUnsigned(e) {
		s.repo.addUnsigned(e.ID, string(e.Name))
		s.byName.add(e.ID)
		s.byNames.Store(true)
	}
}

// name takes a raw id. Trees name the same ones again and again.
func (s *sifter) name(set *idSet, id []byte) {
	if s.w.named == nil {
		s.w.named = make([]uint64, knownLen)
	}
	key := binary.BigEndian.Uint64(id)
	switch set { // it may be in all sets
	case &s.trees.named:
		key = ^key
	case &s.known:
		key = bits.RotateLeft64(key, 32)
	}
	if last := &s.w.named[key%knownLen]; (*last != key || key == 0) && !odb.IsEmptyTree(id) {
		*last = key
		set.add(id)
	}
}

// hex takes an id in hex, which may be empty.
func (s *sifter) hex(set *idSet, id []byte) {
	if len(id) == 0 {
		return
	}
	var buf [wire.SHA256]byte
	raw := buf[:s.pack.Store.HashLen()]
	switch n, ok := wire.UnhexInto(raw, id); {
	case !ok || n != len(raw):
		s.odd.Store(true)
	default:
		s.name(set, raw)
	}
}

// Failed calls for all ids: what cannot be read is named by its id.
func (s *sifter) Failed(odb.Obj, odb.Type, error) { s.odd.Store(true) }

// search counts what was walked, and searches again what the walk kept.
func (s *sift) search(ctx context.Context) error {
	sink := s.env.Sink
	sink.Objects.Add(s.Objects.Load())
	sink.Bytes.Add(s.Bytes.Load())
	sink.Commits.Add(s.Commits.Load())
	sink.Members.Add(s.Members.Load())
	return s.searchKept(ctx, s.env)
}

// searchKept searches what the walk kept, by their ids.
func (s *sift) searchKept(ctx context.Context, env *Env) error {
	var jobs []job
	o := &objects{env, s.repo}
	for _, id := range s.streams {
		if at, ok := s.repo.Store.Find(id); ok {
			jobs = append(jobs, o.family(s.repo.Store.FamilyOf(at), nil))
		}
	}
	for _, id := range s.toSearch {
		jobs = append(jobs, s.one(env, id))
	}
	if err := env.run(ctx, jobs...); err != nil {
		return err
	}
	return readUnsigned(ctx, env, s.repo)
}

// one returns the job of searching one object by its id.
func (s *sift) one(env *Env, id []byte) job {
	return func(ctx context.Context, w *worker) error {
		at, ok := s.repo.Store.Find(id)
		if !ok {
			return nil // every id that was kept is in the store
		}
		v := &visitor{ctx: ctx, env: env, repo: s.repo, w: w, part: true}
		t, data, err := s.repo.Store.ReadHeld(at, w.memory)
		if err != nil {
			v.Failed(at, t, err)
			return nil
		}
		err = v.search(&odb.Node{Obj: at, Type: t, Data: data, Size: int64(len(data)), Leaf: true})
		w.memory.Give(odb.Held(data))
		env.Sink.Bytes.Add(v.inside)
		env.Sink.Members.Add(v.members)
		return err
	}
}
