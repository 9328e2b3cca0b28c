package policy

import (
	"fmt"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Paths decides by path what is scanned. Paths are as shown, with slashes.
type Paths struct{ include, exclude []string }

// NewPaths returns a Paths that keeps what include matches, everything if include
// is empty, and exclude does not match. The error names a malformed glob.
func NewPaths(include, exclude []string) (Paths, error) {
	var f Paths
	for _, globs := range []struct{ from, to *[]string }{{&include, &f.include}, {&exclude, &f.exclude}} {
		for _, g := range *globs.from {
			if !doublestar.ValidatePattern(g) {
				return Paths{}, fmt.Errorf("glob %q is malformed: see docs/use.md on globs", g)
			}
			*globs.to = append(*globs.to, strings.TrimSuffix(g, "/"))
		}
	}
	return f, nil
}

// Keeps reports whether the file at path is scanned. A glob that matches a folder
// matches everything below it, except for top and the folders above: the user named
// top, and wants what is in it.
func (f Paths) Keeps(path, top string) bool {
	return (len(f.include) == 0 || matchesAny(f.include, path, top)) && !matchesAny(f.exclude, path, top)
}

// EntersDir reports whether anything below the folder at path can be kept. The
// caller has asked about the folders above.
func (f Paths) EntersDir(path string) bool {
	return !matchesOne(f.exclude, path)
}

// Only reports whether there are globs that a path must match.
func (f Paths) Only() bool { return len(f.include) > 0 }

// Excludes reports whether a glob excludes path.
func (f Paths) Excludes(path string) bool { return matchesAny(f.exclude, path, "") }

// matchesAny matches globs with path and the folders between it and top.
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

// matchesOne matches globs with the path from its start or from any folder on, so
// that *.py and vendor/** mean the same as in .gitignore.
func matchesOne(globs []string, path string) bool {
	for _, g := range globs {
		if doublestar.MatchUnvalidated(g, path) || doublestar.MatchUnvalidated("**/"+g, path) {
			return true
		}
	}
	return false
}
