package collect

import (
	"context"
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

// Repository is a scanned repository, with what findings depend on.
type Repository struct {
	Git   *repo.Repo // nil for a remote
	From  Remote     // where its objects came from, without Git
	Name  string     // the prefix of paths in its history, with slashes; "" for the main one
	Root  string     // paths on disk are shown relative to it
	Trees []*WorkTree
	Store *odb.Store // open; nil if no object was read
	Refs  []repo.Ref
	Head  string        // id in hex, "" without one
	Span  *history.Span // the commits whose additions count; nil for all

	Shallow  int              // commits whose parents a shallow clone lacks
	Pushed   bool             // only what a push adds is read: other damage does not count
	Promised bool             // the remote has what is missing: it promised that to a partial clone
	Missing  *Firsts[Missing] // objects that others name and the store does not have, by raw id
	Roots    Roots            // the same for what roots name
	Pointed  *Firsts[odb.Obj] // LFS pointers whose files are not here: see Point

	// Anchor is the path of a file at HEAD for what stands in no file, if that is known
	// from an earlier scan. Else it is looked for.
	Anchor *string
	// Told, unless it is nil, is called with the result while Store is still open.
	Told  func(ctx context.Context, told Told)
	graph *history.Graph

	Followed []*repo.Repo // beside those of Trees: their roots were followed, and their faults are named
}

// Told is what a result says of a repository, and of others that were scanned with it.
type Told struct {
	Result        *result.Result // may be added to
	Graph         *history.Graph // what leads to tokens; nil if the repository has none
	MinConfidence rules.Confidence
}

// Remote is what a server says of a repository.
type Remote struct {
	URL    string // as it can be shown
	Branch string // the ref at HEAD, "" for none
	Page   string // that its places are shown at; "" for the scanned repository
}

// name returns Name, "" for a nil repository.
func (r *Repository) name() string {
	if r == nil {
		return ""
	}
	return r.Name
}

// describe adds to a target what the repository is at, where it is pushed to, and
// a file of it.
func (r *Repository) describe(target *result.Target, set *rules.Set) {
	branch, remote, bare := r.From.Branch, repo.Address(r.From.URL), true
	if r.Git != nil {
		branch, bare = r.Git.Refs.Branch(), r.Git.WorkTree == ""
		remote = r.Git.Config.PushAddress(branch, os.LookupEnv)
	}
	target.Head, target.Bare = r.Head, bare
	target.Branch = set.Redact(strings.TrimPrefix(branch, "refs/heads/"))
	target.Remote = set.Redact(remote)
	if r.Anchor != nil {
		target.Anchor = *r.Anchor
	} else {
		target.Anchor = AnchorAt(r.Store, r.Head, set)
	}
}

// Label prefixes what with the repository's name, unless it is the main one.
func (r *Repository) Label(what string) string {
	if r.Name == "" {
		return what
	}
	return r.Name + ": " + what
}

// Shown returns a path on disk as it is shown: relative to root, with slashes.
func Shown(root, path string) string {
	if rel, err := filepath.Rel(root, path); err == nil {
		return filepath.ToSlash(rel)
	}
	return filepath.ToSlash(path)
}

// Join joins two parts of a shown path. Either may be empty.
func Join(dir, name string) string {
	switch {
	case dir == "" || dir == ".":
		return name
	case name == "":
		return dir
	}
	return strings.TrimSuffix(dir, "/") + "/" + name
}

// tips returns what the repository's refs and HEADs name. A HEAD on a branch has
// the branch's name.
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
	if r.Git == nil {
		name := ""
		if r.From.Branch == "" {
			name = "HEAD"
		}
		add(name, r.Head, true)
		return tips
	}
	add(headName(r.Git, "HEAD"), r.Head, true)
	for _, w := range r.Git.Worktrees() {
		name := "main-worktree/HEAD" // git's own name for this HEAD
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

// maxEnds is how many ends of a range, or refs of a push, count for what is
// current: each is checked for each token.
const maxEnds = 64

// currentTrees returns the tree of HEAD or, for a range, the trees of its ends.
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

// stagedPaths returns, for the blobs among hits, the shown paths of index entries
// that differ from HEAD.
func (r *Repository) stagedPaths(hits []Hit, paths *history.Paths) map[odb.Obj][]string {
	wanted := map[string]odb.Obj{} // by raw id
	for _, h := range hits {
		wanted[string(r.Store.ID(h.Object))] = h.Object
	}
	out := map[odb.Obj][]string{}
	for _, t := range r.Trees {
		head := odb.None // set when needed
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
