package source

import (
	"context"
	"strconv"
	"strings"

	"r8scan/internal/collect"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/wire"
	"r8scan/internal/packcache"
	"r8scan/rules"
)

// readVersion changes with everything that changes what of an object is read:
// since 2 what is in containers is read, since 4 reftables are among them, since
// 5 what only their names tell to be some, since 6 what is in further copies of
// objects and what is in no object of a pack, since 7 what stands behind and
// between containers, since 8 the entries of the cache have other names, since 9
// pointers of Git LFS are known, and since 10 more of what begins or ends as a
// container, or has the name of one.
const readVersion = 10

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
		if err == nil && !o.env.CheckIDs && e.Stamp == stamp && e.LeftToOthers == repo.Store.LeftToOthers(i) && e.Shallow == repo.shallowIn(i) {
			o.env.Sink.Meter.Total.Add(-repo.Store.PackSize(i))
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
// objects that searchAgain has noted are searched again.
func (o *objects) remembered(i int, e *packcache.Entry) job {
	repo, sink := o.repo, o.env.Sink
	return func(ctx context.Context, w *worker) error {
		v := &visitor{ctx: ctx, env: o.env, repo: repo, w: w, part: true}
		for _, id := range e.Search {
			obj, ok := repo.Store.FindHex(id)
			if !ok {
				continue // LeftToOthers vouches for it
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
				if raw, ok := wire.Unhex(out.ID); ok {
					repo.Miss(raw, out.Kind, out.Name)
				}
			}
		}
		for _, n := range e.Named {
			if raw, ok := wire.Unhex(n.ID); ok {
				repo.addUnsigned(raw, n.Name)
			}
		}
		sink.Objects.Add(e.Objects)
		sink.Meter.Objects.Add(e.Objects)
		sink.Bytes.Add(e.Bytes)
		sink.Commits.Add(e.Commits)
		sink.Members.Add(e.Members)
		return nil
	}
}
