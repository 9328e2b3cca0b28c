package collect

import (
	"io/fs"
	"os"
	"strings"
	"sync"

	"r8scan/internal/git/repo"
	"r8scan/result"
)

// WorkTree is a work tree, or a bare repository, with its index.
type WorkTree struct {
	Git   *repo.Repo
	Name  string       // prefix of its shown paths
	Top   fs.FileInfo  // of the work tree's folder; nil without one
	Apart bool         // it has its own walk, and is not the main repository's
	Index []repo.Entry // set when the index was searched

	once   sync.Once
	read   *repo.Index     // from ReadIndex; nil without one
	err    error           // from ReadIndex
	byPath map[string]bool // paths in Index; set when needed
	ignore *repo.Ignorer   // set when needed
}

// ReadIndex reads the index on the first call. It may return both an index and an
// error.
func (t *WorkTree) ReadIndex() (*repo.Index, error) {
	t.once.Do(func() { t.read, t.err = t.Git.ReadIndex() })
	return t.read, t.err
}

// tracks reports whether the index has the path.
func (t *WorkTree) tracks(path string) bool {
	if t.byPath == nil {
		t.byPath = map[string]bool{}
		for _, e := range t.Index {
			t.byPath[e.Path] = true
		}
	}
	if t.byPath[path] {
		return true
	}
	for i := range path { // a sparse index has whole folders
		if path[i] == '/' && t.byPath[path[:i+1]] {
			return true
		}
	}
	return false
}

// ignores reports whether git ignores the file at path.
func (t *WorkTree) ignores(path string) bool { return t.ignorer().Ignored(path) }

// ignoresFolder is ignores for a folder.
func (t *WorkTree) ignoresFolder(path string) bool { return t.ignorer().IgnoredFolder(path) }

func (t *WorkTree) ignorer() *repo.Ignorer {
	if t.ignore == nil {
		t.ignore = t.Git.Ignorer(os.LookupEnv)
	}
	return t.ignore
}

// exposure says how git treats the file at a path in the work tree.
func (t *WorkTree) exposure(path string) result.Exposure {
	switch {
	case t.tracks(path):
		return result.ExposureTracked
	case t.ignores(path):
		return result.ExposureIgnored
	}
	return result.ExposureUntracked
}

// exposure returns the exposure of a match in a file, or in a text of git's that is
// no object.
func (h *Hit) exposure() result.Exposure {
	if result.IsPosted(h.Kind) {
		return result.ExposurePosted
	}
	switch h.Kind {
	case result.KindRef, result.KindReflog:
		return result.ExposureHistory
	case result.KindLayer, result.KindImage:
		return result.ExposureImage
	case result.KindIndex: // a name in the index
		return result.ExposureStaged
	}
	if h.Tree == nil {
		return result.ExposureUntracked
	}
	if h.Tree.Name == "" {
		return h.Tree.exposure(h.Path)
	}
	return h.Tree.exposure(strings.TrimPrefix(h.Path, h.Tree.Name+"/"))
}
