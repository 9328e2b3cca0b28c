package collect

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"r8scan/internal/git/history"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
	"r8scan/result"
	"r8scan/rules"
)

// Repository is a repository that was scanned, as far as findings depend on it.
type Repository struct {
	Git   *repo.Repo
	Name  string // how paths in its history are shown: a prefix with slashes, "" for the main one
	Root  string // paths on disk are shown relative to it
	Trees []*WorkTree
	Store *odb.Store // open; nil if no object was read
	Refs  []repo.Ref
	Head  string        // id in hex, "" if there is none
	Span  *history.Span // the commits whose additions count; nil for all

	Shallow  int               // commits whose parents a shallow clone leaves out
	Pushed   bool              // only is what a push brings: what else is wrong with the repository does not count
	Promised bool              // what is missing is where it is pushed to: a partial clone left it there
	Missing  *Firsts[Missing]  // what objects name and the store does not have, by raw id
	Roots    Roots             // likewise what is no object
	Pointed  *Firsts[struct{}] // raw ids of files of Git LFS that are not here

	Followed []*repo.Repo // whose roots were followed, beside those of Trees: what is wrong with them is named
}

// name is Name; of no repository it is "".
func (r *Repository) name() string {
	if r == nil {
		return ""
	}
	return r.Name
}

// describe adds to a target what the repository is at, where it is pushed to, and
// a file of it.
func (r *Repository) describe(target *result.Target, set *rules.Set) {
	target.Head = r.Head
	branch := r.Git.Refs.Branch()
	target.Branch = set.Redact(strings.TrimPrefix(branch, "refs/heads/"))
	target.Remote = set.Redact(r.Git.Config.PushAddress(branch, os.Getenv))
	target.Anchor = anchorAt(r.Store, r.Head, set)
}

// Label says which repository something is in, unless it is the main one.
func (r *Repository) Label(what string) string {
	if r.Name == "" {
		return what
	}
	return r.Name + ": " + what
}

// Shown returns how a path on disk is shown: relative to root, with slashes.
func Shown(root, path string) string {
	if rel, err := filepath.Rel(root, path); err == nil {
		return filepath.ToSlash(rel)
	}
	return filepath.ToSlash(path)
}

// Join joins two parts of a path as shown, either of which may be empty.
func Join(dir, name string) string {
	switch {
	case dir == "" || dir == ".":
		return name
	case name == "":
		return dir
	}
	return strings.TrimSuffix(dir, "/") + "/" + name
}

// tips returns what the repository's refs and HEADs name. A HEAD that is on a
// branch counts, but goes by the branch's name.
func (r *Repository) tips() []history.Tip {
	var tips []history.Tip
	add := func(name, id string, head bool) {
		if o, ok := r.Store.FindHex(id); ok {
			tips = append(tips, history.Tip{Name: name, Obj: o, Head: head})
		}
	}
	for _, ref := range r.Refs {
		add(ref.Name, ref.ID, false)
	}
	add(headName(r.Git, "HEAD"), r.Head, true)
	for _, w := range r.Git.Worktrees() {
		name := "main-worktree/HEAD" // git's own names for HEADs elsewhere
		if w.Dir != w.Common {
			name = "worktrees/" + filepath.Base(w.Dir) + "/HEAD"
		}
		_, head := w.Refs.Read()
		add(headName(w, name), head, false)
	}
	return tips
}

// headName returns name if HEAD is on no branch, else "".
func headName(g *repo.Repo, name string) string {
	if g.Refs.Detached() {
		return name
	}
	return ""
}

// maxEnds is for how many ends of a range, or refs of a push, it is told what is
// there now: each is looked at for each token.
const maxEnds = 64

// currentTrees returns the tree of HEAD or, of a range, those of its ends: what
// is there now.
func (r *Repository) currentTrees() []odb.Obj {
	ends := []string{r.Head}
	if r.Span != nil {
		ends = nil
		for _, o := range r.Span.With[:min(len(r.Span.With), maxEnds)] {
			ends = append(ends, r.Store.Hex(o))
		}
	}
	var trees []odb.Obj
	for _, end := range ends {
		if t := history.TreeOf(r.Store, end, nil); t != odb.None {
			trees = append(trees, t)
		}
	}
	return trees
}

// stagedPaths returns, for the blobs among hits, the paths as shown of index
// entries that differ from HEAD.
func (r *Repository) stagedPaths(hits []Hit, paths *history.Paths) map[odb.Obj][]string {
	wanted := map[string]odb.Obj{} // by raw id
	for _, h := range hits {
		wanted[string(r.Store.ID(h.Object))] = h.Object
	}
	out := map[odb.Obj][]string{}
	for _, t := range r.Trees {
		head := odb.None // not yet looked for
		looked := false
		for _, e := range t.Index {
			blob, ok := wanted[string(e.ID)]
			if !ok {
				continue
			}
			if !looked {
				_, id := t.Git.Refs.Read()
				head, looked = history.TreeOf(r.Store, id, nil), true
			}
			if at, ok := paths.Find(head, e.Path); !ok || at != blob {
				out[blob] = append(out[blob], Join(t.Name, e.Path))
			}
		}
	}
	for _, paths := range out {
		slices.Sort(paths)
	}
	return out
}
