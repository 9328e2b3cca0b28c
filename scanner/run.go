package scanner

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"r8scan/internal/archive"
	"r8scan/internal/git/odb"
	"r8scan/internal/packcache"
	"r8scan/rules"
)

// run is one scan under way: its workers, what they found and what they read.
type run struct {
	opts  Options
	paths pathFilter
	judge *judge
	cache *packcache.Cache
	pool  pool

	limits     archive.Limits
	smallRange int
	room       room
	large      sync.Mutex // held by the one reader of a named blob that is large
	heavy      sync.Mutex // held by the one walk of a container that may use much memory

	files, bytes, objects, commits, members atomic.Int64

	mu         sync.Mutex
	fileHits   []fileHit
	objectHits []objectHit
	unread     []Unread
	faults     []fault // those of unread that are about git objects
	notes      []string
	repos      []*repository
	named      map[namedBlob]string // the name of each
}

// fileHit is a match in a file, its name, or a text of git's that is no object.
type fileHit struct {
	match rules.Match
	place Location
	tree  *workTree // nil outside a work tree
}

// objectHit is a match in a git object.
type objectHit struct {
	match            rules.Match
	repo             *repository
	obj              odb.Obj
	kind             odb.Type
	line, column, to int
	name             string // of a tree: the entry whose name holds the match
	member           string // of a blob that is a container
}

// fault is an object that could not be read, or not all that is in it.
type fault struct {
	obj  odb.Obj
	kind odb.Type // 0 if that is not known
	Unread
}

func newRun(opts Options) (*run, error) {
	j, err := newJudge(opts)
	if err != nil {
		return nil, err
	}
	paths, err := newPathFilter(opts.Include, slices.Concat(opts.Exclude, j.unread))
	r := &run{opts: opts, paths: paths, judge: j, cache: openCache(opts.Cache), limits: archive.DefaultLimits(), smallRange: smallRange}
	r.pool.room = &r.room
	return r, err
}

// What is found takes memory, so there are limits to it. Matches of low
// confidence have one of their own, and so has each token: no flood of them
// hides another.
const (
	maxHits    = 1 << 18
	maxTokens  = 1 << 16
	maxPlaces  = 1 << 16 // of one token
	maxLowHits = 1 << 18
)

// room counts the matches that are kept.
type room struct {
	mu        sync.Mutex
	hits, low int
	places    map[string]int // of each token
	full      bool
}

// takes reports whether one more match may be kept.
func (r *room) takes(m rules.Match) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	var ok bool
	if m.Confidence == rules.Low {
		if ok = r.low < maxLowHits; ok {
			r.low++
		}
	} else {
		token := m.Secret.Reveal()
		n, known := r.places[token]
		if ok = r.hits < maxHits && n < maxPlaces && (known || len(r.places) < maxTokens); ok {
			if r.places == nil {
				r.places = map[string]int{}
			}
			r.places[token]++
			r.hits++
		}
	}
	r.full = r.full || !ok
	return ok
}

// tooMany says that matches were not kept.
const tooMany = "there are more tokens in what was read than a result can hold; those here are not all listed"

// progressEvery is the time between two reports of progress.
const progressEvery = 100 * time.Millisecond

// do runs jobs, and those that they add, to their end, and then reads the blobs
// of which they learnt that they may be containers.
func (r *run) do(ctx context.Context, jobs ...job) error {
	if r.opts.Progress != nil {
		tick := time.NewTicker(progressEvery)
		done, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				select {
				case <-tick.C:
					r.progress()
				case <-done:
					return
				}
			}
		}()
		defer func() { tick.Stop(); close(done); <-stopped }()
	}
	if err := r.pool.run(ctx, r.opts.workers(), jobs...); err != nil {
		return err
	}
	return r.pool.run(ctx, r.opts.workers(), r.namedJobs()...)
}

func (r *run) addUnread(what, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unread = append(r.unread, Unread{what, reason})
}

// addFault is addUnread for an object of git.
func (r *run) addFault(f fault) {
	r.addUnread(f.What, f.Reason)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, f)
}

func (r *run) addFileHit(h fileHit) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fileHits = append(r.fileHits, h)
}

func (r *run) addObjectHit(h objectHit) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.objectHits = append(r.objectHits, h)
}

// progress tells the user's callback how far the scan is.
func (r *run) progress() {
	p := Progress{Bytes: r.bytes.Load(), Objects: r.objects.Load(), Files: r.files.Load()}
	r.mu.Lock()
	for _, repo := range r.repos {
		if repo.store != nil {
			p.Total += int64(repo.store.Len())
		}
	}
	r.mu.Unlock()
	r.opts.Progress(p)
}

// coverage sums up what was read. Names in it that hold a token are masked.
func (r *run) coverage() Coverage {
	unread := slices.Clone(r.unread)
	for i, u := range unread {
		unread[i] = Unread{rules.Redact(u.What), rules.Redact(u.Reason)}
	}
	slices.SortFunc(unread, func(a, b Unread) int {
		return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Reason, b.Reason))
	})
	return Coverage{Files: r.files.Load(), Bytes: r.bytes.Load(), Objects: r.objects.Load(), Commits: r.commits.Load(), ArchiveMembers: r.members.Load(),
		Unread: slices.Compact(unread)}
}
