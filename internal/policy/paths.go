package policy

import (
	"fmt"

	"github.com/bmatcuk/doublestar/v4"
)

// Paths decides by path what is scanned. Paths are as shown, with slashes.
type Paths struct{ include, exclude globs }

// NewPaths returns a Paths that keeps what include matches, everything if include
// is empty, and exclude does not match. The error names a malformed glob.
func NewPaths(include, exclude []string) (Paths, error) {
	for _, list := range [][]string{include, exclude} {
		for _, g := range list {
			if !doublestar.ValidatePattern(g) {
				return Paths{}, fmt.Errorf("glob %q is malformed: see docs/use.md on globs", g)
			}
		}
	}
	return Paths{compile(include...), compile(exclude...)}, nil
}

// Keeps reports whether the file at path is scanned. A glob that matches a folder
// matches everything below it, except for top and the folders above: the user named
// top, and wants what is in it.
func (f Paths) Keeps(path, top string) bool {
	return (f.include.none() || f.include.matchAny(path, top)) && !f.exclude.matchAny(path, top)
}

// EntersDir reports whether anything below the folder at path can be kept. The
// caller has asked about the folders above.
func (f Paths) EntersDir(path string) bool {
	return !f.exclude.matchOne(path)
}

// Only reports whether there are globs that a path must match.
func (f Paths) Only() bool { return !f.include.none() }

// Excludes reports whether a glob excludes path.
func (f Paths) Excludes(path string) bool { return f.exclude.matchAny(path, "") }
