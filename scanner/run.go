package scanner

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"r8scan/internal/archive"
	"r8scan/internal/budget"
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

	budget     *budget.Budget
	limits     archive.Limits
	smallRange int

	files, bytes, objects, commits, members atomic.Int64
	dropped                                 atomic.Bool // there was no room for a match

	fileHits   *hits[fileHit]
	objectHits *hits[objectHit]

	mu     sync.Mutex
	unread shelf[Unread]
	faults shelf[fault] // those of unread that are about git objects
	notes  []string
	repos  []*repository
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

// hitCost is what a match on a shelf takes beside its texts.
const hitCost = 192

func (h fileHit) cost() int64 { return hitCost + int64(len(h.place.Path)+len(h.place.Member)) }

func (h objectHit) cost() int64 { return hitCost + int64(len(h.name)+len(h.member)) }

func compareObjectHits(a, b objectHit) int {
	return cmp.Or(cmp.Compare(a.repo.name, b.repo.name), cmp.Compare(a.obj, b.obj), cmp.Compare(a.member, b.member),
		cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column), cmp.Compare(a.name, b.name))
}

func (u Unread) cost() int64 { return 64 + int64(len(u.What)+len(u.Reason)) }

func compareUnread(a, b Unread) int {
	return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Reason, b.Reason))
}

func compareFaults(a, b fault) int {
	return cmp.Or(cmp.Compare(a.obj, b.obj), compareUnread(a.Unread, b.Unread))
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
	b := budget.New(opts.MaxMemory, opts.workers())
	r := &run{opts: opts, paths: paths, judge: j, cache: openCache(opts), smallRange: smallRange}
	r.share(b)
	return r, err
}

// share makes b the budget of the run.
func (r *run) share(b *budget.Budget) {
	r.budget, r.pool.budget, r.limits = b, b, archive.LimitsOf(b)
	r.fileHits = newHits(b.Found, func(h *fileHit) *rules.Match { return &h.match },
		func(a, b fileHit) int { return compareLocations(a.place, b.place) }, fileHit.cost)
	r.objectHits = newHits(b.Found, func(h *objectHit) *rules.Match { return &h.match }, compareObjectHits, objectHit.cost)
	r.unread = shelf[Unread]{room: b.Found / 8, compare: compareUnread, cost: Unread.cost}
	r.faults = shelf[fault]{room: b.Found / 8, compare: compareFaults, cost: func(f fault) int64 { return f.cost() }}
}

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
	r.unread.add(Unread{what, reason})
}

// addFault is addUnread for an object of git.
func (r *run) addFault(f fault) {
	r.addUnread(f.What, f.Reason)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults.add(f)
}

func (r *run) addFileHit(h fileHit) { r.fileHits.add(h) }

func (r *run) addObjectHit(h objectHit) { r.objectHits.add(h) }

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
	unread := slices.Clone(r.unread.all())
	if n := r.unread.lost; n > 0 {
		unread = append(unread, Unread{"other things", fmt.Sprintf("%d more could not be read than a result can name", n)})
	}
	for i, u := range unread {
		unread[i] = Unread{r.opts.Rules.Redact(u.What), r.opts.Rules.Redact(u.Reason)}
	}
	slices.SortFunc(unread, compareUnread)
	return Coverage{Files: r.files.Load(), Bytes: r.bytes.Load(), Objects: r.objects.Load(), Commits: r.commits.Load(), ArchiveMembers: r.members.Load(),
		Unread: slices.Compact(unread)}
}
