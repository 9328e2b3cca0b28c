package scanner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"r8scan/internal/archive"
	"r8scan/internal/git/history"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
)

// repository is a repository that is scanned: the one the user named, a
// submodule's, or one found in a work tree.
type repository struct {
	git   *repo.Repo
	real  string // its common git directory, links followed
	name  string // how paths in its history are shown: a prefix with slashes, "" for the main one
	trees []*workTree
	store *odb.Store // nil until it is opened
	refs  []repo.Ref
	head  string        // id in hex, "" if there is none
	root  string        // paths on disk are shown relative to it
	only  *history.Span // the commits whose additions count; nil for all

	pushed   bool // only is what a push brings: what else is wrong with the repository does not count
	promised bool // what is missing is where it is pushed to: a partial clone left it there

	// getenv looks up git's own environment variables; nil for a repository
	// that the user did not name, which they are not about.
	getenv func(string) string

	shallow map[string]bool // raw ids of commits whose parents are left out

	rooted []*workTree // those whose roots are followed: trees, or more

	mu      sync.Mutex
	named   firsts[string]        // names of blobs by raw id: see addNamed
	missing firsts[missing]       // by raw id
	lost    map[string]*lostRoots // by file
}

// missing is an object that others name and the store does not have.
type missing struct{ kind, name string }

// addRepository registers a repository and returns the jobs of reading it. One
// that is registered already gives none: worktrees share their repository.
func (r *run) addRepository(g *repo.Repo, name, root string) []job {
	real, err := filepath.EvalSymlinks(g.Common)
	if err != nil {
		r.addUnread(r.shown(root, g.Common), reason(err))
		return nil
	}
	scanned := &repository{git: g, real: real, name: name, root: root, missing: r.newMissing()}
	for _, w := range append([]*repo.Repo{g}, g.Worktrees()...) {
		t := &workTree{git: w, name: r.prefix(root, w.WorkTree)}
		if w.WorkTree != "" {
			t.top, _ = os.Stat(w.WorkTree) // nil if it is gone
		}
		scanned.trees = append(scanned.trees, t)
	}
	r.markApart(scanned)
	r.mu.Lock()
	for _, other := range r.repos {
		if other.real == real {
			r.mu.Unlock()
			return nil
		}
	}
	r.repos = append(r.repos, scanned)
	r.mu.Unlock()

	jobs := []job{r.gitFiles(scanned, root), r.readObjects(scanned)}
	for _, t := range scanned.trees {
		jobs = append(jobs, r.readIndex(t))
		if t.apart {
			jobs = append(jobs, r.walk(folder{path: t.git.WorkTree, name: t.name, tree: t, enter: r.enterTree(root, t)}))
		}
	}
	for _, dir := range g.ModuleDirs() {
		m, err := g.Bounds.OpenDir(dir)
		if err != nil {
			r.addUnread(r.shown(root, dir), reason(err))
			continue
		}
		jobs = append(jobs, r.addRepository(m, r.prefix(root, m.WorkTree), root)...)
	}
	return jobs
}

// main returns the repository that the user named, nil until it is registered.
func (r *run) main() *repository {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.repos) == 0 {
		return nil
	}
	return r.repos[0]
}

// markApart finds those work trees of a repository other than the main one that
// no other walk comes upon: they lie outside of what the user named, and lead
// back. A store that lies outside itself was reached from the one work tree that
// is read.
func (r *run) markApart(scanned *repository) {
	main := r.main()
	if main == nil || scanned.git.Borrowed {
		return
	}
	for _, t := range scanned.trees {
		t.apart = t.git.WorkTree != "" && !main.git.Bounds.Holds(t.git.WorkTree)
	}
}

// shown returns how a path on disk is shown: relative to root, with slashes.
func (r *run) shown(root, path string) string {
	if rel, err := filepath.Rel(root, path); err == nil {
		return filepath.ToSlash(rel)
	}
	return filepath.ToSlash(path)
}

// prefix is shown for a folder, "" if it is the root itself or there is none.
func (r *run) prefix(root, tree string) string {
	if tree == "" {
		return ""
	}
	if p := r.shown(root, tree); p != "." {
		return p
	}
	return ""
}

// gitFiles returns the job of reading the texts in a git directory: config,
// hooks, logs, refs. Objects and submodules are read on their own.
func (r *run) gitFiles(repo *repository, root string) job {
	dir := repo.git.Common
	name := r.prefix(root, dir)
	inside := func(shown string) string { return strings.TrimPrefix(strings.TrimPrefix(shown, name), "/") }
	f := folder{path: dir, name: name,
		kind: func(shown, member string) string { return gitFileKind(inside(shown), member) },
		skip: func(f folder) bool { return readElsewhere(inside(f.name), f.path) },
		enter: func(in string) (*workTree, bool) { // as files a repository in here would be compressed
			if in == dir {
				return nil, true
			}
			return r.enterTree(root, repo.trees[0])(in)
		},
		link: func(f folder) {
			if err := repo.git.Reach(f.path); err != nil {
				r.addUnread(f.name, reason(err))
			}
		},
	}
	return r.walk(f)
}

// readElsewhere reports whether a file or folder, by its path in the git
// directory, is no text, or one that has a reader of its own. Shared indexes are
// searched as they are: not every one that lies there is in use.
func readElsewhere(in, path string) bool {
	if in == "objects" {
		return true
	}
	if rest, ok := strings.CutPrefix(in, "worktrees/"); ok {
		_, in, _ = strings.Cut(rest, "/")
	}
	return in == "index" || strings.HasPrefix(in, "modules/") && repo.IsModule(path)
}

// gitFileKind tells what a file, or a member of it, is by its path in the git
// directory.
func gitFileKind(in, member string) string {
	if rest, ok := strings.CutPrefix(in, "worktrees/"); ok {
		_, in, _ = strings.Cut(rest, "/")
	}
	switch {
	case in == "config", in == "config.worktree":
		return KindConfig
	case strings.HasPrefix(in, "sharedindex."):
		return KindIndex
	case strings.HasPrefix(in, "logs/"), strings.HasPrefix(in, "reftable/") && strings.HasPrefix(member, archive.RefLogs):
		return KindReflog
	case strings.HasPrefix(in, "refs/"), in == "packed-refs", in == "HEAD", strings.HasPrefix(in, "reftable/"):
		return KindRef
	}
	return KindFile
}

// Audit scans all that the repository at path holds; outside a repository it
// is Files.
func Audit(ctx context.Context, path string, opts Options) (*Result, error) {
	r, err := newRun(opts)
	if err != nil {
		return nil, err
	}
	g, err := discover(path)
	if errors.Is(err, repo.ErrNone) || repo.IsOutside(err) {
		return auditFiles(ctx, path, err, opts)
	}
	if err != nil {
		return nil, err
	}
	if err := r.readOwnConfig(g.WorkTree, ""); err != nil {
		return nil, err
	}
	root := g.WorkTree
	if root == "" {
		root = g.Dir
	}
	jobs := r.addRepository(g, "", root)
	r.repos[0].getenv = os.Getenv
	for _, t := range r.repos[0].trees {
		if t.git.WorkTree != "" {
			jobs = append(jobs, r.walk(folder{path: t.git.WorkTree, name: t.name, tree: t, enter: r.enterTree(root, t)}))
		}
	}
	if err := r.do(ctx, jobs...); err != nil {
		return nil, err
	}
	return r.result(ctx, Target{Kind: "repository", Path: path}, root)
}

// auditFiles is Files, and says why there was no more to read.
func auditFiles(ctx context.Context, path string, why error, opts Options) (*Result, error) {
	res, err := Files(ctx, []string{path}, nil, opts)
	if err != nil {
		return nil, err
	}
	if repo.IsOutside(why) {
		res.Coverage.Unread = append(res.Coverage.Unread, Unread{"the repository", opts.Rules.Redact(reason(why))})
		return res, nil
	}
	res.Notes = append(res.Notes, fmt.Sprintf("%s is in no git repository: its files were scanned, and there is no history", opts.Rules.Redact(path)))
	slices.Sort(res.Notes)
	return res, nil
}

// discover finds the repository that holds path, which must be a folder.
func discover(path string) (*repo.Repo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, notThere(path, "folder", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is a file, not a repository: use r8scan files %s", path, path)
	}
	g, err := repo.Discover(realPath(path))
	if err != nil && !errors.Is(err, repo.ErrNone) {
		return nil, fmt.Errorf("open the repository at %s: %w", path, err)
	}
	return g, err
}

// hookRepository finds the repository at path or, if it is "", the one that git
// runs a hook for, as its environment says. getenv is what ObjectDirs takes: the
// environment is about no repository that the user names.
func hookRepository(path string) (g *repo.Repo, getenv func(string) string, err error) {
	if path != "" {
		g, err = discover(path)
	} else {
		path, getenv = "the current folder", os.Getenv
		g, err = repo.FromEnvironment(getenv)
	}
	if errors.Is(err, repo.ErrNone) {
		return nil, nil, fmt.Errorf("%s: %w: run this in one, or name it", path, err)
	}
	return g, getenv, err
}

// realPath follows the links in path: git writes real paths into its files,
// and what it names is to be shown relative to the same root.
func realPath(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	real, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return path // it exists, and some file systems cannot tell more
	}
	return real
}

// enterTree returns what the walk of the work tree top does with a folder that
// has a .git: other work trees of the main repository have walks of their own,
// and any other repository is read too, unless its pointers lead out of what the
// user named.
func (r *run) enterTree(root string, top *workTree) func(dir string) (*workTree, bool) {
	return func(dir string) (*workTree, bool) {
		if dir == top.git.WorkTree {
			return top, true
		}
		if t := r.main().treeAt(dir); t != nil {
			return t, t == top
		}
		if t := r.treeAt(dir); t != nil && t.apart {
			return t, false
		}
		bounds := top.git.Bounds
		name := r.shown(root, dir)
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err != nil {
			return nil, !r.addBare(bounds, dir, name, root)
		}
		g, err := bounds.Open(dir)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			r.addUnread(join(name, ".git"), "the git directory that it names does not exist")
		case err != nil:
			r.addUnread(join(name, ".git"), reason(err))
		default:
			r.pool.add(r.addRepository(g, name, root)...)
			t := r.treeAt(dir)
			return t, t == nil || !t.apart
		}
		return nil, true
	}
}

// addBare queues the bare repository at dir and reports whether there is one.
func (r *run) addBare(bounds *repo.Bounds, dir, name, root string) bool {
	g, err := bounds.OpenDir(dir)
	if repo.IsOutside(err) {
		r.addUnread(name, reason(err))
	}
	if err != nil {
		return false // it only looks like one
	}
	if bounds.Holds(g.WorkTree) {
		g.WorkTree = "" // its configuration has no say in what lies around it
	}
	r.pool.add(r.addRepository(g, name, root)...)
	return true
}

// treeAt returns the work tree of any repository whose top is dir, or nil.
func (r *run) treeAt(dir string) *workTree {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, repo := range r.repos {
		if t := repo.treeAt(dir); t != nil {
			return t
		}
	}
	return nil
}

// treeAt returns the repository's work tree whose top is dir, or nil. The two
// may be named by different paths.
func (repo *repository) treeAt(dir string) *workTree {
	info, err := os.Stat(dir)
	if err != nil {
		return nil
	}
	for _, t := range repo.trees {
		if t.top != nil && os.SameFile(info, t.top) {
			return t
		}
	}
	return nil
}

// within reports whether path, with its links followed, lies in dir.
func within(dir, path string) bool {
	d, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return false
	}
	p, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(d, p)
	return err == nil && filepath.IsLocal(rel)
}
