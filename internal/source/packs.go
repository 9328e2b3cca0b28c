package source

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

	"r8scan/internal/collect"
	"r8scan/internal/git/odb"
	"r8scan/internal/packcache"
	"r8scan/rules"
)

// packScan is the reading of one pack: what is worth remembering of it.
type packScan struct {
	repo   *repository
	number int
	stamp  string

	pending atomic.Int64 // families not yet read
	collect.Counters

	mu       sync.Mutex
	toSearch map[odb.Obj]bool           // see again
	outside  map[string]collect.Missing // raw id → what is known of it
	unsigned map[string]string          // raw id → the name that tells what it holds
	failed   bool
}

// maxOutside is how many objects outside of a pack, and with names of which
// noteUnsigned takes notice, are remembered. A pack with more of them is small
// against the others, and quickly read again.
const maxOutside = 100_000

// readVersion changes with everything that changes what of an object is read:
// since 2 what is in containers is read, since 4 reftables are among them, since
// 5 what only their names tell to be some, since 6 what is in further copies of
// objects and what is in no object of a pack, since 7 what stands behind and between
// containers, and since 8 more of what begins or ends as a container, or has the
// name of one.
const readVersion = 8

// OpenCache returns the cache of packs in a folder, none for "". Other rules than
// the default ones have no version, so nothing is remembered of them.
func OpenCache(dir string, set *rules.Set) *packcache.Cache {
	if dir == "" || set != nil && set != rules.Default() {
		return nil
	}
	return packcache.Open(dir, "v"+strconv.Itoa(rules.Version)+"."+strconv.Itoa(readVersion))
}

// pack returns the jobs of reading the i-th pack, or of taking over what an
// earlier scan has found in it.
func (o *objects) pack(i int) []job {
	repo := o.repo
	p := &packScan{repo: repo, number: i, toSearch: map[odb.Obj]bool{}, outside: map[string]collect.Missing{}, unsigned: map[string]string{}}
	path := repo.Store.PackPath(i)
	stamp, err := packcache.Stamp(path, strings.TrimSuffix(path, ".pack")+".idx")
	if err == nil {
		p.stamp = stamp
		e, err := o.env.Cache.Load(repo.Store.PackKey(i))
		if err == nil && !o.env.CheckIDs && e.Stamp == stamp && e.Elsewhere == repo.Store.LeftToOthers(i) && e.Shallow == repo.shallowIn(i) {
			return []job{o.remembered(i, e)}
		}
	}
	var jobs []job
	for _, f := range repo.Store.PackFamilies(i) {
		jobs = append(jobs, o.family(f, p))
	}
	p.pending.Store(int64(len(jobs)))
	return jobs
}

// remembered returns the job of taking over what is known of a pack: its
// objects that were noted by again are searched again.
func (o *objects) remembered(i int, e *packcache.Entry) job {
	repo, sink := o.repo, o.env.Sink
	return func(ctx context.Context, w *worker) error {
		v := &visitor{ctx: ctx, env: o.env, repo: repo, w: w, part: true}
		for _, id := range e.Again {
			obj, ok := repo.Store.FindHex(id)
			if !ok {
				continue // Elsewhere vouches for it
			}
			t, data, err := repo.Store.ReadIn(i, obj, w.memory)
			if err != nil {
				v.Failed(obj, t, err)
				continue
			}
			extra := repo.Store.Holds(i, obj) && !repo.Store.InPack(obj, i)
			err = v.search(&odb.Node{Obj: obj, Type: t, Data: data, Leaf: true, Again: extra, Extra: extra})
			w.memory.Give(odb.Held(data))
			if err != nil {
				return err
			}
		}
		for _, out := range e.Outside {
			if _, ok := repo.Store.FindHex(out.ID); !ok {
				if raw, err := hex.DecodeString(out.ID); err == nil {
					repo.Miss(raw, out.Kind, out.Name)
				}
			}
		}
		for _, n := range e.Named {
			if raw, err := hex.DecodeString(n.ID); err == nil {
				repo.addUnsigned(raw, n.Name)
			}
		}
		sink.Objects.Add(e.Objects)
		sink.Bytes.Add(e.Bytes)
		sink.Commits.Add(e.Commits)
		sink.Members.Add(e.Members)
		return nil
	}
}

// done notes that a family was read and, after the last one, saves what is
// known. A pack with anything wrong is read again each time, so that what is
// wrong is named again. A cache that cannot be written costs time and no more.
func (p *packScan) done(cache *packcache.Cache) {
	if p.pending.Add(-1) > 0 || p.stamp == "" || p.failed || len(p.outside)+len(p.unsigned) > maxOutside || len(p.repo.Store.Problems()) > 0 {
		return
	}
	e := &packcache.Entry{Stamp: p.stamp, Elsewhere: p.repo.Store.LeftToOthers(p.number), Shallow: p.repo.shallowIn(p.number),
		Objects: p.Objects.Load(), Bytes: p.Bytes.Load(), Commits: p.Commits.Load(), Members: p.Members.Load()}
	for _, o := range slices.Sorted(maps.Keys(p.toSearch)) {
		e.Again = append(e.Again, p.repo.Store.Hex(o))
	}
	for _, id := range slices.Sorted(maps.Keys(p.outside)) {
		m := p.outside[id]
		e.Outside = append(e.Outside, packcache.Outside{ID: hex.EncodeToString([]byte(id)), Kind: m.Kind, Name: rules.Redact(m.Name)})
	}
	for _, id := range slices.Sorted(maps.Keys(p.unsigned)) {
		e.Named = append(e.Named, packcache.Outside{ID: hex.EncodeToString([]byte(id)), Name: rules.Redact(p.unsigned[id])})
	}
	_ = cache.Save(p.repo.Store.PackKey(p.number), e)
}

// shallowIn returns a digest of the commits in the i-th pack whose parents are
// left out, "" if there is none: of these it is not remembered what they name.
func (repo *repository) shallowIn(i int) string {
	sum, n := sha256.New(), 0
	for _, id := range slices.Sorted(maps.Keys(repo.shallow)) {
		if o, ok := repo.Store.Find([]byte(id)); ok && repo.Store.Holds(i, o) {
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
	if m, ok := p.outside[string(id)]; (!ok || name < m.Name) && len(p.outside) <= maxOutside {
		p.outside[string(id)] = collect.Missing{Kind: kind, Name: name}
	}
}

// noteUnsigned notes an entry whose name alone may tell what it holds.
func (p *packScan) noteUnsigned(e odb.TreeEntry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if was, ok := p.unsigned[string(e.ID)]; !ok || string(e.Name) < was {
		p.unsigned[string(e.ID)] = string(e.Name)
	}
}
