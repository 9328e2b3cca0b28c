package result

import (
	"cmp"
	"fmt"
)

// Since says what changed since the last scan of a repository on a server, as far as
// that is remembered. All lists are sorted.
type Since struct {
	New   []string    `json:"new"`   // ids of tokens among the findings that were not there
	Still []string    `json:"still"` // ids of tokens among the findings that were there
	Gone  []GoneToken `json:"gone"`  // tokens that no ref reaches any longer: they leaked all the same
	Refs  RefsSince   `json:"refs"`
}

// NewSince returns one in which nothing has changed. Its lists are empty, not nil, so
// that they are lists in JSON.
func NewSince() *Since {
	return &Since{New: []string{}, Still: []string{}, Gone: []GoneToken{},
		Refs: RefsSince{New: []string{}, Gone: []string{}, Advanced: []string{}, Rewritten: []string{}}}
}

// GoneToken is a token that was found at the last scan only.
type GoneToken struct {
	Rule    string `json:"rule"`
	Token   string `json:"token"` // the mask
	TokenID string `json:"token_id"`
}

// Compare orders by token, then by rule.
func (g GoneToken) Compare(other GoneToken) int {
	return cmp.Or(cmp.Compare(g.TokenID, other.TokenID), cmp.Compare(g.Rule, other.Rule))
}

// RefsSince are the names of refs.
type RefsSince struct {
	New       []string `json:"new"`
	Gone      []string `json:"gone"`
	Advanced  []string `json:"advanced"`  // they have what they had, and more
	Rewritten []string `json:"rewritten"` // they no longer have what they had: a forced push
}

// Changed reports whether any ref changed.
func (r RefsSince) Changed() bool {
	return len(r.New)+len(r.Gone)+len(r.Advanced)+len(r.Rewritten) > 0
}

// Lists returns the four lists, always in the same order.
func (r *RefsSince) Lists() []*[]string {
	return []*[]string{&r.New, &r.Gone, &r.Advanced, &r.Rewritten}
}

// maxRewritten is how many rewritten refs Lines names one by one.
const maxRewritten = 5

// Lines says in a few lines what changed in what was scanned, such as a URL.
func (s *Since) Lines(scanned string) []string {
	if s == nil {
		return nil
	}
	if !s.Refs.Changed() && len(s.New)+len(s.Gone) == 0 {
		return []string{"nothing has changed in " + scanned + " since the last scan"}
	}
	lines := []string{fmt.Sprintf("since the last scan of %s: tokens: %d new, %d gone, %d still there; refs: %d new, %d gone, %d advanced, %d rewritten",
		scanned, len(s.New), len(s.Gone), len(s.Still), len(s.Refs.New), len(s.Refs.Gone), len(s.Refs.Advanced), len(s.Refs.Rewritten))}
	for i, name := range s.Refs.Rewritten {
		if i == maxRewritten {
			return append(lines, fmt.Sprintf("%d more refs were rewritten: see since_last_scan in the JSON result", len(s.Refs.Rewritten)-i))
		}
		lines = append(lines, name+" was rewritten since the last scan (a forced push): a token that it had then is still leaked")
	}
	return lines
}
