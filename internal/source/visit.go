package source

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"unicode/utf8"

	"r8scan/internal/collect"
	"r8scan/internal/git/fetch"
	"r8scan/internal/git/history"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/outline"
	"r8scan/internal/git/repo"
	"r8scan/result"
)

// visit is a scan of a repository on a server, which is remembered for the next one.
type visit struct {
	env    *Env
	name   string // under which it is remembered
	last   *visited
	repo   *repository
	before collect.Progress // of the sink
	read   collect.Progress // of the repository
	kept   bool             // read is all of it
	news   *news            // nil if all was read
}

// visitKind is what git repositories are remembered as.
const visitKind = "git"

// visit returns the visit, with what is remembered of the last one. A scan that
// compares all ids remembers nothing.
func (s *Remote) visit(env *Env) *visit {
	if env.Visits == nil || env.CheckIDs {
		return nil
	}
	v := &visit{env: env, name: fmt.Sprintf("%s %d %d", s.at, s.most, env.Budget.Total)}
	v.before, _ = env.Sink.Since(collect.Progress{})
	body, err := env.Visits.Load(visitKind, v.name)
	if err != nil {
		return v
	}
	if v.last, err = parseVisited(body, env.Rules); err != nil || int64(len(v.last.outline.Objects))*visitCost > env.Budget.Total {
		v.last = nil
	}
	return v
}

// serves reports whether what is remembered may be used.
func (v *visit) serves(a *fetch.Advert) bool {
	return v != nil && v.last != nil && v.last.outline.Hash == a.Hash && len(a.Shallow) == 0 &&
		len(a.Refs) > 0 && !(v.env.NeedSecrets && len(v.last.Hits) > 0)
}

// again scans what is new since the last visit. It returns nil if all must be read.
// Then the session may have been used, and nothing is in the sink.
func (s *Remote) again(ctx context.Context, env *Env, session *fetch.Session, v *visit) (read *Read, err error) {
	r := s.repository(env, session.Advert)
	n := &news{last: v.last, repo: r}
	wants, haves := v.last.wants(session.Advert)
	if len(wants) > 0 {
		spool, err := fetch.NewSpool(s.most)
		if err != nil {
			return nil, nil // it is told when all is read
		}
		defer spool.File.Close() // a mapping stays
		env.Sink.Meter.Begin(collect.Receiving, 0)
		if err := session.Fetch(ctx, wants, haves, counted{spool, env.Sink.Meter}); err != nil {
			return nil, ctx.Err()
		}
		if n.pack, err = odb.OpenUnindexed(spool.File, spool.Size, "the received pack", session.Hash, odb.LimitsOf(env.Budget)); err != nil {
			return nil, nil
		}
	}
	fits, err := n.fit(ctx, env, session.Advert)
	if err != nil || !fits {
		n.close()
		return nil, err
	}
	if n.open(env); !n.anchor(env) {
		r.Store.Close()
		return nil, nil
	}
	if err := n.search(ctx, env); err != nil {
		r.Store.Close()
		return nil, err
	}
	v.news = n
	v.end(r)
	return s.read(r), nil
}

// close closes the pack of news that are not used.
func (n *news) close() {
	if n.pack != nil {
		n.pack.Store.Close()
	}
}

// end ends the reading of a repository: with the result, it is remembered.
func (v *visit) end(r *repository) {
	if v == nil {
		return
	}
	v.repo = r
	v.read, v.kept = v.env.Sink.Since(v.before)
	r.Told = v.told
}

// told says what is new since the last visit, and remembers this one.
func (v *visit) told(ctx context.Context, t collect.Told) {
	if v.same() {
		v.tell(t, v.last.Hits, v.last)
		return
	}
	hits, now := v.remember(ctx, t.Graph)
	if v.last != nil {
		v.tell(t, hits, now)
	}
	if now == nil {
		return
	}
	if body, err := now.encode(); err == nil {
		_ = v.env.Visits.Save(visitKind, v.name, body) // without it, the next scan reads all
	}
}

// remember returns the matches, and what is remembered; nil if that cannot be told.
func (v *visit) remember(ctx context.Context, g *history.Graph) (hits []collect.SavedHit, now *visited) {
	r, set := v.repo, v.env.Rules
	b := outline.Builder{Store: r.Store, Graph: g, Mask: set.Redact, Budget: v.env.Budget, Goroutines: v.env.Goroutines}
	all, whole := v.env.Sink.Hits()
	for i := range all {
		if h := &all[i]; h.Repo == &r.Repository {
			saved, ok := h.Save(set)
			whole = whole && ok
			hits = append(hits, saved)
			b.Objects = append(b.Objects, h.Object)
		}
	}
	pointed, everyPointer := r.Pointed.All()
	unsigned, everyName := r.unsigned.All()
	if !whole || !v.kept || !everyPointer || !everyName || !v.sound(len(hits)) {
		return hits, nil
	}
	now = &visited{Head: r.Head, Read: v.read, Hits: hits, Unsigned: map[string]string{}}
	for i, u := range v.read.Unread {
		now.Read.Unread[i] = result.Unread{What: set.Redact(u.What), Reason: set.Redact(u.Reason)}
	}
	for _, ref := range r.Refs {
		now.Refs = append(now.Refs, repo.Ref{Name: set.Redact(ref.Name), ID: ref.ID})
		now.Tips = append(now.Tips, ref.ID)
	}
	if r.Head != "" {
		now.Tips = append(now.Tips, r.Head)
	}
	slices.Sort(now.Tips)
	now.Tips = slices.Compact(now.Tips)
	for _, id := range now.Tips {
		at, ok := r.Store.FindHex(id)
		if !ok {
			return hits, nil
		}
		b.Objects = append(b.Objects, at)
	}
	for key := range pointed {
		now.Pointed = append(now.Pointed, hex.EncodeToString([]byte(key)))
	}
	for id, name := range unsigned {
		if set.Redact(name) != name || !utf8.ValidString(name) {
			return hits, nil
		}
		now.Unsigned[hex.EncodeToString([]byte(id))] = name
	}
	if now.Anchor = collect.AnchorAt(r.Store, r.Head, set); r.Anchor != nil {
		now.Anchor = *r.Anchor
	}
	v.keep(now)
	var err error
	if v.news != nil && len(hits) == 0 && v.news.light() {
		now.outline, err = outline.Merge(v.last.outline, v.news.commits, set.Redact)
	} else {
		now.outline, err = b.Build(ctx)
	}
	if err != nil {
		return hits, nil
	}
	return hits, now
}

// same reports whether a server has what it had at the last visit.
func (v *visit) same() bool {
	return v.news != nil && v.news.pack == nil && v.repo.Head == v.last.Head && slices.EqualFunc(v.repo.Refs, v.last.Refs, func(is, was repo.Ref) bool {
		return is.ID == was.ID && v.env.Rules.Redact(is.Name) == was.Name
	})
}

// Limits on what is remembered of a repository.
const (
	maxVisitHits   = 1 << 17
	maxVisitUnread = 1 << 12
	visitCost      = 256 // bytes of memory for a commit; all of them may take half of the budget
)

// sound reports whether a repository can be remembered: all of its commits and trees
// were read, and everything is there.
func (v *visit) sound(hits int) bool {
	faults, _ := v.env.Sink.Faults()
	_, every := v.repo.Missing.All()
	return every && !v.repo.Lacks() && !v.repo.Promised && v.repo.Shallow == 0 && len(v.repo.Store.Problems()) == 0 &&
		hits < maxVisitHits && len(v.read.Unread) < maxVisitUnread && v.read.Commits*visitCost < v.env.Budget.Total/2 &&
		!slices.ContainsFunc(faults, func(f collect.Fault) bool { return f.Type != odb.Blob })
}

// keep adds what the last visit has that this one has not read again, and the keys of
// all objects.
func (v *visit) keep(now *visited) {
	add := func(key uint64) { now.keys = binary.BigEndian.AppendUint64(now.keys, key) }
	if v.news == nil {
		v.repo.eachKey(add)
		return
	}
	for id, name := range v.last.Unsigned {
		if was, ok := now.Unsigned[id]; !ok || name < was {
			now.Unsigned[id] = name
		}
	}
	now.keys = slices.Clone(v.last.keys)
	for id := range v.news.sent {
		if key := keyOf([]byte(id)); !v.news.known[key] {
			add(key)
		}
	}
}
