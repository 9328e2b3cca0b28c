package source

import (
	"context"
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"

	"r8scan/internal/archive"
	"r8scan/internal/collect"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/wire"
	"r8scan/rules"
)

// A pack that a server sends has no ids. To compute all of them takes longer than to
// search the objects, and most blobs need none. So a sift searches all objects in one
// walk, and gives ids to commits, trees and tags, which tell stories, and to the blobs
// that are to be searched again by their ids: they have a match, or are read in another
// way than as text. Of the other blobs it only checks that there are as many as trees
// name.

// sift is the state of one such walk.
type sift struct {
	env  *Env
	repo *repository
	pack *odb.Unindexed

	collect.Counters
	odd     atomic.Bool // something calls for the ids of all objects: the walk is of no use
	all     atomic.Bool // from now on all blobs get ids: names say what some of them hold
	unnamed atomic.Int64
	known   idSet // commits and trees that objects name: each must be there
	named   idSet // blobs that trees name, and what refs and tags name
	byName  idSet // blobs whose names say what they hold

	mu       sync.Mutex
	toSearch [][]byte // raw ids
	streams  [][]byte // raw ids of those that are too large to be held
}

// run walks the pack. It returns false if all objects need ids: then nothing is
// counted, and the pack has to be read as if it had an index.
func (s *sift) run(ctx context.Context) (ok bool, err error) {
	if s.pack.Waits() || len(s.pack.Store.Problems()) > 0 {
		return false, nil
	}
	for _, ref := range s.repo.Refs {
		if raw, ok := wire.Unhex(ref.ID); ok {
			s.named.add(raw)
		}
	}
	var jobs []job
	for _, f := range s.pack.Families() {
		jobs = append(jobs, s.family(f))
	}
	slices.Reverse(jobs) // the last one runs first, and trees come before blobs
	if err := s.env.run(ctx, jobs...); err != nil {
		return false, err
	}
	return !s.odd.Load() && s.complete(), nil
}

// complete reports whether all commits and trees are there that objects name, and as
// many blobs without an id as are named and have none. Blobs that are containers by
// name only must have one: mostly they do, because git sends trees first. (A pack in
// which one blob is missing and another one is too much would pass. No server that works
// sends such a pack.)
func (s *sift) complete() bool {
	return s.known.without(s.pack.EachID) == 0 && s.byName.without(s.pack.EachID) == 0 &&
		int64(s.named.without(s.pack.EachID)) == s.unnamed.Load()
}

// family returns the job of walking a family of objects.
func (s *sift) family(f odb.Family) job {
	return func(ctx context.Context, w *worker) error {
		walker := w.walker(s.pack.Store)
		walker.Sparse = true
		walker.Share = func(part odb.Family) bool { return w.pool.AddIfIdle(s.family(part)) }
		return walker.Walk(ctx, f, &sifter{sift: s, w: w})
	}
}

// sifter is the visitor of a sift.
type sifter struct {
	*sift
	w      *worker
	header odb.Header
}

func (s *sifter) Visit(n *odb.Node) error {
	if s.odd.Load() {
		return nil // all of it is read again
	}
	again := n.Stream != nil || s.again(n)
	if n.Type == odb.Blob && !again && !s.all.Load() {
		s.unnamed.Add(1)
	} else if err := s.pack.Identify(n); err != nil {
		s.odd.Store(true)
		return nil
	}
	switch {
	case n.Stream != nil:
		s.keep(&s.streams, n.Obj)
		return nil // it is counted when it is searched
	case again:
		s.keep(&s.toSearch, n.Obj)
	}
	s.names(n)
	s.Objects.Add(1)
	s.Bytes.Add(n.Size)
	if n.Type == odb.Commit {
		s.Commits.Add(1)
	}
	s.env.Sink.Meter.Objects.Add(1)
	return nil
}

// again reports whether an object is to be searched by its id.
func (s *sifter) again(n *odb.Node) bool { return mayHold(s.env, s.w, n) }

// mayHold reports whether an object has a match, or is read in another way than as text.
func mayHold(env *Env, w *worker, n *odb.Node) bool {
	n.Search(env.Rules, w.matches[:0], &w.ranges, func(rules.Match) bool { return false })
	return n.Matched() || container(n) != archive.None || n.Type == odb.Blob && mayPoint(n.Data)
}

// keep keeps the id of an object.
func (s *sifter) keep(list *[][]byte, o odb.Obj) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*list = append(*list, s.pack.Store.ID(o))
}

// names takes the ids that an object names. A malformed object calls for all ids.
func (s *sifter) names(n *odb.Node) {
	switch n.Type {
	case odb.Tree:
		err := n.TreeDiff(s.pack.Store.HashLen(), func(e odb.TreeEntry) {
			switch e.Mode {
			case odb.ModeModule:
			case odb.ModeDir:
				s.name(&s.known, e.ID)
			default:
				s.name(&s.named, e.ID)
			}
			if isUnsigned(e) {
				s.repo.addUnsigned(e.ID, string(e.Name))
				s.byName.add(e.ID)
				s.all.Store(true)
			}
		}, nil)
		if err != nil {
			s.odd.Store(true)
		}
	case odb.Commit, odb.Tag:
		if err := odb.ParseHeader(n.Data, &s.header); err != nil {
			s.odd.Store(true)
			return
		}
		s.hex(&s.known, s.header.Tree)
		s.hex(&s.named, s.header.Object)
		if !s.repo.shallow[string(s.pack.Store.ID(n.Obj))] {
			for _, p := range s.header.Parents {
				s.hex(&s.known, p)
			}
		}
	}
}

// name takes a raw id. Trees name the same ones again and again.
func (s *sifter) name(set *idSet, id []byte) {
	if s.w.named == nil {
		s.w.named = make([]uint64, knownLen)
	}
	key := binary.BigEndian.Uint64(id)
	if set == &s.known {
		key = ^key // it may be in both sets
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

// search searches again what the walk kept, in the store with ids.
func (s *sift) search(ctx context.Context) error {
	sink := s.env.Sink
	sink.Objects.Add(s.Objects.Load())
	sink.Bytes.Add(s.Bytes.Load())
	sink.Commits.Add(s.Commits.Load())
	var jobs []job
	o := &objects{s.env, s.repo}
	for _, id := range s.streams {
		if at, ok := s.repo.Store.Find(id); ok {
			jobs = append(jobs, o.family(s.repo.Store.FamilyOf(at), nil))
		}
	}
	for _, id := range s.toSearch {
		jobs = append(jobs, s.one(id))
	}
	if err := s.env.run(ctx, jobs...); err != nil {
		return err
	}
	return readUnsigned(ctx, s.env, s.repo)
}

// one returns the job of searching one object by its id.
func (s *sift) one(id []byte) job {
	return func(ctx context.Context, w *worker) error {
		at, ok := s.repo.Store.Find(id)
		if !ok {
			return nil // every id that was kept is in the store
		}
		v := &visitor{ctx: ctx, env: s.env, repo: s.repo, w: w, part: true}
		t, data, err := s.repo.Store.ReadHeld(at, w.memory)
		if err != nil {
			v.Failed(at, t, err)
			return nil
		}
		err = v.search(&odb.Node{Obj: at, Type: t, Data: data, Size: int64(len(data)), Leaf: true})
		w.memory.Give(odb.Held(data))
		s.env.Sink.Bytes.Add(v.inside)
		s.env.Sink.Members.Add(v.members)
		return err
	}
}
