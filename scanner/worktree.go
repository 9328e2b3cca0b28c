package scanner

import (
	"context"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"

	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
)

// workTree is a work tree, or a bare repository, with its index.
type workTree struct {
	git    *repo.Repo
	top    fs.FileInfo // of the work tree's folder; nil if there is none
	name   string      // prefix of its paths as shown
	once   sync.Once
	read   *repo.Index // by readOnce; nil if there is none
	err    error       // likewise
	apart  bool        // it has a walk of its own, though it is not the main repository's
	index  []repo.Entry
	byPath map[string]bool // paths in the index; made when one is asked for
	ignore *repo.Ignorer   // likewise
}

// readOnce reads the index, the first time that it is called. There may be both
// an index and something that is wrong with it.
func (t *workTree) readOnce() (*repo.Index, error) {
	t.once.Do(func() { t.read, t.err = t.git.ReadIndex() })
	return t.read, t.err
}

// readIndex returns the job of searching the paths in a work tree's index. What
// is wrong with it is named where its ids are looked up.
func (r *run) readIndex(t *workTree) job {
	return func(context.Context, *worker) error {
		x, _ := t.readOnce()
		if x == nil {
			return nil
		}
		t.index = x.Entries
		before := "" // the path that was searched last
		for _, e := range x.Entries {
			if r.opts.Rules.Holds(e.Path) && r.paths.keeps(join(t.name, e.Path), "") {
				r.searchPath(t.name, e.Path, before)
				before = e.Path
			}
		}
		return nil
	}
}

// searchPath searches the names in a path that the index of the work tree called
// tree holds, but for the folders that before is in too. Like the match in a
// tree, one in a folder's name has the folder's path.
func (r *run) searchPath(tree, path, before string) {
	known := 0
	for known < min(len(path), len(before)) && path[known] == before[known] {
		known++
	}
	at := strings.LastIndexByte(path[:known], '/') + 1
	for name := range strings.SplitSeq(path[at:], "/") {
		end := at + len(name)
		if r.opts.Rules.Holds(name) {
			r.searchName(folder{path: name, name: join(tree, path[:end]), kind: func(string, string) string { return KindIndex }})
		}
		at = end + 1
	}
}

// tracks reports whether the index has the path.
func (t *workTree) tracks(path string) bool {
	if t.byPath == nil {
		t.byPath = map[string]bool{}
		for _, e := range t.index {
			t.byPath[e.Path] = true
		}
	}
	if t.byPath[path] {
		return true
	}
	for i := range path { // a sparse index lists whole folders
		if path[i] == '/' && t.byPath[path[:i+1]] {
			return true
		}
	}
	return false
}

// ignores reports whether git ignores the file at path.
func (t *workTree) ignores(path string) bool {
	if t.ignore == nil {
		t.ignore = t.git.Ignorer(os.Getenv)
	}
	return t.ignore.Ignored(path)
}

// stagedPaths returns, for the blobs among hits, the paths as shown of index
// entries that differ from HEAD, by the blob's id in hex.
func (repo *repository) stagedPaths(hits []objectHit) map[string][]string {
	wanted := map[string]bool{}
	for _, h := range hits {
		wanted[string(repo.store.ID(h.obj))] = true
	}
	out := map[string][]string{}
	for _, t := range repo.trees {
		var head string
		for _, e := range t.index {
			if !wanted[string(e.ID)] {
				continue
			}
			if head == "" {
				_, head = t.git.ReadRefs()
			}
			if o, ok := repo.store.Find(e.ID); ok && repo.blobAt(head, e.Path) != o {
				id := repo.store.Hex(o)
				out[id] = append(out[id], join(t.name, e.Path))
			}
		}
	}
	for _, paths := range out {
		slices.Sort(paths)
	}
	return out
}

// blobAt returns the object at path in a commit's tree, odb.None if there is
// none.
func (repo *repository) blobAt(commit, path string) odb.Obj {
	o := repo.treeOf(commit, nil)
	for name := range strings.SplitSeq(path, "/") {
		if o == odb.None {
			break
		}
		e, ok := repo.entries(o, nil)[name]
		if !ok {
			return odb.None
		}
		if o, ok = repo.store.Find(e.ID); !ok {
			return odb.None
		}
	}
	return o
}
