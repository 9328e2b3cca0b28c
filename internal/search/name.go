package search

import "r8scan/rules"

// Name searches a name: of a file or folder, a member of a container, an entry
// of a tree, a ref. It adds what it finds to hits, and returns false if the
// quota does not admit all of it. Rules say whether they apply to names.
func Name(hits []Hit, set *rules.Set, name, member string, q *Quota) ([]Hit, bool) {
	text := []byte(name)
	for _, m := range set.FindName(nil, text) {
		if !q.Takes(m) {
			return hits, false
		}
		from := start.after(text[:m.Start])
		hits = append(hits, Hit{m, from, from.after(text[m.Start:m.End]), member})
	}
	return hits, true
}
