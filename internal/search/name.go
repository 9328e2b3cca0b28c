package search

import "r8scan/rules"

// Name searches the name of a file or folder, a container's member, a tree's
// entry or a ref. It appends what it finds to hits, and returns false if the
// quota does not admit all. Only rules for names apply.
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
