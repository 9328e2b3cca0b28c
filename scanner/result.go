package scanner

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"r8scan/rules"
)

// findingKey tells tokens apart.
type findingKey struct{ rule, secret string }

// draft is a finding that is being put together.
type draft struct {
	Finding
	why   string // why the confidence is no higher; "" for medium and high
	seen  map[placeKey]bool
	taken int64 // bytes, by the places
}

// belowBecause says why the finding's confidence is as low as it is.
func (d *draft) belowBecause() string {
	if d.why == "" {
		return d.Confidence.String() + " confidence"
	}
	return d.why
}

type placeKey struct {
	path, member, object, kind string
	line, column               int
}

// drafts are findings by token.
type drafts struct {
	m     map[findingKey]*draft
	rules *rules.Set
	room  int64 // bytes for further places
	token int64 // bytes for the places of one token
	lost  int64 // places for which there was none
}

// locationCost is what a place takes in a result and when that is written,
// beside its texts.
const locationCost = 512

// add notes a place of a token. The highest confidence of its places counts.
func (d *drafts) add(m rules.Match, place Location, exposure Exposure) {
	key := findingKey{m.Rule.ID, m.Secret.Reveal()}
	f := d.m[key]
	if f == nil {
		f = &draft{Finding: Finding{Rule: m.Rule.ID, Secret: m.Secret, Exposure: exposure, Confidence: m.Confidence},
			why: m.Why, seen: map[placeKey]bool{}}
		d.m[key] = f
	}
	if m.Confidence > f.Confidence || m.Confidence == f.Confidence && m.Why < f.why { // whichever comes first
		f.Confidence, f.why = m.Confidence, m.Why
	}
	if worse(exposure, f.Exposure) {
		f.Exposure = exposure
	}
	place.Path, place.Member = d.rules.Redact(place.Path), d.rules.Redact(place.Member)
	place.Encoding = m.Encoding
	if m.Allowed {
		place.AllowedBy = AllowedByLine
	}
	at := placeKey{place.Path, place.Member, place.Object, place.Kind, place.Line, place.Column}
	if f.seen[at] {
		return
	}
	cost := locationCost + 2*int64(len(at.path)+len(at.member))
	if d.room < cost || f.taken+cost > d.token {
		if len(f.Locations) > 0 {
			d.lost++
			return
		}
	}
	d.room, f.taken = d.room-cost, f.taken+cost
	f.seen[at] = true
	f.Locations = append(f.Locations, place)
}

var exposures = []Exposure{ExposureHistory, ExposureTracked, ExposureStaged, ExposureUntracked, ExposureIgnored}

func worse(a, b Exposure) bool { return slices.Index(exposures, a) < slices.Index(exposures, b) }

// result puts together what the jobs have found.
func (r *run) result(ctx context.Context, target Target, root string) (*Result, error) {
	found := &drafts{m: map[findingKey]*draft{}, rules: r.opts.Rules, room: 2 * r.budget.Found, token: r.budget.Found / 4}
	files, lost := r.fileHits.all()
	for _, h := range files {
		r.addFile(found, h)
	}
	objects, more := r.objectHits.all()
	lost += more
	if len(r.repos) > 1 {
		slices.SortFunc(r.repos[1:], func(a, b *repository) int { return cmp.Compare(a.name, b.name) }) // they were found side by side
	}
	for i, repo := range r.repos {
		if i == 0 {
			target.Head = repo.head
		}
		if err := r.tellHistory(ctx, repo, objects, found); err != nil {
			return nil, err
		}
		r.nameUnread(repo)
	}
	if lost += found.lost; lost > 0 {
		r.addUnread("places of tokens", fmt.Sprintf("%d are more than a result can hold, and are not listed: --max-memory sets the limit", lost))
	}
	target.Path = r.opts.Rules.Redact(target.Path)
	res := &Result{Target: target, Rules: r.opts.Rules, Root: root, Coverage: r.coverage(), LeftOut: map[string]int{}}
	if !r.opts.Unjudged {
		var notes []string
		res.Coverage.Unread, res.Coverage.Accepted, notes = r.judge.accepts(res.Coverage.Unread)
		r.notes = append(r.notes, notes...)
	}
	for _, d := range found.m {
		if d.Confidence < r.opts.MinConfidence {
			res.LeftOut[d.belowBecause()]++
			continue
		}
		slices.SortFunc(d.Locations, compareLocations)
		if a, ok := r.judge.allows(&d.Finding); ok && !r.opts.Unjudged {
			res.Allowed = append(res.Allowed, a)
			continue
		}
		res.Findings = append(res.Findings, d.Finding)
	}
	slices.SortFunc(res.Findings, compareFindings)
	slices.SortFunc(res.Allowed, compareAllowed)
	res.Notes = slices.Sorted(slices.Values(append(r.notes, r.judge.expiredAmong(res.Findings)...)))
	for i, note := range res.Notes {
		res.Notes[i] = r.opts.Rules.Redact(note)
	}
	for _, repo := range r.repos {
		repo.store.Close()
	}
	return res, nil
}

// compareFindings orders by what is worst, then by place, then by token.
func compareFindings(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(slices.Index(exposures, a.Exposure), slices.Index(exposures, b.Exposure)),
		cmp.Compare(b.Confidence, a.Confidence),
		compareLocations(a.Locations[0], b.Locations[0]),
		cmp.Compare(a.Secret.ID(), b.Secret.ID()),
		cmp.Compare(a.Rule, b.Rule))
}

func compareAllowed(a, b Allowed) int {
	return cmp.Or(cmp.Compare(a.By, b.By), cmp.Compare(a.TokenID, b.TokenID), cmp.Compare(a.Rule, b.Rule))
}

// kinds orders locations: what an editor can open first.
var kinds = []string{KindFile, KindConfig, KindIndex, KindBlob, KindCommit, KindTag, KindTree, KindRef, KindReflog}

func compareLocations(a, b Location) int {
	return cmp.Or(
		cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)),
		cmp.Compare(a.Path, b.Path),
		cmp.Compare(a.Member, b.Member),
		cmp.Compare(a.Object, b.Object),
		cmp.Compare(a.Line, b.Line),
		cmp.Compare(a.Column, b.Column))
}

// addFile adds a match in a file with the exposure that git gives it.
func (r *run) addFile(found *drafts, h fileHit) {
	found.add(h.match, h.place, r.exposure(h))
}

func (r *run) exposure(h fileHit) Exposure {
	switch h.place.Kind {
	case KindRef, KindReflog:
		return ExposureHistory
	case KindIndex: // a name that is to be committed
		return ExposureStaged
	}
	if h.tree == nil {
		return ExposureUntracked
	}
	path := h.place.Path
	if h.tree.name != "" {
		path = strings.TrimPrefix(path, h.tree.name+"/")
	}
	switch {
	case h.tree.tracks(path):
		return ExposureTracked
	case h.tree.ignores(path):
		return ExposureIgnored
	}
	return ExposureUntracked
}
