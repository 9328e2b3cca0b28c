package scanner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/r8scan/r8scan/scanner/internal/gitdir"
	"github.com/r8scan/r8scan/scanner/internal/odb"
)

// repository is a repository that is scanned: the one the user named, a
// submodule's, or one found in a work tree.
type repository struct {
	git   *gitdir.Repo
	name  string // how paths in its history are shown: a prefix with slashes, "" for the main one
	trees []*workTree
	store *odb.Store // nil until it is opened
	refs  []gitdir.Ref
	head  string // id in hex, "" if there is none
	root  string // paths on disk are shown relative to it

	// getenv looks up git's own environment variables; nil for a repository
	// that the user did not name, which they are not about.
	getenv func(string) string

	shallow map[string]bool // raw ids of commits whose parents are left out

	mu      sync.Mutex
	missing map[string]missing // raw id → what is known of it
}

// missing is an object that others name and the store does not have.
type missing struct{ kind, name string }

// addRepository registers a repository and returns the jobs of reading it. One
// that is registered already gives none: worktrees share their repository.
func (r *run) addRepository(g *gitdir.Repo, name, root string) []job {
	real, err := filepath.EvalSymlinks(g.Common)
	if err != nil {
		r.addUnread(r.shown(root, g.Common), reason(err))
		return nil
	}
	repo := &repository{git: g, name: name, root: root, missing: map[string]missing{}}
	r.mu.Lock()
	for _, other := range r.repos {
		if o, err := filepath.EvalSymlinks(other.git.Common); err == nil && o == real {
			r.mu.Unlock()
			return nil
		}
	}
	r.repos = append(r.repos, repo)
	r.mu.Unlock()

	for _, w := range append([]*gitdir.Repo{g}, g.Worktrees()...) {
		repo.trees = append(repo.trees, &workTree{git: w, name: r.prefix(root, w.WorkTree)})
	}
	jobs := []job{r.gitFiles(repo, root), r.readObjects(repo)}
	for _, t := range repo.trees {
		jobs = append(jobs, r.readIndex(t))
	}
	for _, dir := range gitdir.Modules(filepath.Join(g.Common, "modules")) {
		m, err := gitdir.OpenDir(dir)
		if err != nil {
			r.addUnread(r.shown(root, dir), reason(err))
			continue
		}
		jobs = append(jobs, r.addRepository(m, r.prefix(root, m.WorkTree), root)...)
	}
	return jobs
}

// shown returns how a path on disk is shown: relative to root, with slashes.
func (r *run) shown(root, path string) string {
	if rel, err := filepath.Rel(root, path); err == nil {
		return filepath.ToSlash(rel)
	}
	return filepath.ToSlash(path)
}

// prefix is shown for a work tree, "" if it is the root itself or there is none.
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
	name := r.shown(root, dir)
	inside := func(shown string) string { return strings.TrimPrefix(strings.TrimPrefix(shown, name), "/") }
	f := folder{path: dir, name: name,
		kind: func(shown string) string { return gitFileKind(inside(shown)) },
		skip: func(shown string) bool {
			switch in := inside(shown); {
			case in == "objects", in == "modules":
				return true
			default:
				return filepath.Base(in) == "index" || strings.HasPrefix(in, "sharedindex.")
			}
		},
	}
	return r.walk(f)
}

// gitFileKind tells what a file is by its path in the git directory.
func gitFileKind(in string) string {
	if rest, ok := strings.CutPrefix(in, "worktrees/"); ok {
		_, in, _ = strings.Cut(rest, "/")
	}
	switch {
	case in == "config", in == "config.worktree":
		return KindConfig
	case strings.HasPrefix(in, "logs/"):
		return KindReflog
	case strings.HasPrefix(in, "refs/"), in == "packed-refs", in == "HEAD":
		return KindRef
	}
	return KindFile
}

// Audit scans all that the repository at path holds; outside a repository it
// is Files.
func Audit(ctx context.Context, path string, opts Options) (*Result, error) {
	g, err := discover(path)
	if errors.Is(err, gitdir.ErrNone) {
		return Files(ctx, []string{path}, nil, opts)
	}
	if err != nil {
		return nil, err
	}
	r, err := newRun(opts)
	if err != nil {
		return nil, err
	}
	root := g.WorkTree
	if root == "" {
		root = g.Dir
	}
	jobs := r.addRepository(g, "", root)
	main := r.repos[0]
	main.getenv = os.Getenv
	nested := r.nestedRepositories(root, main)
	for _, t := range main.trees {
		if t.git.WorkTree == "" {
			continue
		}
		jobs = append(jobs, r.walk(folder{path: t.git.WorkTree, name: t.name, tree: t, nested: nested}))
	}
	if err := r.do(ctx, jobs...); err != nil {
		return nil, err
	}
	return r.result(ctx, Target{Kind: "repository", Path: path}, root)
}

// Objects scans the objects of the repository at path and nothing else.
func Objects(ctx context.Context, path string, opts Options) (*Result, error) {
	g, err := discover(path)
	if errors.Is(err, gitdir.ErrNone) {
		return nil, fmt.Errorf("%s: %w: name a folder inside one, or use r8scan files", path, err)
	}
	if err != nil {
		return nil, err
	}
	r, err := newRun(opts)
	if err != nil {
		return nil, err
	}
	repo := &repository{git: g, root: g.Common, getenv: os.Getenv, missing: map[string]missing{}}
	r.repos = []*repository{repo}
	if err := r.do(ctx, r.readObjects(repo)); err != nil {
		return nil, err
	}
	return r.result(ctx, Target{Kind: "repository", Path: path}, g.Common)
}

// discover finds the repository that holds path, which must be a folder.
func discover(path string) (*gitdir.Repo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: name a folder that exists", path, reason(err))
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is a file, not a repository: use r8scan files %s", path, path)
	}
	g, err := gitdir.Discover(path)
	if err != nil && !errors.Is(err, gitdir.ErrNone) {
		return nil, fmt.Errorf("open the repository at %s: %w", path, err)
	}
	return g, err
}

// nestedRepositories returns what to do with a .git that a walk meets below
// root: the repository is read too, unless its .git file points out of what
// the user named.
func (r *run) nestedRepositories(root string, main *repository) func(dir string) {
	return func(dir string) {
		if dir == root || main.isTree(dir) {
			return
		}
		name := r.shown(root, dir)
		g, err := gitdir.Open(dir)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			r.addUnread(join(name, ".git"), "the git directory that it names does not exist")
		case err != nil:
			r.addUnread(join(name, ".git"), reason(err))
		case !within(root, g.Common) && !within(main.git.Common, g.Common):
			r.addUnread(join(name, ".git"), "it points to a repository elsewhere, which is not followed: audit that one by itself")
		default:
			r.pool.add(r.addRepository(g, name, root)...)
		}
	}
}

// isTree reports whether dir is one of the repository's own work trees.
func (repo *repository) isTree(dir string) bool {
	for _, t := range repo.trees {
		if t.git.WorkTree == dir {
			return true
		}
	}
	return false
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
