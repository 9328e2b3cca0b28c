package scanner

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"r8scan/internal/git/history"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
	"r8scan/rules"
)

// tellHistory adds those of the kept matches that are in a repository's objects, with the places and
// the life story of each token.
func (r *run) tellHistory(ctx context.Context, repo *repository, kept []objectHit, found *drafts) error {
	var hits []objectHit
	for _, h := range kept {
		if h.repo == repo {
			hits = append(hits, h)
		}
	}
	if len(hits) == 0 {
		return nil
	}
	slices.SortFunc(hits, func(a, b objectHit) int {
		return cmp.Or(cmp.Compare(a.obj, b.obj), cmp.Compare(a.member, b.member), cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column), cmp.Compare(a.name, b.name))
	})
	numbers := map[findingKey]int{}
	var keys []findingKey
	var marks []history.Hit
	for _, h := range hits {
		key := findingKey{h.match.Rule.ID, h.match.Secret.Reveal()}
		if _, ok := numbers[key]; !ok {
			numbers[key] = len(keys)
			keys = append(keys, key)
		}
		marks = append(marks, history.Hit{Obj: h.obj, Type: h.kind, Token: numbers[key], Name: h.name})
	}
	g, err := r.graph(ctx, repo, marks)
	if err != nil {
		return err
	}
	var scope *history.Scope
	if repo.only != nil {
		scope = g.Range(repo.only)
	}
	staged := r.addPlaces(repo, g, scope, hits, found)
	for i, s := range g.Stories(len(keys), repo.tips(), scope) {
		switch d := found.m[keys[i]]; {
		case !s.News:
			delete(found.m, keys[i])
		case d != nil && d.History == nil && !staged[keys[i]]:
			d.History = repo.story(r.opts.Rules, s)
		}
	}
	return nil
}

// maxNamed is how many commits of a kind coverage names one by one.
const maxNamed = 100

// graph returns the part of a repository's history that leads to hits, and
// names the commits that have no place in it.
func (r *run) graph(ctx context.Context, repo *repository, hits []history.Hit) (*history.Graph, error) {
	g := history.NewGraph(repo.store, hits)
	if err := r.walkGraph(ctx, repo, g); err != nil {
		return nil, err
	}
	g.Finish()
	lost := g.Circular()
	for i, o := range lost {
		what := "commit " + repo.store.Hex(o)
		if i == maxNamed {
			what = fmt.Sprintf("%d more commits", len(lost)-i)
		}
		r.addUnread(repo.label(what), "it is among its own ancestors, or one of these is: what it holds was searched, and has no life story")
		if i == maxNamed {
			break
		}
	}
	return g, nil
}

// walkGraph fills g from the repository's commits and trees. It fails only
// when the scan is ended: then there is no result at all.
func (r *run) walkGraph(ctx context.Context, repo *repository, g *history.Graph) error {
	var jobs []job
	visitors := map[*worker]odb.Visitor{}
	var walk func(f odb.Family) job
	walk = func(f odb.Family) job {
		return func(ctx context.Context, w *worker) error {
			r.mu.Lock()
			v := visitors[w]
			if v == nil {
				v = g.Visitor()
				visitors[w] = v
			}
			r.mu.Unlock()
			walker := w.walker(repo.store)
			walker.Want = g.Want
			walker.Share = func(part odb.Family) bool { return r.pool.addIfIdle(walk(part)) }
			return walker.Walk(ctx, f, v)
		}
	}
	for _, f := range repo.store.Families() {
		jobs = append(jobs, walk(f))
	}
	return r.do(ctx, jobs...)
}

// addPlaces adds the places of hits in objects. It returns the tokens that
// stand in the index and in no history: their blobs are the index's own.
func (r *run) addPlaces(repo *repository, g *history.Graph, scope *history.Scope, hits []objectHit, found *drafts) map[findingKey]bool {
	places, complete := g.Places(scope, r.budget.Work/2)
	if !complete {
		r.addUnread(repo.label("paths in the history"), "there are more of them than the limit; some locations lack their path: --max-memory sets it")
	}
	at := map[odb.Obj][]history.Place{}
	for _, p := range places {
		at[p.Obj] = append(at[p.Obj], p)
	}
	index, now := repo.stagedPaths(hits), repo.current()
	staged, committed := map[findingKey]bool{}, map[findingKey]bool{}
	for _, h := range hits {
		key := findingKey{h.match.Rule.ID, h.match.Secret.Reveal()}
		place := Location{Member: h.member, Line: h.line, Column: h.column, EndColumn: h.to, Object: repo.store.Hex(h.obj), Kind: h.kind.String()}
		for _, path := range index[place.Object] {
			in := place
			in.Path, in.Kind = path, KindIndex
			if r.paths.keeps(path, "") {
				found.add(h.match, in, ExposureStaged)
				staged[key] = true
			}
		}
		where := at[h.obj]
		switch {
		case scope != nil && (h.kind == odb.Tag || h.kind == odb.Commit) && !g.Has(scope, h.obj):
			continue
		case h.kind == odb.Commit:
			place.Commit = place.Object
			where = []history.Place{{Commit: odb.None}}
		case h.kind == odb.Tag:
			where = []history.Place{{Commit: odb.None}}
		case len(index[place.Object]) > 0 && noCommit(where):
			continue
		}
		committed[key] = true
		for _, p := range where {
			in := place
			if p.Path != "" || h.name != "" {
				in.Path = join(repo.name, join(p.Path, h.name))
			}
			if p.Commit != odb.None {
				in.Commit = repo.store.Hex(p.Commit)
			}
			in.Current = h.kind == odb.Blob && p.Path != "" && now.holds(h.obj, p.Path)
			if in.Path == "" && len(r.paths.include) > 0 || in.Path != "" && !r.paths.keeps(in.Path, "") {
				continue
			}
			found.add(h.match, in, ExposureHistory)
		}
	}
	for key := range committed {
		delete(staged, key)
	}
	return staged
}

func noCommit(places []history.Place) bool {
	return !slices.ContainsFunc(places, func(p history.Place) bool { return p.Commit != odb.None })
}

// tips returns what the repository's refs and HEADs name. A HEAD that is on a
// branch counts, but goes by the branch's name.
func (repo *repository) tips() []history.Tip {
	var tips []history.Tip
	add := func(name, id string, head bool) {
		if o, ok := repo.store.FindHex(id); ok {
			tips = append(tips, history.Tip{Name: name, Obj: o, Head: head})
		}
	}
	for _, ref := range repo.refs {
		add(ref.Name, ref.ID, false)
	}
	add(headName(repo.git, "HEAD"), repo.head, true)
	for _, w := range repo.git.Worktrees() {
		name := "main-worktree/HEAD" // git's own names for HEADs elsewhere
		if w.Dir != w.Common {
			name = "worktrees/" + filepath.Base(w.Dir) + "/HEAD"
		}
		_, head := w.ReadRefs()
		add(headName(w, name), head, false)
	}
	return tips
}

// headName returns name if HEAD is on no branch, else "".
func headName(g *repo.Repo, name string) string {
	if g.Detached() {
		return name
	}
	return ""
}

// story converts a story, with names that hold a credential masked.
func (repo *repository) story(set *rules.Set, s history.Story) *History {
	h := &History{AtHead: s.AtHead, Reachable: s.Reachable, Refs: []string{},
		Introduced: repo.event(set, s.Introduced), Removed: repo.event(set, s.Removed)}
	for _, name := range s.Refs {
		h.Refs = append(h.Refs, set.Redact(name))
	}
	return h
}

func (repo *repository) event(set *rules.Set, e *history.Event) *Event {
	if e == nil {
		return nil
	}
	out := &Event{Commit: repo.store.Hex(e.Commit), Date: e.When, Author: set.Redact(e.Author)}
	if e.Path != "" {
		out.Path = set.Redact(join(repo.name, e.Path))
	}
	return out
}
