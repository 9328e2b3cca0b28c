package collect

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"r8scan/internal/budget"
	"r8scan/result"
	"r8scan/rules"
)

// Union joins the results of many repositories. A token is one finding, however many
// of them hold it.
type Union struct {
	rules   *rules.Set
	res     result.Result
	at      map[tokenOf]*joined
	allowed map[allowedKey]int  // index in res.Allowed
	since   map[string]bool     // ids of tokens that some repository had at its last scan, and has
	notes   map[string][]string // what is told of several repositories, by aboutMany
	room    int64               // bytes left for places
	token   int64               // bytes for the places of one token
	lost    int64               // places without room
}

type tokenOf struct {
	rule   string
	digest [sha256.Size]byte
}

type allowedKey struct{ id, rule, by string }

// joined is an unfinished finding, with its stories in the order of repositories.
type joined struct {
	result.Finding
	stories []result.History
	taken   int64 // bytes of the places
}

// NewUnion returns an empty one.
func NewUnion(b *budget.Budget, set *rules.Set) *Union {
	return &Union{rules: set, at: map[tokenOf]*joined{}, allowed: map[allowedKey]int{}, since: map[string]bool{}, notes: map[string][]string{},
		res: result.Result{Rules: set, LeftOut: map[string]int{}}, room: 2 * b.Found, token: b.Found / 4}
}

// Tokens is how many tokens were found so far.
func (u *Union) Tokens() int { return len(u.at) }

// Add adds the result of one repository, or of an image. The order of calls decides
// what is dropped beyond a limit.
func (u *Union) Add(of result.Repository, res *result.Result) {
	of.URL, of.Complete = u.rules.Redact(of.URL), res.Coverage.Complete()
	u.res.Target.Repositories = append(u.res.Target.Repositories, of)
	for _, f := range res.Findings {
		u.finding(of, f)
	}
	for _, a := range res.Allowed {
		u.allow(of, a)
	}
	for why, n := range res.LeftOut {
		u.res.LeftOut[why] += n
	}
	for _, note := range res.Notes {
		about := aboutMany(of, note)
		u.notes[about] = append(u.notes[about], named(of, note))
	}
	u.read(of, res.Coverage)
	if res.Target.Kind == "image" {
		u.res.Coverage.Images++
	} else {
		u.res.Coverage.Repositories++
	}
	u.sinceThen(of, res.Since)
}

// Miss adds a repository of which nothing could be read.
func (u *Union) Miss(of result.Repository, reason string) {
	of.URL = u.rules.Redact(of.URL)
	u.res.Target.Repositories = append(u.res.Target.Repositories, of)
	u.Unread(of.URL, reason)
}

// Unread adds something that could not be read.
func (u *Union) Unread(what, reason string) {
	u.res.Coverage.Unread = append(u.res.Coverage.Unread, result.Unread{What: u.rules.Redact(what), Reason: u.rules.Redact(reason)})
}

// Note adds what the user should know.
func (u *Union) Note(text string) { u.res.Notes = append(u.res.Notes, u.rules.Redact(text)) }

func (u *Union) finding(of result.Repository, f result.Finding) {
	key := tokenOf{f.Rule, f.Secret.Digest()}
	j := u.at[key]
	if j == nil {
		j = &joined{Finding: f}
		j.Locations, j.History = nil, nil
		u.at[key] = j
	}
	if j.Secret.IsRemembered() {
		j.Secret = f.Secret
	}
	j.Confidence = max(j.Confidence, f.Confidence)
	if f.Exposure.Compare(j.Exposure) < 0 {
		j.Exposure = f.Exposure
	}
	j.CopiedBy = cmp.Or(j.CopiedBy, f.CopiedBy)
	if f.History != nil {
		h := *f.History
		h.Repository, h.Fork = of.URL, of.Fork
		j.stories = append(j.stories, h)
	}
	j.Locations = append(j.Locations, u.places(of, f.Locations, &j.taken)...)
}

// places returns the places for which there is room, at least the first of a repository.
func (u *Union) places(of result.Repository, locations []result.Location, taken *int64) []result.Location {
	var kept []result.Location
	for i, l := range locations {
		if l.Kind != result.KindLayer && l.Kind != result.KindImage { // the path of these is the image
			l.Repository = of.URL
		}
		cost := placeCost(l)
		if (u.room < cost || *taken+cost > u.token) && i > 0 {
			u.lost++
			continue
		}
		u.room, *taken = u.room-cost, *taken+cost
		kept = append(kept, l)
	}
	return kept
}

func (u *Union) allow(of result.Repository, a result.Allowed) {
	key := allowedKey{a.TokenID, a.Rule, a.By}
	i, ok := u.allowed[key]
	if !ok {
		i = len(u.res.Allowed)
		u.allowed[key] = i
		u.res.Allowed = append(u.res.Allowed, a)
		u.res.Allowed[i].Locations = nil
	}
	var taken int64
	u.res.Allowed[i].Locations = append(u.res.Allowed[i].Locations, u.places(of, a.Locations, &taken)...)
}

// read adds what was read of a repository, and what was not.
func (u *Union) read(of result.Repository, c result.Coverage) {
	sum := &u.res.Coverage
	sum.Files, sum.Bytes, sum.Objects, sum.Commits = sum.Files+c.Files, sum.Bytes+c.Bytes, sum.Objects+c.Objects, sum.Commits+c.Commits
	sum.ArchiveMembers, sum.Texts = sum.ArchiveMembers+c.ArchiveMembers, sum.Texts+c.Texts
	for _, unread := range c.Unread {
		u.Unread(named(of, unread.What), unread.Reason)
	}
	for _, a := range c.Accepted {
		a.What = named(of, a.What)
		sum.Accepted = append(sum.Accepted, a)
	}
}

// named says of which repository something is, unless it says so itself.
func named(of result.Repository, what string) string {
	if strings.Contains(what, of.URL) {
		return what
	}
	return of.URL + ": " + what
}

// sinceThen adds what has changed in a repository. What is new in one and was in another
// one before is not new.
func (u *Union) sinceThen(of result.Repository, s *result.Since) {
	if s == nil {
		return
	}
	if u.res.Since == nil {
		u.res.Since = result.NewSince()
	}
	for _, id := range s.Still {
		u.since[id] = true
	}
	sum := u.res.Since
	sum.Gone = append(sum.Gone, s.Gone...)
	for i, list := range sum.Refs.Lists() {
		for _, name := range *s.Refs.Lists()[i] {
			*list = append(*list, of.URL+" "+name)
		}
	}
}

// Result returns the result of all. Nothing is added after.
func (u *Union) Result(path string) *result.Result {
	res := &u.res
	res.Target.Kind, res.Target.Path, res.Target.Bare = "repositories", u.rules.Redact(path), true
	slices.SortFunc(res.Target.Repositories, func(a, b result.Repository) int { return cmp.Compare(a.URL, b.URL) })
	for _, j := range u.at {
		res.Findings = append(res.Findings, j.finding())
	}
	slices.SortFunc(res.Findings, compareFindings)
	for _, a := range res.Allowed {
		slices.SortFunc(a.Locations, result.Location.Compare)
	}
	slices.SortFunc(res.Allowed, compareAllowed)
	if u.lost > 0 {
		u.Unread(unlisted(u.lost))
	}
	slices.SortFunc(res.Coverage.Unread, result.Unread.Compare)
	res.Coverage.Unread = slices.Compact(res.Coverage.Unread)
	u.tellSince()
	u.tellNotes()
	return res
}

// finding returns the finding. The story of the repository where the token stood first
// is its own, and the places there come first.
func (j *joined) finding() result.Finding {
	j.History, j.Elsewhere = result.Oldest(j.stories)
	result.SortFrom(j.History, j.Locations)
	return j.Finding
}

// tellSince fills in which tokens of the findings are new.
func (u *Union) tellSince() {
	s := u.res.Since
	if s == nil {
		return
	}
	found := map[string]bool{}
	for _, f := range u.res.Findings {
		id := f.Secret.ID()
		found[id] = true
		if u.since[id] {
			s.Still = append(s.Still, id)
		} else {
			s.New = append(s.New, id)
		}
	}
	s.Gone = slices.DeleteFunc(s.Gone, func(g result.GoneToken) bool { return found[g.TokenID] })
	slices.SortFunc(s.Gone, result.GoneToken.Compare)
	s.Gone = slices.Compact(s.Gone)
	for _, list := range append(s.Refs.Lists(), &s.New, &s.Still) {
		slices.Sort(*list)
	}
}

// tellNotes adds the notes of the repositories, each once.
func (u *Union) tellNotes() {
	for _, note := range slices.Sorted(maps.Keys(u.notes)) {
		switch told, one := u.notes[note], strings.Contains(note, anyRepository); {
		case len(told) == 1:
			note = told[0]
		case one:
			note = strings.ReplaceAll(note, anyRepository, fmt.Sprintf("%d repositories", len(told)))
		default:
			note = fmt.Sprintf("%s (of %d repositories)", note, len(told))
		}
		u.res.Notes = append(u.res.Notes, note)
	}
}

// anyRepository stands for the name of a repository in what is told of several. It is in
// no text.
const anyRepository = "\x00"

// aboutMany returns a note without the name of the repository that it is of.
func aboutMany(of result.Repository, note string) string {
	note = strings.ReplaceAll(note, of.URL+".git", anyRepository)
	note = strings.ReplaceAll(note, of.URL, anyRepository)
	if at, err := url.Parse(of.URL); err == nil && len(at.Path) > 1 {
		note = strings.ReplaceAll(note, at.Path[1:], anyRepository)
	}
	return note
}
