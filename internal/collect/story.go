package collect

import (
	"context"
	"fmt"
	"slices"

	"r8scan/internal/budget"
	"r8scan/internal/git/history"
	"r8scan/internal/git/odb"
	"r8scan/internal/search"
	"r8scan/result"
)

// storyteller adds the matches in a repository's objects to findings, with each
// token's places and history.
type storyteller struct {
	run   *Run
	repo  *Repository
	found *drafts

	graph  *history.Graph
	scope  *history.Scope      // nil for all of it
	staged map[search.Key]bool // tokens in the index that no commit has
}

// tell adds hits. All of them must be in the repository's objects.
func (s *storyteller) tell(ctx context.Context, hits []Hit) (err error) {
	var tokens []*history.Token
	var marks []history.Hit
	told := map[search.Key]*history.Token{}
	for i := range hits {
		h := &hits[i]
		key := h.Key()
		token := told[key]
		if token == nil {
			token = &history.Token{}
			told[key] = token
			tokens = append(tokens, token)
		}
		marks = append(marks, history.Hit{Obj: h.Object, Type: h.Type, Token: token, Name: h.Name})
	}
	if s.graph, err = Graph(ctx, s.repo, s.run.Sink, marks, s.run.Budget, s.run.Goroutines); err != nil {
		return err
	}
	s.repo.graph = s.graph
	if s.repo.Span != nil {
		s.scope = s.graph.Range(s.repo.Span)
	}
	s.places(hits)
	s.graph.Stories(tokens, s.repo.tips(), s.scope)
	for key, token := range told {
		switch d := s.found.m[key]; {
		case !token.Story.News:
			delete(s.found.m, key)
		case d != nil && d.History == nil && !s.staged[key]:
			d.History = s.story(&token.Story)
		}
	}
	return nil
}

// Graph returns the part of a repository's history that leads to hits. It names the
// commits that are in a circle. It fails only when ctx is done.
func Graph(ctx context.Context, repo *Repository, sink *Sink, hits []history.Hit, b *budget.Budget, goroutines int) (*history.Graph, error) {
	phase := Commits
	if len(hits) > 0 {
		phase = Following
	}
	sink.Meter.Begin(phase, repo.Store.PackedSize())
	g, err := history.Read(ctx, repo.Store, hits, b, goroutines, &sink.Meter.Done)
	if err != nil {
		return nil, err
	}
	lost := g.Circular()
	for i, o := range lost {
		what := "commit " + repo.Store.Hex(o)
		if i == maxNamed {
			what = fmt.Sprintf("%d more commits", len(lost)-i)
		}
		sink.Unread(repo.Label(what), "it, or an ancestor of it, is its own ancestor: its content was searched, but has no history")
		if i == maxNamed {
			break
		}
	}
	return g, nil
}

// places adds the places of hits. A token whose blobs are in the index and in no
// commit is staged.
func (s *storyteller) places(hits []Hit) {
	places, complete := s.graph.Places(s.scope, s.run.Budget.Work/2)
	if !complete {
		s.run.Sink.Unread(s.repo.Label("paths in the history"), "there are too many; some locations lack their path: --max-memory sets the limit")
	}
	at := map[odb.Obj][]history.Place{}
	for _, p := range places {
		at[p.Obj] = append(at[p.Obj], p)
	}
	paths := history.NewPaths(s.repo.Store)
	index, now := s.repo.stagedPaths(hits, paths), s.repo.currentTrees()
	current := func(blob odb.Obj, path string) bool {
		return slices.ContainsFunc(now, func(tree odb.Obj) bool {
			o, ok := paths.Find(tree, path)
			return ok && o == blob
		})
	}
	s.staged = map[search.Key]bool{}
	committed := map[search.Key]bool{}
	for i := range hits {
		h := &hits[i]
		key := h.Key()
		if s.inIndex(h, index[h.Object]) {
			s.staged[key] = true
		}
		if s.inCommits(h, at[h.Object], len(index[h.Object]) > 0, current) {
			committed[key] = true
		}
	}
	for key := range committed {
		delete(s.staged, key)
	}
}

// location returns the place of a hit, without the path.
func (s *storyteller) location(h *Hit) result.Location {
	return result.Location{Member: h.Member, Line: h.From.Line, Column: h.From.Column, EndColumn: h.To.Column,
		Object: s.repo.Store.Hex(h.Object), Kind: h.Kind, Header: h.Header, URL: s.repo.From.Page}
}

// inIndex adds the paths where the index has the hit's object and HEAD does not.
func (s *storyteller) inIndex(h *Hit, paths []string) (added bool) {
	for _, path := range paths {
		if s.run.Paths.Keeps(path, "") {
			in := s.location(h)
			in.Path, in.Kind = path, result.KindIndex
			s.found.add(&h.Match, in, result.ExposureStaged)
			added = true
		}
	}
	return added
}

// inCommits adds the places of a hit in the history, and reports whether it is in
// the history. An object that the index has is there only if a commit has it.
func (s *storyteller) inCommits(h *Hit, places []history.Place, inIndex bool, current func(odb.Obj, string) bool) bool {
	base := s.location(h)
	switch {
	case s.scope != nil && (h.Type == odb.Tag || h.Type == odb.Commit) && !s.graph.Has(s.scope, h.Object):
		return false
	case h.Type == odb.Commit:
		base.Commit, base.Committed = base.Object, s.graph.When(h.Object)
		places = []history.Place{{Commit: odb.None}}
	case h.Type == odb.Tag:
		places = []history.Place{{Commit: odb.None}}
	case inIndex && !slices.ContainsFunc(places, func(p history.Place) bool { return p.Commit != odb.None }):
		return false
	}
	for _, p := range places {
		in := base
		if p.Path != "" || h.Name != "" {
			in.Path = Join(s.repo.Name, Join(p.Path, h.Name))
		}
		if p.Commit != odb.None {
			in.Commit, in.Committed = s.repo.Store.Hex(p.Commit), s.graph.When(p.Commit)
		}
		in.Current = h.Type == odb.Blob && p.Path != "" && current(h.Object, p.Path)
		if in.Path == "" && s.run.Paths.Only() || in.Path != "" && !s.run.Paths.Keeps(in.Path, "") {
			continue
		}
		s.found.add(&h.Match, in, result.ExposureHistory)
	}
	return true
}

// story converts a story. Tokens in names are masked.
func (s *storyteller) story(told *history.Story) *result.History {
	h := &result.History{AtHead: told.AtHead, Reachable: told.Reachable, Refs: []string{},
		Introduced: s.event(told.Introduced), Removed: s.event(told.Removed)}
	for _, name := range told.Refs {
		h.Refs = append(h.Refs, s.run.Rules.Redact(name))
	}
	return h
}

func (s *storyteller) event(e *history.Event) *result.Event {
	if e == nil {
		return nil
	}
	out := &result.Event{Commit: s.repo.Store.Hex(e.Commit), Date: e.When, Author: s.run.Rules.Redact(e.Author)}
	if e.Path != "" {
		out.Path = s.run.Rules.Redact(Join(s.repo.Name, e.Path))
	}
	return out
}
