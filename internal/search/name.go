package search

import "r8scan/rules"

// Name searches a name: of a file or folder, a member of a container, an entry
// of a tree, a ref. It adds what it finds to hits, and returns false if the
// quota does not admit all of it. Names hold API tokens: what else the rules
// find needs a context that no name has.
func Name(hits []Hit, name, member string, q *Quota) ([]Hit, bool) {
	text := []byte(name)
	for _, m := range rules.FindTokens(nil, text, 0, len(text)) {
		if !q.Takes(m) {
			return hits, false
		}
		from := start.after(text[:m.Start])
		hits = append(hits, Hit{m, from, from.after(text[m.Start:m.End]), member})
	}
	return hits, true
}
