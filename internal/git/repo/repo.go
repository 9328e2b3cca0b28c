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
	Dir        string // git directory: HEAD and index
	Common     string // objects, refs and config; equal to Dir except in a linked worktree
	WorkTree   string // "" for a bare repository
	IndexFile  string // Dir's own index unless git's environment names another
	Hash       int    // bytes of an object id: 20 or 32
	Refs       string // ref storage: Files, Reftable, or one that is not known
	IgnoreCase bool   // ignore files do not tell small letters from capitals
	Promisor   bool   // a partial clone: objects may be missing by design

	Problems []Problem // what could not be read or understood

	bare bool // the config says so
}

// Files and Reftable are the ref storages that are read.
const (
	Files    = "files"
	Reftable = "reftable"
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
	dir, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	for {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return Open(dir)
		}
		if IsGitDir(dir) {
			return openDir(dir, "")
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
func Open(dir string) (*Repo, error) {
	git := filepath.Join(dir, ".git")
	info, err := os.Stat(git)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		if git, err = followFile(git); err != nil {
			return nil, err
		}
	}
	if !IsGitDir(git) {
		return nil, fmt.Errorf("%s is not a git directory: it has no HEAD or no objects", git)
	}
	return openDir(git, dir)
}

// OpenDir reads the repository with the git directory dir.
func OpenDir(dir string) (*Repo, error) {
	if !IsGitDir(dir) {
		return nil, errors.New("it is not a git directory: it has no HEAD or no objects")
	}
	return openDir(dir, "")
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

func openDir(dir, workTree string) (*Repo, error) { return openShared(dir, "", workTree) }

// openShared is openDir with the folder that holds what worktrees share, if it
// is not to be found by itself.
func openShared(dir, common, workTree string) (*Repo, error) {
	r := &Repo{Dir: dir, Common: dir, WorkTree: workTree, IndexFile: filepath.Join(dir, "index"), Hash: 20, Refs: Files}
	shared := filepath.Join(dir, "commondir")
	text, err := regular.ReadFollowed(shared, lineMax)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.problem(shared, why(err)+": where the rest of the repository is, is unknown")
	}
	if err == nil {
		r.Common = relativeTo(dir, firstLine(text))
		if text, err := regular.ReadFollowed(filepath.Join(dir, "gitdir"), lineMax); err == nil && workTree == "" {
			r.WorkTree = filepath.Dir(relativeTo(dir, firstLine(text)))
		}
	}
	if common != "" {
		r.Common = common
	}
	r.readConfig()
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
// whose folder is gone still has its index and HEAD.
func (r *Repo) Worktrees() []*Repo {
	var out []*Repo
	if r.Dir != r.Common {
		top := ""
		if filepath.Base(r.Common) == ".git" { // or the config says where it is
			top = filepath.Dir(r.Common)
		}
		if w, err := openDir(r.Common, top); err != nil {
			r.problem(r.Common, err.Error())
		} else {
			out = append(out, w)
		}
	}
	for _, dir := range subfolders(filepath.Join(r.Common, "worktrees")) {
		if sameFile(dir, r.Dir) {
			continue
		}
		w, err := openDir(dir, "")
		if err != nil {
			r.problem(dir, err.Error())
			continue
		}
		if _, err := os.Stat(w.WorkTree); err != nil {
			w.WorkTree = ""
		}
		out = append(out, w)
	}
	return out
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// Modules returns the git directories of submodules below dir, which is a
// repository's modules folder; names of submodules may have slashes. A folder
// with objects is one of them even if it is damaged: OpenDir says how.
func Modules(dir string) []string {
	var out []string
	for _, sub := range subfolders(dir) {
		if _, err := os.Stat(filepath.Join(sub, "objects")); err == nil || IsGitDir(sub) {
			out = append(out, sub)
		} else {
			out = append(out, Modules(sub)...)
		}
	}
	return out
}

func subfolders(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, filepath.Join(dir, e.Name()))
		}
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
