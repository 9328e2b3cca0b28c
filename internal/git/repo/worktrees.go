package repo

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
)

// Worktrees returns the other worktrees of the repository: the main one first
// if r is a linked one, then the linked ones sorted by name. A worktree whose
// folder is gone still has its index and HEAD. Afterwards the bounds include
// all worktrees.
func (r *Repo) Worktrees() []*Repo {
	var out []*Repo
	if r.Dir != r.Common {
		top := ""
		if real := realPath(r.Common); filepath.Base(real) == ".git" { // otherwise the config says where it is
			top = filepath.Dir(real)
		}
		if w, err := r.Bounds.with(top).openShared(r.Common, r.Common, top, r); err != nil {
			r.problem(r.Common, err.Error())
		} else {
			out = append(out, w)
		}
	}
	for _, dir := range r.subfolders(filepath.Join(r.Common, "worktrees")) {
		if sameFile(dir, r.Dir) || !isWorktree(dir) {
			continue
		}
		w, err := r.linked(dir)
		if err != nil {
			r.problem(dir, err.Error())
			continue
		}
		if _, err := os.Stat(w.WorkTree); err != nil {
			w.WorkTree = ""
		}
		out = append(out, w)
	}
	for _, w := range out {
		r.Bounds = r.Bounds.with(w.WorkTree)
	}
	for _, w := range append(out, r) {
		w.Bounds = r.Bounds
		w.Problems, w.outside = append(w.Problems, w.outside...), nil
	}
	return out
}

// isWorktree reports whether a folder in worktrees has any part of a worktree.
// Git ignores others.
func isWorktree(dir string) bool {
	return slices.ContainsFunc([]string{"gitdir", "commondir", "HEAD", "index"}, func(name string) bool {
		_, err := os.Lstat(filepath.Join(dir, name))
		return err == nil
	})
}

// linked opens the git directory of a linked worktree. For git, its store is
// the one that lists it, whatever its commondir says.
func (r *Repo) linked(dir string) (*Repo, error) {
	file := filepath.Join(dir, "commondir")
	if _, err := r.read(file, lineMax); err != nil {
		return nil, err
	}
	w, err := r.Bounds.openShared(dir, r.Common, "", r)
	if err != nil {
		return nil, err
	}
	if common, err := readPath(dir, "commondir"); err == nil && !sameFile(common, r.Common) {
		if err := r.Bounds.reach(common); err != nil {
			w.problem(file, err.Error())
		}
	}
	return w, nil
}

// configuredTree returns the work tree in the configuration, and the file that
// names it: config.worktree, or the common config, which does not count for
// linked worktrees.
func (r *Repo) configuredTree() (tree, file string) {
	if r.Dir == r.Common {
		tree, file = r.Config.tree.path, "config"
	}
	if r.Config.tree.own {
		if text, err := r.read(filepath.Join(r.Dir, "config.worktree"), configMax); err == nil {
			var own treeConfig
			_ = eachVariable(text, func(v *variable) { own.take(v) }) // an error does not matter: the file is searched as a text
			if own.path != "" {
				tree, file = own.path, "config.worktree"
			}
		}
	}
	if tree == "" {
		return "", ""
	}
	return relativeTo(r.Dir, tree), file
}

// takeTree sets WorkTree to the tree that from, a file in the git directory,
// names, if it may and WorkTree is empty. A tree in the bounds without a .git
// may be a submodule that is not checked out.
func (r *Repo) takeTree(tree, from string) {
	_, err := os.Lstat(filepath.Join(tree, ".git"))
	switch {
	case r.WorkTree == "" && r.Bounds == nil:
		r.WorkTree = tree
	case r.WorkTree == "" && namesStore(tree, r.Dir):
		r.WorkTree, r.Bounds = tree, r.Bounds.with(tree)
	case r.WorkTree == "" && from != "gitdir" && errors.Is(err, os.ErrNotExist) && r.Bounds.Holds(tree):
		r.WorkTree = tree
	default:
		if err := r.Bounds.reach(tree); err != nil {
			r.outside = append(r.outside, Problem{filepath.Join(r.Dir, from), err.Error()})
		}
	}
}
