// Package repo reads what surrounds git's objects: where a repository keeps
// its parts, its configuration, refs, reflogs and index. It only reads files
// and never starts git.
package repo

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"r8scan/internal/regular"
)

// Repo is a repository's layout. A linked worktree is a Repo of its own that
// shares Common with the main one.
type Repo struct {
	Dir       string // git directory: HEAD and index
	Common    string // objects, refs and config; equal to Dir except in a linked worktree
	WorkTree  string // "" for a bare repository
	IndexFile string // Dir's own index unless git's environment names another
	Hash      int    // bytes of an object id: 20 or 32
	Promisor  bool   // a partial clone: objects may be missing by design

	Bounds   *Bounds // where what its pointers lead to may lie
	Borrowed bool    // Common lies outside of what was named, and leads back

	Problems []Problem // what could not be read or understood

	storage    string // of refs: inFiles, inTables, or one that is not known
	ignoreCase bool   // ignore files do not tell small letters from capitals
	bare       bool   // the config says so
	tree       treeConfig
	named      bool      // ReadRefs has named what is wrong with HEAD
	outside    []Problem // work trees that are not followed; Worktrees adds them to Problems
}

// The ref storages that are read.
const (
	inFiles  = "files"
	inTables = "reftable"
)

// Problem is something that could not be read, and why.
type Problem struct{ What, Reason string }

// maxProblems is how many are named one by one.
const maxProblems = 10_000

func (r *Repo) problem(what, reason string) {
	switch {
	case len(r.Problems) < maxProblems:
		r.Problems = append(r.Problems, Problem{what, reason})
	case len(r.Problems) == maxProblems:
		r.Problems = append(r.Problems, Problem{r.Common, fmt.Sprintf("more than %d things in it cannot be read: the rest is not named", maxProblems)})
	}
}

// ErrNone says that a path lies in no repository.
var ErrNone = errors.New("not in a git repository")

// Discover finds the repository that holds path, which is a folder: its own
// .git, path itself as a bare repository or git directory, or the same in a
// folder above, as git does.
func Discover(path string) (*Repo, error) {
	return discoverIn(path, func(dir string) *Bounds { return Within(dir) })
}

// discoverIn is Discover with the bounds for the folder where it is found.
func discoverIn(path string, bounds func(dir string) *Bounds) (*Repo, error) {
	dir, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	for {
		git := filepath.Join(dir, ".git")
		if _, err := os.Lstat(git); err == nil {
			r, err := bounds(dir).Open(dir)
			if IsOutside(err) {
				err = fmt.Errorf("%s: %w", git, err)
			}
			return r, err
		}
		if IsGitDir(dir) {
			return bounds(dir).OpenDir(dir)
		}
		up := filepath.Dir(dir)
		if up == dir {
			return nil, ErrNone
		}
		dir = up
	}
}

// Open reads the repository whose work tree has its .git, a folder or a file
// that names one, in dir.
func (b *Bounds) Open(dir string) (*Repo, error) {
	named := b
	git := filepath.Join(dir, ".git")
	info, err := os.Stat(git)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		if err := b.reach(git); err != nil {
			return nil, err
		}
		if git, err = followFile(git); err != nil {
			return nil, err
		}
	}
	if !b.Holds(git) {
		if _, err := os.Stat(git); err == nil && !namesTree(git, dir) {
			return nil, leadsOut(git)
		}
		b = b.with(git)
	}
	if !IsGitDir(git) {
		return nil, fmt.Errorf("%s is not a git directory: it has no HEAD or no objects", git)
	}
	r, err := b.open(git, dir)
	if err == nil {
		r.Borrowed = !named.Holds(r.Common)
	}
	return r, err
}

// OpenDir reads the repository with the git directory dir.
func (b *Bounds) OpenDir(dir string) (*Repo, error) {
	if !IsGitDir(dir) {
		return nil, errors.New("it is not a git directory: it has no HEAD or no objects")
	}
	return b.open(dir, "")
}

// followFile returns the git directory that a .git file names.
func followFile(path string) (string, error) {
	text, err := regular.ReadFollowed(path, lineMax)
	if err != nil {
		return "", err
	}
	to, ok := strings.CutPrefix(firstLine(text), "gitdir: ")
	if !ok {
		return "", fmt.Errorf("%s does not name a git directory", path)
	}
	return relativeTo(filepath.Dir(path), to), nil
}

func (b *Bounds) open(dir, workTree string) (*Repo, error) {
	return b.openShared(dir, "", workTree, nil)
}

// openShared is open with the folder that holds what worktrees share, if it is
// not to be found by itself, and with another worktree of the same repository, if
// one is open.
func (b *Bounds) openShared(dir, common, workTree string, other *Repo) (*Repo, error) {
	r := &Repo{Dir: dir, Common: dir, WorkTree: workTree, Bounds: b, IndexFile: filepath.Join(dir, "index"), Hash: 20, storage: inFiles}
	if common != "" {
		r.Common = common
	} else if err := r.takeCommon(); err != nil {
		return nil, err
	}
	if r.Common != r.Dir && workTree == "" {
		if err := r.Reach(filepath.Join(dir, "gitdir")); err != nil {
			r.problem(filepath.Join(dir, "gitdir"), err.Error())
		} else if git, err := readPath(dir, "gitdir"); err == nil {
			r.takeTree(filepath.Dir(git), "gitdir")
		}
	}
	if other != nil {
		r.shareConfig(other)
	} else {
		r.readConfig()
	}
	if tree, file := r.configuredTree(); tree != "" {
		r.takeTree(tree, file)
	}
	if _, err := os.Stat(filepath.Join(r.Common, "objects")); err != nil {
		return nil, err
	}
	return r, nil
}

// IsGitDir reports whether dir has what git itself asks of a git directory.
func IsGitDir(dir string) bool {
	if info, err := os.Lstat(filepath.Join(dir, "HEAD")); err != nil || info.IsDir() {
		return false
	}
	for _, name := range []string{"objects", "commondir"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}

// Worktrees returns the other worktrees of the repository: the main one first,
// if r is a linked one, and the linked ones in the order of their names. One
// whose folder is gone still has its index and HEAD. The bounds are those of
// all of them then.
func (r *Repo) Worktrees() []*Repo {
	var out []*Repo
	if r.Dir != r.Common {
		top := ""
		if real := realPath(r.Common); filepath.Base(real) == ".git" { // or the config says where it is
			top = filepath.Dir(real)
		}
		if w, err := r.Bounds.with(top).openShared(r.Common, r.Common, top, r); err != nil {
			r.problem(r.Common, err.Error())
		} else {
			out = append(out, w)
		}
	}
	for _, dir := range r.subfolders(filepath.Join(r.Common, "worktrees")) {
		if sameFile(dir, r.Dir) {
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

// linked opens a linked worktree's git directory. To git, the store that lists
// it is its store, whatever it says itself.
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

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// ReadIndex reads the index of the repository or worktree. The error is
// fs.ErrNotExist if there is none: to git, that is an empty one. One whose
// checksum is wrong is returned beside the error.
func (r *Repo) ReadIndex() (*Index, error) { return r.index().read() }

// UseIndex opens the repository's index and calls use with it. All that use has
// of it, paths aside, ends with the call. What use did counts only if there is
// no error: a file whose checksum is wrong, which git looks at in some commands
// only, is one. It is fs.ErrNotExist if there is no index: to git, that is an
// empty one.
func (r *Repo) UseIndex(use func(x *IndexReader)) error { return r.index().use(use) }

func (r *Repo) index() *indexFile {
	return &indexFile{path: r.IndexFile, dir: r.Dir, hash: r.Hash, reach: r.Reach}
}

// subfolders returns the folders in dir, links to some included, unless they
// lead outside: those are problems.
func (r *Repo) subfolders(dir string) []string {
	if err := r.Reach(dir); err != nil {
		r.problem(dir, err.Error())
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if e.Type()&os.ModeSymlink != 0 {
			info, err := os.Stat(path)
			if err != nil || !info.IsDir() {
				continue
			}
			if err := r.Reach(path); err != nil {
				r.problem(path, err.Error())
				continue
			}
		} else if !e.IsDir() {
			continue
		}
		out = append(out, path)
	}
	return out
}

// Shallow returns the ids, in hex, of commits whose parents a shallow clone
// left out.
func (r *Repo) Shallow() []string {
	path := filepath.Join(r.Common, "shallow")
	text, err := r.read(path, listMax)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			r.problem(path, why(err))
		}
		return nil
	}
	var ids []string
	for id := range strings.FieldsSeq(string(text)) {
		if len(id) == 2*r.Hash {
			ids = append(ids, id)
		}
	}
	return ids
}

func firstLine(text []byte) string {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return strings.TrimSpace(string(line))
}

func relativeTo(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, filepath.FromSlash(path))
}
