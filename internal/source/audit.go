package source

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"r8scan/internal/collect"
	"r8scan/internal/git/repo"
	"r8scan/internal/regular"
	"r8scan/result"
)

// Repository is everything that a repository holds: its work trees, objects,
// indexes, git's own texts, its submodules, and the repositories in its work trees.
type Repository struct {
	path string
	git  *repo.Repo
}

// ErrNoRepository says that a folder is in no repository.
var ErrNoRepository = repo.ErrNone

// OpenRepository finds the repository around path. The error says if there is
// none, or if it is outside path: see IsOutside.
func OpenRepository(path string) (*Repository, error) {
	g, err := discover(path)
	if err != nil {
		return nil, err
	}
	return &Repository{path, g}, nil
}

// IsOutside reports whether a repository was not opened because its pointers lead
// out of the named folder.
func IsOutside(err error) bool { return repo.IsOutside(err) }

// Tree is the main work tree.
func (s *Repository) Tree() (root, top string) { return s.git.WorkTree, "" }

// Read reads the repository and what is in it.
func (s *Repository) Read(ctx context.Context, env *Env) (*Read, error) {
	root := s.git.WorkTree
	if root == "" {
		root = s.git.Dir
	}
	a := &audit{env: env, files: files{env, &pointerFiles{}}, root: root}
	jobs := a.add(s.git, "", os.LookupEnv)
	for _, t := range a.main().Trees {
		if t.Git.WorkTree != "" {
			jobs = append(jobs, a.walk(t))
		}
	}
	if err := env.run(ctx, jobs...); err != nil {
		return nil, err
	}
	if err := readUnsigned(ctx, env, a.repos...); err != nil {
		return nil, err
	}
	if err := a.files.readPointers(ctx, a.pointerFile); err != nil {
		return nil, err
	}
	read := &Read{Target: result.Target{Kind: "repository", Path: s.path}, Root: root}
	for _, r := range a.repos {
		read.Repos = append(read.Repos, &r.Repository)
	}
	return read, nil
}

// audit reads a repository and those that it finds in it.
type audit struct {
	env   *Env
	files files
	root  string // paths on disk are shown relative to it

	mu    sync.Mutex
	repos []*repository // the main one first
}

// add registers a repository and returns the jobs of reading it. It returns none
// if the repository is known: worktrees share theirs.
func (a *audit) add(g *repo.Repo, name string, getenv repo.Lookup) []job {
	real, err := filepath.EvalSymlinks(g.Common)
	if err != nil {
		a.env.Sink.Unread(collect.Shown(a.root, g.Common), regular.Reason(err))
		if a.main() != nil {
			return nil
		}
		real = g.Common // the one that the user named
	}
	r := newRepository(a.env, g, a.root, getenv)
	r.real, r.Name, r.asFiles = real, name, true
	for _, w := range append([]*repo.Repo{g}, g.Worktrees()...) {
		t := &collect.WorkTree{Git: w, Name: prefix(a.root, w.WorkTree)}
		if w.WorkTree != "" {
			t.Top, _ = os.Stat(w.WorkTree) // nil if it is gone
		}
		r.Trees = append(r.Trees, t)
	}
	a.markApart(r)
	if !a.register(r) {
		return nil
	}
	o := &objects{a.env, r}
	jobs := []job{a.gitFiles(r), o.all(r.Trees)}
	for _, t := range r.Trees {
		jobs = append(jobs, searchIndex(a.env, t))
		if t.Apart {
			jobs = append(jobs, a.walk(t))
		}
	}
	for _, dir := range g.ModuleDirs() {
		m, err := g.Bounds.OpenDir(dir)
		if err != nil {
			a.env.Sink.Unread(collect.Shown(a.root, dir), regular.Reason(err))
			continue
		}
		jobs = append(jobs, a.add(m, prefix(a.root, m.WorkTree), nil)...)
	}
	return jobs
}

// register notes a repository and reports whether it is new.
func (a *audit) register(r *repository) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if slices.ContainsFunc(a.repos, func(other *repository) bool { return other.real == r.real }) {
		return false
	}
	a.repos = append(a.repos, r)
	return true
}

// main returns the repository that the user named, nil until it is registered.
func (a *audit) main() *repository {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.repos) == 0 {
		return nil
	}
	return a.repos[0]
}

// markApart finds the work trees, of repositories other than the main one, that no
// other walk finds: they are outside the named folder, and lead back. If the store
// itself is outside, only the work tree that led to it is read.
func (a *audit) markApart(r *repository) {
	main := a.main()
	if main == nil || r.Git.Borrowed {
		return
	}
	for _, t := range r.Trees {
		t.Apart = t.Git.WorkTree != "" && !main.Git.Bounds.Holds(t.Git.WorkTree)
	}
}

// walk returns the job of reading a work tree's files.
func (a *audit) walk(t *collect.WorkTree) job {
	root := &collect.Root{Shown: t.Name, Disk: t.Git.WorkTree, Folder: true}
	return a.files.walk(folder{path: t.Git.WorkTree, name: t.Name, root: root, tree: t, enter: a.enter(t)})
}

// gitFiles returns the job of reading the texts in a git directory: config, hooks,
// logs, refs. Objects and submodules have jobs of their own.
func (a *audit) gitFiles(r *repository) job {
	dir := r.Git.Common
	name := prefix(a.root, dir)
	inside := func(shown string) string { return strings.TrimPrefix(strings.TrimPrefix(shown, name), "/") }
	return a.files.walk(folder{path: dir, name: name,
		kind: func(shown, member string) string { return gitFileKind(inside(shown), member) },
		skip: func(f folder) bool { return hasReader(inside(f.name), f.path) },
		enter: func(in string, w *worker) (*collect.WorkTree, bool) { // a nested repository's objects are compressed
			if in == dir {
				return nil, true
			}
			return a.enter(r.Trees[0])(in, w)
		},
		link: func(f folder) {
			if err := r.Git.Reach(f.path); err != nil {
				a.env.Sink.Unread(f.name, regular.Reason(err))
			}
		},
	})
}

// enter returns what the walk of the work tree top does with a folder that has a
// .git. Other work trees of the main repository have their own walks. Any other
// repository is read too, unless its pointers lead out of the named folder.
func (a *audit) enter(top *collect.WorkTree) func(dir string, w *worker) (*collect.WorkTree, bool) {
	return func(dir string, w *worker) (*collect.WorkTree, bool) {
		if dir == top.Git.WorkTree {
			return top, true
		}
		if t := treeAt(dir, a.main()); t != nil {
			return t, t == top
		}
		if t := a.treeAt(dir); t != nil && t.Apart {
			return t, false
		}
		bounds := top.Git.Bounds
		name := collect.Shown(a.root, dir)
		g, err := bounds.Open(dir)
		switch {
		case errors.Is(err, repo.ErrNone):
			a.nameLink(top, filepath.Join(dir, ".git"), collect.Join(name, ".git"))
			return nil, !a.addBare(bounds, dir, name, w)
		case errors.Is(err, fs.ErrNotExist):
			a.env.Sink.Unread(collect.Join(name, ".git"), "the git directory that it names does not exist")
		case err != nil:
			a.env.Sink.Unread(collect.Join(name, ".git"), regular.Reason(err))
		default:
			w.pool.Add(a.add(g, name, nil)...)
			t := a.treeAt(dir)
			return t, t == nil || !t.Apart
		}
		return nil, true
	}
}

// nameLink names a link that git does not follow, if it leads out of the named
// folder to something that exists.
func (a *audit) nameLink(top *collect.WorkTree, path, name string) {
	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return
	}
	if _, err := os.Stat(path); err != nil {
		return
	}
	if err := top.Git.Reach(path); err != nil {
		a.env.Sink.Unread(name, regular.Reason(err))
	}
}

// addBare queues the bare repository at dir and reports whether there is one.
func (a *audit) addBare(bounds *repo.Bounds, dir, name string, w *worker) bool {
	g, err := bounds.OpenDir(dir)
	if repo.IsOutside(err) {
		a.env.Sink.Unread(name, regular.Reason(err))
	}
	if err != nil {
		return false // it only looks like a repository
	}
	if bounds.Holds(g.WorkTree) {
		g.WorkTree = "" // its configuration does not decide about the folders around it
	}
	w.pool.Add(a.add(g, name, nil)...)
	return true
}

// treeAt returns the work tree, of any repository, whose top is dir, or nil.
func (a *audit) treeAt(dir string) *collect.WorkTree {
	a.mu.Lock()
	defer a.mu.Unlock()
	return treeAt(dir, a.repos...)
}

// treeAt returns the work tree of repos whose top is dir, or nil. It compares
// folders, not paths.
func treeAt(dir string, repos ...*repository) *collect.WorkTree {
	info, err := os.Stat(dir)
	if err != nil {
		return nil
	}
	for _, r := range repos {
		for _, t := range r.Trees {
			if t.Top != nil && os.SameFile(info, t.Top) {
				return t
			}
		}
	}
	return nil
}
