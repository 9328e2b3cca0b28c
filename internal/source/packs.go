package source

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"r8scan/internal/collect"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/wire"
	"r8scan/internal/packcache"
	"r8scan/internal/visits"
	"r8scan/rules"
)

// readVersion is raised whenever more of an object is read. Since 2 that is what is
// in containers, since 4 reftables, since 5 containers known by name only, since 6
// further copies of objects and bytes of a pack between them, since 7 what is after
// and between containers, since 9 pointers of Git LFS, since 10 more of what begins,
// ends or is named like a container, and since 11 the files that pointers name. With
// 8 the cache's entries got other names.
const readVersion = 11

// OpenCache returns the cache of packs in a folder, nil for "". It is nil for rules
// other than the default ones too, because they have no version.
func OpenCache(dir string, set *rules.Set) *packcache.Cache {
	if dir == "" || set != nil && set != rules.Default() {
		return nil
	}
	return packcache.Open(dir, "v"+strconv.Itoa(rules.Version)+"."+strconv.Itoa(readVersion))
}

// visitVersion is raised whenever what is remembered of a server gets another form.
const visitVersion = 1

// OpenVisits returns the memory of what servers had in a store, nil without one and for
// other rules, as OpenCache.
func OpenVisits(store visits.Store, set *rules.Set) *visits.Memory {
	if store == nil || set != nil && set != rules.Default() {
		return nil
	}
	return visits.Open(store, fmt.Sprintf("v%d.%d.%d", rules.Version, readVersion, visitVersion))
}

// pack returns the jobs of reading the i-th pack, or of using what an earlier scan
// found in it.
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

// remembered returns the job of using what is known of a pack. Objects that
// searchAgain recorded are searched again.
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
