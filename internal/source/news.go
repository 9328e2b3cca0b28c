package source

import (
	"context"
	"encoding/hex"
	"math"
	"slices"
	"sync"

	"r8scan/internal/archive"
	"r8scan/internal/collect"
	"r8scan/internal/git/fetch"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/outline"
	"r8scan/internal/git/repo"
	"r8scan/internal/git/wire"
	"r8scan/rules"
)

// news are the objects of a repository on a server that an earlier scan has not read.
// They are named first, and searched only if they and what is remembered make a whole.
type news struct {
	last *visited
	repo *repository
	pack *odb.Unindexed // nil if there are none

	mu       sync.Mutex
	odd      bool                // they cannot be used
	tokens   bool                // they may have a token
	commits  []outline.New       // and tags
	named    map[string]struct{} // raw ids that they name
	unsigned map[string]string   // names by raw id: see unsigned.go
	roots    map[string]struct{} // raw ids of the trees of commits
	links    []string            // raw ids of the parents of commits, and of what tags name

	sent  map[string]struct{} // raw ids
	known map[uint64]bool     // keys of what was sent or is named: whether it was read before
}

// maxNews bounds the memory for news. A repository with more is read from the start.
const maxNews = 1 << 20

// wants returns what the server has to send, by ids in hex, and haves what it need not.
func (v *visited) wants(a *fetch.Advert) (wants, haves []string) {
	for _, id := range a.IDs() {
		if !v.holds(id) {
			wants = append(wants, id)
		}
	}
	if len(wants) == 0 {
		return nil, nil
	}
	var tips []int
	for _, id := range v.Tips {
		i, _ := v.find(id) // parseVisited has checked it
		tips = append(tips, i)
	}
	below := v.outline.Below(tips)
	for _, i := range tips {
		if !below[i] {
			haves = append(haves, hex.EncodeToString(v.outline.ID(i)))
		}
	}
	slices.Sort(haves)
	return wants, slices.Compact(haves)
}

func (v *visited) find(id string) (int, bool) {
	raw, ok := wire.Unhex(id)
	if !ok {
		return 0, false
	}
	return v.outline.Find(raw)
}

// fit names the news and reports whether they and what is remembered are the whole
// repository, and no more than that.
func (n *news) fit(ctx context.Context, env *Env, a *fetch.Advert) (bool, error) {
	n.named, n.roots, n.sent = map[string]struct{}{}, map[string]struct{}{}, map[string]struct{}{}
	n.unsigned, n.known = map[string]string{}, map[uint64]bool{}
	if n.pack != nil {
		if len(n.pack.Lacking()) > 0 || len(n.pack.Store.Problems()) > 0 || n.pack.Store.Len() > maxNews {
			return false, nil
		}
		var jobs []job
		for _, f := range n.pack.Families() {
			jobs = append(jobs, n.naming(env, f))
		}
		if err := env.run(ctx, jobs...); err != nil {
			return false, err
		}
		n.pack.EachID(func(id []byte) { n.sent[string(id)] = struct{}{} })
	}
	return !n.odd && n.linked() && n.covers(a), nil
}

// naming returns the job of naming the objects of a family.
func (n *news) naming(env *Env, f odb.Family) job {
	return func(ctx context.Context, w *worker) error {
		walker := w.walker(n.pack.Store)
		walker.Share = func(part odb.Family) bool { return w.pool.AddIfIdle(n.naming(env, part)) }
		return walker.Walk(ctx, f, &newsNamer{news: n, env: env, w: w})
	}
}

// newsNamer is the visitor that gives news their ids, and takes what they name.
type newsNamer struct {
	*news
	env    *Env
	w      *worker
	header odb.Header
}

func (v *newsNamer) Visit(n *odb.Node) error {
	tokens := n.Stream != nil || mayHold(v.env, v.w, n)
	err := v.pack.Identify(n)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.odd = v.odd || err != nil || len(v.named) > maxNews; v.odd {
		return nil
	}
	v.tokens = v.tokens || tokens
	switch n.Type {
	case odb.Tree:
		err = n.TreeDiff(v.pack.Store.HashLen(), v.entry, nil)
	case odb.Commit, odb.Tag:
		if err = odb.ParseHeader(n.Data, &v.header); err == nil {
			v.names()
			v.commit(n)
		}
	}
	v.odd = v.odd || err != nil
	return nil
}

// mayHold reports whether an object has a match, or is read in another way than as text.
func mayHold(env *Env, w *worker, n *odb.Node) bool {
	n.Search(env.Rules, w.matches[:0], &w.ranges, func(rules.Match) bool { return false })
	return n.Matched() || container(n) != archive.None || n.Type == odb.Blob && mayPoint(n.Data)
}

// commit takes a commit or a tag for what is remembered.
func (v *newsNamer) commit(n *odb.Node) {
	id := v.pack.Store.ID(n.Obj)
	if n.Type == odb.Tag {
		v.commits = append(v.commits, outline.NewTag(id, n.Data))
		return
	}
	c, ok := outline.NewCommit(id, &v.header)
	v.odd = v.odd || !ok
	v.commits = append(v.commits, c)
}

// entry takes an entry of a tree.
func (v *newsNamer) entry(e odb.TreeEntry) {
	if e.Mode == odb.ModeModule {
		return
	}
	id := string(e.ID)
	v.named[id] = struct{}{}
	if name := string(e.Name); isUnsigned(e) && (v.unsigned[id] == "" || name < v.unsigned[id]) {
		v.unsigned[id] = name
	}
}

// names takes the ids in a header.
func (v *newsNamer) names() {
	h := &v.header
	for _, list := range [][][]byte{{h.Tree}, h.Parents, {h.Object}} {
		for _, id := range list {
			if len(id) == 0 {
				continue
			}
			raw, ok := wire.Unhex(string(id))
			if !ok || len(raw) != v.pack.Store.HashLen() {
				v.odd = true
				return
			}
			v.named[string(raw)] = struct{}{}
			if string(id) == string(h.Tree) {
				v.roots[string(raw)] = struct{}{}
			} else {
				v.links = append(v.links, string(raw))
			}
		}
	}
}

// Failed notes that an object cannot be read.
func (v *newsNamer) Failed(odb.Obj, odb.Type, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.odd = true
}

// linked reports whether everything that the news name was sent or read before, and
// whether no name says more of what was read than names did then.
func (n *news) linked() bool {
	for id := range n.named {
		n.known[keyOf([]byte(id))] = false
	}
	for id := range n.sent {
		n.known[keyOf([]byte(id))] = false
	}
	n.last.has(n.known)
	for id := range n.named {
		if _, ok := n.sent[id]; !ok && !n.known[keyOf([]byte(id))] && !odb.IsEmptyTree([]byte(id)) {
			return false
		}
	}
	for id, name := range n.unsigned {
		if was, ok := n.last.Unsigned[hex.EncodeToString([]byte(id))]; n.known[keyOf([]byte(id))] && (!ok || name < was) {
			return false
		}
	}
	return true
}

// covers reports whether the refs still reach all that was read before, and name
// nothing that is not there. What they do not reach does not count any longer, and
// what it had is not remembered.
func (n *news) covers(a *fetch.Advert) bool {
	var from []int
	tips := map[string]bool{}
	for _, id := range a.IDs() {
		tips[id] = true
		raw, _ := wire.Unhex(id) // fetch has checked it
		i, old := n.last.outline.Find(raw)
		if _, ok := n.sent[string(raw)]; !ok && !old {
			return false
		}
		if old {
			from = append(from, i)
		}
	}
	for _, id := range n.links {
		if i, ok := n.last.outline.Find([]byte(id)); ok {
			from = append(from, i)
		}
	}
	var missing []int
	for _, id := range n.last.Tips {
		i, _ := n.last.find(id) // parseVisited has checked it
		switch {
		case tips[id]:
		case n.last.outline.Objects[i].Type != odb.Commit:
			return false
		default:
			missing = append(missing, i)
		}
	}
	left := math.MaxInt
	return n.last.outline.Leads(from, missing, &left)
}

// open opens the store of the news and what is remembered.
func (n *news) open(env *Env) {
	r := n.repo
	if n.pack != nil {
		r.Store = n.pack.Index()
	} else {
		r.Store = odb.OpenFolders(odb.Folders{}, n.last.outline.Hash, odb.LimitsOf(env.Budget))
	}
	if n.light() {
		var tips []int
		for _, id := range n.last.Tips {
			i, _ := n.last.find(id) // parseVisited has checked it
			tips = append(tips, i)
		}
		for _, ref := range r.Refs {
			if i, ok := n.last.find(ref.ID); ok {
				tips = append(tips, i)
			}
		}
		odb.AddGiven(r.Store, n.last.outline.Bare(tips))
		return
	}
	var also [][]byte
	for id := range n.roots {
		if _, ok := n.sent[id]; !ok {
			also = append(also, []byte(id))
		}
	}
	odb.AddGiven(r.Store, n.last.outline.Given(also))
}

// light reports whether there is no story to tell, so that the store needs no history.
func (n *news) light() bool {
	return !n.tokens && len(n.unsigned) == 0 && len(n.last.Hits) == 0 && n.plainTips()
}

// plainTips reports whether all refs name commits or tags, or what they named before.
func (n *news) plainTips() bool {
	sent := map[string]bool{}
	for i := range n.commits {
		sent[string(n.commits[i].ID)] = true
	}
	return !slices.ContainsFunc(n.repo.Refs, func(ref repo.Ref) bool {
		raw, ok := wire.Unhex(ref.ID)
		return !ok || !sent[string(raw)] && !n.last.holds(ref.ID)
	})
}

// anchor finds the file at HEAD that reports show what stands in no file at. It
// returns false if that is not known: folders that were not sent are not remembered.
func (n *news) anchor(env *Env) bool {
	r := n.repo
	if r.Head == n.last.Head {
		r.Anchor = &n.last.Anchor
		return true
	}
	at, sent := r.Store.FindHex(r.Head)
	if !sent || !r.Store.InPack(at, 0) || n.pack == nil {
		return false
	}
	tree, found := n.rootOf(at)
	if !found {
		return false
	}
	if _, ok := n.sent[string(r.Store.ID(tree))]; !ok {
		return false
	}
	name := collect.AnchorAt(r.Store, r.Head, env.Rules)
	for _, c := range name {
		if c == '/' {
			return false
		}
	}
	return name != ""
}

func (n *news) rootOf(commit odb.Obj) (odb.Obj, bool) {
	var h odb.Header
	_, data, err := n.repo.Store.Read(commit)
	if err != nil || odb.ParseHeader(data, &h) != nil {
		return odb.None, false
	}
	return n.repo.Store.FindHex(string(h.Tree))
}

// search searches the news, and adds what is remembered.
func (n *news) search(ctx context.Context, env *Env) error {
	r, sink := n.repo, env.Sink
	sink.Meter.AllObjects.Add(n.last.Read.Objects)
	sink.Meter.Objects.Add(n.last.Read.Objects)
	sink.Add(n.last.Read)
	for i := range n.last.Hits {
		h, err := n.last.Hits[i].Hit(env.Rules)
		at, ok := r.Store.FindHex(n.last.Hits[i].Object)
		if err != nil || !ok {
			continue // parseVisited has checked both
		}
		h.ID, h.Repo, h.Object, h.Type = "", &r.Repository, at, objectType(h.Kind)
		sink.Hit(h)
	}
	for _, key := range n.last.Pointed {
		if raw, ok := wire.Unhex(key); ok {
			r.Point(raw, odb.None)
		}
	}
	for id, name := range n.unsigned {
		if !n.known[keyOf([]byte(id))] {
			r.addUnsigned([]byte(id), name)
		}
	}
	if n.pack == nil {
		return nil
	}
	sink.Meter.AllObjects.Add(int64(len(n.sent)))
	sink.Meter.Begin(collect.Reading, r.Store.PackSize(0))
	var jobs []job
	for _, f := range r.Store.PackFamilies(0) {
		jobs = append(jobs, n.family(env, f))
	}
	if err := env.run(ctx, jobs...); err != nil {
		return err
	}
	return readUnsigned(ctx, env, r)
}

// family returns the job of searching a family of news.
func (n *news) family(env *Env, f odb.Family) job {
	return func(ctx context.Context, w *worker) error {
		walker := w.walker(n.repo.Store)
		walker.Sparse, walker.Thorough = true, true
		walker.Share = func(part odb.Family) bool { return w.pool.AddIfIdle(n.family(env, part)) }
		return walker.Walk(ctx, f, &newsVisitor{&visitor{ctx: ctx, env: env, repo: n.repo, w: w, part: true}, n})
	}
}

// newsVisitor is the visitor that searches news. A server may send again what was read
// before, as after a revert. It is searched, since another object may have the same key,
// and not counted.
type newsVisitor struct {
	*visitor
	news *news
}

func (v *newsVisitor) Visit(n *odb.Node) error {
	if v.news.known[keyOf(v.repo.Store.ID(n.Obj))] {
		return v.search(n)
	}
	return v.visitor.Visit(n)
}
