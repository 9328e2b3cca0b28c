package scanner

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"r8scan/internal/git/odb"
	"r8scan/internal/packcache"
	"r8scan/rules"
)

// packScan is the reading of one pack: what is worth remembering of it.
type packScan struct {
	repo   *repository
	number int
	stamp  string

	pending                          atomic.Int64 // families not yet read
	objects, bytes, commits, members atomic.Int64

	mu       sync.Mutex
	toSearch map[odb.Obj]bool   // see again
	outside  map[string]missing // raw id → what is known of it
	named    map[string]string  // raw id → the name that tells what it holds
	failed   bool
}

// maxOutside is how many objects outside of a pack, and with names of which
// noteNamed takes notice, are remembered. A pack with more of them is small
// against the others, and quickly read again.
const maxOutside = 100_000

// readVersion changes with everything that changes what of an object is read:
// since 2 what is in containers is read, since 4 reftables are among them, since
// 5 what only their names tell to be some, since 6 what is in further copies of
// objects and what is in no object of a pack, and since 7 what stands behind and
// between containers.
const readVersion = 7

// openCache returns nil if nothing is remembered: other rules than the default
// ones have no version.
func openCache(opts Options) *packcache.Cache {
	if opts.Cache == "" || opts.Rules != nil && opts.Rules != rules.Default() {
		return nil
	}
	return packcache.Open(opts.Cache, "v"+strconv.Itoa(rules.Version)+"."+strconv.Itoa(readVersion))
}

// pack returns the jobs of reading the i-th pack, or of taking over what an
// earlier scan has found in it.
func (r *run) pack(repo *repository, i int) []job {
	p := &packScan{repo: repo, number: i, toSearch: map[odb.Obj]bool{}, outside: map[string]missing{}, named: map[string]string{}}
	path := repo.store.PackPath(i)
	stamp, err := packcache.Stamp(path, strings.TrimSuffix(path, ".pack")+".idx")
	if err == nil {
		p.stamp = stamp
		e, err := r.cache.Load(repo.store.PackKey(i))
		if err == nil && !r.opts.CheckIDs && e.Stamp == stamp && e.Elsewhere == repo.store.Elsewhere(i) && e.Shallow == repo.shallowIn(i) {
			return []job{r.remembered(repo, i, e)}
		}
	}
	var jobs []job
	for _, f := range repo.store.PackFamilies(i) {
		jobs = append(jobs, r.family(repo, f, p))
	}
	p.pending.Store(int64(len(jobs)))
	return jobs
}

// remembered returns the job of taking over what is known of a pack: its
// objects that were noted by again are searched again.
func (r *run) remembered(repo *repository, i int, e *packcache.Entry) job {
	return func(ctx context.Context, w *worker) error {
		s := &search{ctx: ctx, run: r, repo: repo, w: w, part: true}
		for _, id := range e.Again {
			o, ok := repo.store.FindHex(id)
			if !ok {
				continue // Elsewhere vouches for it
			}
			t, data, err := repo.store.ReadIn(i, o, w.memory)
			if err != nil {
				s.Failed(o, t, err)
				continue
			}
			extra := repo.store.Holds(i, o) && !repo.store.InPack(o, i)
			err = s.search(&odb.Node{Obj: o, Type: t, Data: data, Leaf: true, Again: extra, Extra: extra})
			w.memory.Give(odb.Held(data))
			if err != nil {
				return err
			}
		}
		for _, out := range e.Outside {
			if _, ok := repo.store.FindHex(out.ID); !ok {
				if raw, err := hex.DecodeString(out.ID); err == nil {
					repo.miss(raw, out.Kind, out.Name)
				}
			}
		}
		for _, n := range e.Named {
			if raw, err := hex.DecodeString(n.ID); err == nil {
				r.addNamed(repo, raw, n.Name)
			}
		}
		r.objects.Add(e.Objects)
		r.bytes.Add(e.Bytes)
		r.commits.Add(e.Commits)
		r.members.Add(e.Members)
		return nil
	}
}

// done notes that a family was read and, after the last one, saves what is
// known. A pack with anything wrong is read again each time, so that what is
// wrong is named again. A cache that cannot be written costs time and no more.
func (p *packScan) done(r *run) {
	if p.pending.Add(-1) > 0 || p.stamp == "" || p.failed || len(p.outside)+len(p.named) > maxOutside || len(p.repo.store.Problems()) > 0 {
		return
	}
	e := &packcache.Entry{Stamp: p.stamp, Elsewhere: p.repo.store.Elsewhere(p.number), Shallow: p.repo.shallowIn(p.number),
		Objects: p.objects.Load(), Bytes: p.bytes.Load(), Commits: p.commits.Load(), Members: p.members.Load()}
	for _, o := range slices.Sorted(maps.Keys(p.toSearch)) {
		e.Again = append(e.Again, p.repo.store.Hex(o))
	}
	for _, id := range slices.Sorted(maps.Keys(p.outside)) {
		m := p.outside[id]
		e.Outside = append(e.Outside, packcache.Outside{ID: hex.EncodeToString([]byte(id)), Kind: m.kind, Name: rules.Redact(m.name)})
	}
	for _, id := range slices.Sorted(maps.Keys(p.named)) {
		e.Named = append(e.Named, packcache.Outside{ID: hex.EncodeToString([]byte(id)), Name: rules.Redact(p.named[id])})
	}
	_ = r.cache.Save(p.repo.store.PackKey(p.number), e)
}

// shallowIn returns a digest of the commits in the i-th pack whose parents are
// left out, "" if there is none: of these it is not remembered what they name.
func (repo *repository) shallowIn(i int) string {
	sum, n := sha256.New(), 0
	for _, id := range slices.Sorted(maps.Keys(repo.shallow)) {
		if o, ok := repo.store.Find([]byte(id)); ok && repo.store.Holds(i, o) {
			sum.Write([]byte(id))
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// again notes an object that the next scan has to search again: one with a
// match, since no token is kept, or with something in it that cannot be read.
func (p *packScan) again(o odb.Obj) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.toSearch[o] = true
}

func (p *packScan) fail() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed = true
}

// refersOutside notes a reference to an object that is not in the pack.
func (p *packScan) refersOutside(id []byte, kind, name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m, ok := p.outside[string(id)]; (!ok || name < m.name) && len(p.outside) <= maxOutside {
		p.outside[string(id)] = missing{kind, name}
	}
}
