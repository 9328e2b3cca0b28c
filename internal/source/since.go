package source

import (
	"maps"
	"slices"

	"r8scan/internal/collect"
	"r8scan/internal/git/repo"
	"r8scan/result"
)

// tokenKey identifies a token in what is remembered.
type tokenKey struct{ rule, id string }

// tell adds to a result what is new, what is gone and what is still there since the
// last visit. now is nil if this one cannot be remembered.
func (v *visit) tell(t collect.Told, hits []collect.SavedHit, now *visited) {
	since := t.Result.Since
	if since == nil {
		since = result.NewSince()
		t.Result.Since = since
	}
	v.tokens(t, hits, since)
	refs := v.refs(now)
	for i, list := range since.Refs.Lists() {
		*list = append(*list, *refs.Lists()[i]...)
		slices.Sort(*list)
	}
}

// tokens adds the tokens to since.
func (v *visit) tokens(t collect.Told, hits []collect.SavedHit, since *result.Since) {
	was, is := best(v.last.Hits), best(hits)
	for _, f := range t.Result.Findings {
		key := tokenKey{f.Rule, f.Secret.ID()}
		if _, here := is[key]; !here { // it is another repository's
			continue
		}
		if _, before := was[key]; before {
			since.Still = append(since.Still, key.id)
		} else {
			since.New = append(since.New, key.id)
		}
	}
	for key, h := range was {
		if _, here := is[key]; here || h.Confidence < t.MinConfidence {
			continue
		}
		since.Gone = append(since.Gone, result.GoneToken{Rule: h.Rule, Token: h.Mask, TokenID: h.ID})
	}
	slices.Sort(since.New)
	slices.Sort(since.Still)
	slices.SortFunc(since.Gone, result.GoneToken.Compare)
}

// best returns for each token the hit of the highest confidence.
func best(hits []collect.SavedHit) map[tokenKey]collect.SavedHit {
	out := map[tokenKey]collect.SavedHit{}
	for _, h := range hits {
		key := tokenKey{h.Rule, h.ID}
		if was, ok := out[key]; !ok || h.Confidence > was.Confidence {
			out[key] = h
		}
	}
	return out
}

// refs compares the refs with those of the last visit.
func (v *visit) refs(now *visited) (out result.RefsSince) {
	was, left := map[string]string{}, maxLed
	for _, ref := range v.last.Refs {
		was[ref.Name] = ref.ID
	}
	for _, ref := range v.repo.Refs {
		name := v.env.Rules.Redact(ref.Name)
		before, ok := was[name]
		delete(was, name)
		switch {
		case !ok:
			out.New = append(out.New, name)
		case before == ref.ID:
		case advanced(now, before, ref, &left):
			out.Advanced = append(out.Advanced, name)
		default:
			out.Rewritten = append(out.Rewritten, name)
		}
	}
	out.Gone = slices.Sorted(maps.Keys(was))
	return out
}

// maxLed is how many commits are looked at for refs that moved.
const maxLed = 1 << 22

// advanced reports whether a ref still has what it had: the commit with the id before.
// If the history is too odd to be remembered, or too long, nobody knows, and no alarm is
// given.
func advanced(now *visited, before string, ref repo.Ref, left *int) bool {
	if now == nil {
		return true
	}
	from, ok := now.find(ref.ID)
	to, kept := now.find(before)
	return ok && kept && now.outline.Leads([]int{from}, []int{to}, left)
}
