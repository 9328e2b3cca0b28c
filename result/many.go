package result

import (
	"cmp"
	"slices"
)

// Oldest returns the story of the repository where a token stood first, and the others,
// the oldest first: nil if there is none. A fork has the commits of what it was made
// from, and comes after it.
func Oldest(stories []History) (first *History, others []History) {
	if len(stories) == 0 {
		return nil, nil
	}
	slices.SortFunc(stories, func(a, b History) int {
		order := compareBool(a.Introduced == nil, b.Introduced == nil)
		if a.Introduced != nil && b.Introduced != nil {
			order = a.Introduced.Date.Compare(b.Introduced.Date)
		}
		return cmp.Or(order, compareBool(a.Fork, b.Fork), cmp.Compare(a.Repository, b.Repository))
	})
	return &stories[0], stories[1:]
}

// SortFrom sorts locations in many repositories, those in the repository of the story
// first.
func SortFrom(first *History, locations []Location) {
	in := func(l Location) bool { return first != nil && l.Repository == first.Repository }
	slices.SortFunc(locations, func(a, b Location) int { return cmp.Or(-compareBool(in(a), in(b)), a.Compare(b)) })
}

// compareBool orders false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
