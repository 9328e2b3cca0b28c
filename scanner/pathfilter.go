package scanner

import (
	"fmt"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// pathFilter decides by path what is looked at. Paths have slashes and are as
// shown.
type pathFilter struct{ include, exclude []string }

func newPathFilter(include, exclude []string) (pathFilter, error) {
	var f pathFilter
	for _, globs := range []struct{ from, to *[]string }{{&include, &f.include}, {&exclude, &f.exclude}} {
		for _, g := range *globs.from {
			if !doublestar.ValidatePattern(g) {
				return pathFilter{}, fmt.Errorf("glob %q is malformed: see the README on globs", g)
			}
			*globs.to = append(*globs.to, strings.TrimSuffix(g, "/"))
		}
	}
	return f, nil
}

// keeps reports whether a file at path is looked at. A glob that matches a
// folder matches what is below it, except for top and the folders above it:
// the user named top, and wants what is in it.
func (f pathFilter) keeps(path, top string) bool {
	return (len(f.include) == 0 || matchesAny(f.include, path, top)) && !matchesAny(f.exclude, path, top)
}

// entersDir reports whether anything below the folder at path can be kept. The
// folders above it were asked for before.
func (f pathFilter) entersDir(path string) bool {
	return !matchesOne(f.exclude, path)
}

// matchesAny matches the globs against path and the folders between it and top.
func matchesAny(globs []string, path, top string) bool {
	if len(globs) == 0 {
		return false
	}
	for i := len(top) + 1; i < len(path); i++ {
		if path[i] == '/' && matchesOne(globs, path[:i]) {
			return true
		}
	}
	return matchesOne(globs, path)
}

// matchesOne matches a glob against the path from its start or from any of its
// folders on, so that *.py and vendor/** mean what they mean in .gitignore.
func matchesOne(globs []string, path string) bool {
	for _, g := range globs {
		if doublestar.MatchUnvalidated(g, path) || doublestar.MatchUnvalidated("**/"+g, path) {
			return true
		}
	}
	return false
}
