package scanner

import (
	"strings"

	"r8scan/internal/git/odb"
)

// current tells which places in git are there now: in the tree of HEAD or, for
// a range, in that of one of its ends.
type current struct {
	repo    *repository
	tops    []odb.Obj // trees
	entries map[odb.Obj]map[string]odb.TreeEntry
}

// maxEnds is for how many ends of a range, or refs of a push, it is told what is
// there now: each is looked at for each token.
const maxEnds = 64

func (repo *repository) current() *current {
	c := &current{repo: repo, entries: map[odb.Obj]map[string]odb.TreeEntry{}}
	ends := []string{repo.head}
	if repo.only != nil {
		ends = nil
		for _, o := range repo.only.With[:min(len(repo.only.With), maxEnds)] {
			ends = append(ends, repo.store.Hex(o))
		}
	}
	for _, end := range ends {
		if t := repo.treeOf(end, nil); t != odb.None {
			c.tops = append(c.tops, t)
		}
	}
	return c
}

// holds reports whether a blob is what stands at path, which has slashes.
func (c *current) holds(blob odb.Obj, path string) bool {
	for _, tree := range c.tops {
		if o, ok := c.find(tree, path); ok && o == blob {
			return true
		}
	}
	return false
}

// find returns what a tree has at path.
func (c *current) find(tree odb.Obj, path string) (odb.Obj, bool) {
	name, rest, deeper := strings.Cut(path, "/")
	entries, ok := c.entries[tree]
	if !ok {
		entries = c.repo.entries(tree, nil)
		c.entries[tree] = entries
	}
	e, ok := entries[name]
	if !ok {
		return odb.None, false
	}
	o, ok := c.repo.store.Find(e.ID)
	if !ok || !deeper {
		return o, ok
	}
	if e.Mode != odb.ModeDir {
		return odb.None, false
	}
	return c.find(o, rest)
}
