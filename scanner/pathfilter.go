package scanner

import (
	"fmt"

	"github.com/bmatcuk/doublestar/v4"
)

// pathFilter decides by path what is looked at. Paths have slashes and are
// relative to what is scanned.
type pathFilter struct{ include, exclude []string }

func newPathFilter(include, exclude []string) (pathFilter, error) {
	for _, globs := range [][]string{include, exclude} {
		for _, g := range globs {
			if !doublestar.ValidatePattern(g) {
				return pathFilter{}, fmt.Errorf("glob %q is malformed: see the README on globs", g)
			}
		}
	}
	return pathFilter{include, exclude}, nil
}

// keeps reports whether a file at path is looked at.
func (f pathFilter) keeps(path string) bool {
	return (len(f.include) == 0 || matchesAny(f.include, path)) && !matchesAny(f.exclude, path)
}

// entersDir reports whether anything below the folder at path can be kept.
func (f pathFilter) entersDir(path string) bool {
	return !matchesAny(f.exclude, path)
}

// matchesAny matches a glob against the path from its start or from any of its
// folders on, so that *.py and vendor/** mean what they mean in .gitignore.
func matchesAny(globs []string, path string) bool {
	for _, g := range globs {
		if doublestar.MatchUnvalidated(g, path) || doublestar.MatchUnvalidated("**/"+g, path) {
			return true
		}
	}
	return false
}
