package scanner

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
	"r8scan/rules"
)

// workTree is a work tree, or a bare repository, with its index.
type workTree struct {
	git    *repo.Repo
	name   string // prefix of its paths as shown
	index  []repo.Entry
	byPath map[string]bool // paths in the index; made when one is asked for
	ignore *repo.Ignorer   // likewise
}

// readIndex returns the job of reading a work tree's index and the paths in it.
func (r *run) readIndex(t *workTree) job {
	return func(context.Context, *worker) error {
		x, err := t.git.ReadIndex()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			r.addUnread(join(t.name, "the index"), reason(err))
			return nil
		}
		t.index = x.Entries
		before := "" // the path that was searched last
		for _, e := range x.Entries {
			if rules.Holds(e.Path) && r.paths.keeps(join(t.name, e.Path), "") {
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
		if rules.Holds(name) {
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
	o := repo.treeOf(commit)
	for name := range strings.SplitSeq(path, "/") {
		if o == odb.None {
			break
		}
		e, ok := repo.entries(o)[name]
		if !ok {
			return odb.None
		}
		if o, ok = repo.store.Find(e.ID); !ok {
			return odb.None
		}
	}
	return o
}
