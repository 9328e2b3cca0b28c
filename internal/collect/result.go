package collect

import (
	"cmp"
	"context"
	"slices"

	"r8scan/internal/budget"
	"r8scan/internal/policy"
	"r8scan/internal/search"
	"r8scan/result"
	"r8scan/rules"
)

// Run is what a run found and read, and the settings for findings.
type Run struct {
	Sink          *Sink
	Repos         []*Repository // the one that the user named comes first
	Budget        *budget.Budget
	Goroutines    int
	Rules         *rules.Set // what was searched for
	Paths         policy.Paths
	Policy        *policy.Policy
	ReportAllowed bool             // report allowed tokens too
	MinConfidence rules.Confidence // findings below it are counted, not kept
}

// Result returns the result. Its paths are relative to the absolute path root. It
// fails only when ctx is done, and closes the repositories.
func (r *Run) Result(ctx context.Context, target result.Target, root string) (*result.Result, error) {
	defer func() {
		for _, repo := range r.Repos {
			repo.Store.Close()
		}
	}()
	found, err := r.findings(ctx)
	if err != nil {
		return nil, err
	}
	target.Path, target.Root = r.Rules.Redact(target.Path), r.Rules.Redact(target.Root)
	if len(r.Repos) > 0 {
		r.Repos[0].describe(&target, r.Rules)
	}
	res := &result.Result{Target: target, Rules: r.Rules, Root: root, Coverage: r.Sink.coverage(r.Rules), LeftOut: map[string]int{}}
	if !r.ReportAllowed {
		var notes []string
		res.Coverage.Unread, res.Coverage.Accepted, notes = r.Policy.Accepts(res.Coverage.Unread)
		r.Sink.notes = append(r.Sink.notes, notes...)
	}
	res.Findings = make([]result.Finding, 0, len(found))
	for _, d := range found {
		if d.Confidence < r.MinConfidence {
			res.LeftOut[d.belowBecause()]++
			continue
		}
		slices.SortFunc(d.Locations, result.Location.Compare)
		if a, ok := r.Policy.Allows(&d.Finding); ok && !r.ReportAllowed {
			res.Allowed = append(res.Allowed, a)
			continue
		}
		res.Findings = append(res.Findings, d.Finding)
	}
	slices.SortFunc(res.Findings, compareFindings)
	slices.SortFunc(res.Allowed, compareAllowed)
	res.Notes = append(r.Sink.notes, r.Policy.Expired(res.Findings)...)
	for _, repo := range r.Repos {
		if repo.Told != nil {
			repo.Told(ctx, Told{res, repo.graph, r.MinConfidence})
		}
	}
	res.Notes = slices.Compact(slices.Sorted(slices.Values(res.Notes)))
	for i, note := range res.Notes {
		res.Notes[i] = r.Rules.Redact(note)
	}
	return res, nil
}

// findings joins the matches to findings by token, each with its history, and names
// the faults of the repositories.
func (r *Run) findings(ctx context.Context) (map[search.Key]*draft, error) {
	disk := &onDisk{}
	found := &drafts{m: map[search.Key]*draft{}, rules: r.Rules, room: 2 * r.Budget.Found, token: r.Budget.Found / 4}
	hits, lost := r.Sink.hits.all()
	if !slices.ContainsFunc(r.Repos, func(repo *Repository) bool { return repo.Told != nil }) { // nobody else asks for them
		r.Sink.release()
	}
	in := map[*Repository][]Hit{}
	disk.look(hits)
	for i := range hits {
		h := &hits[i]
		if h.Repo != nil {
			in[h.Repo] = append(in[h.Repo], *h)
			continue
		}
		found.add(&h.Match, result.Location{Path: h.Path, Member: h.Member, Line: h.From.Line, Column: h.From.Column, EndColumn: h.To.Column,
			Object: h.ID, Kind: h.Kind, Header: h.Header, URL: h.URL, Part: h.Part, Layer: h.Layer, MadeBy: h.MadeBy, GoneIn: h.GoneIn}, disk.exposure(h))
		if by := disk.copiedBy(h); by != "" {
			d := found.of(&h.Match)
			d.CopiedBy = cmp.Or(d.CopiedBy, r.Rules.Redact(by))
		}
	}
	if len(r.Repos) > 1 {
		slices.SortFunc(r.Repos[1:], func(a, b *Repository) int { return cmp.Compare(a.Name, b.Name) }) // they were found concurrently
	}
	for _, repo := range r.Repos {
		if hits := in[repo]; len(hits) > 0 {
			s := storyteller{run: r, repo: repo, found: found}
			if err := s.tell(ctx, hits); err != nil {
				return nil, err
			}
		}
		repo.nameUnread(r.Sink)
	}
	if lost += found.lost; lost > 0 {
		r.Sink.Unread(unlisted(lost))
	}
	return found.m, nil
}
