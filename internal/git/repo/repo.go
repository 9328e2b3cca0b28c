// Package repo reads everything in a git repository other than objects: its
// layout, configuration, refs, reflogs and index. It only reads files and never
// starts git.
package repo

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"r8scan/internal/git/odb"
	"r8scan/internal/regular"
)

// Repo is the layout of a repository. A linked worktree is a Repo of its own
// that shares Common with the main one.
type Repo struct {
	Place
	Config Config
	Refs   Refs

	WorkTree  string // "" for a bare repository
	IndexFile string // the index in Dir, unless git's environment names another
	Borrowed  bool   // Common is outside the named folder, and leads back

	outside []Problem // work trees that are not followed; Worktrees moves them to Problems
}

// newRepo returns the repository at a place. Its configuration is not read yet.
func newRepo(place Place) *Repo {
	r := &Repo{Place: place, IndexFile: filepath.Join(place.Dir, "index")}
	r.Config = Config{repo: r, storage: inFiles}
	r.Refs = Refs{Place: &r.Place, config: &r.Config}
	return r
}

// ErrNone means that a path is in no repository.
var ErrNone = errors.New("not in a git repository")

// Discover finds the repository that holds the folder path, as git does: by its
// .git, as a bare repository or git directory, or the same in a folder above.
// Git ignores a damaged repository, so Discover returns one only if there is no
// other. getenv looks up GIT_CEILING_DIRECTORIES. path must be a real path
// without links.
func Discover(path string, getenv Lookup) (*Repo, error) {
	return discoverIn(path, getenv, func(dir string) *Bounds { return Within(dir) })
}

// discoverIn is Discover with a function that returns the bounds for the folder
// of the repository.
func discoverIn(path string, getenv Lookup, bounds func(dir string) *Bounds) (*Repo, error) {
	dir, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	ceiling := ceilingOf(dir, getenv.get("GIT_CEILING_DIRECTORIES"))
	var damaged func() (*Repo, error)
	passed := "" // the first .git that is not a repository
	for {
		git := filepath.Join(dir, ".git")
		info, err := os.Stat(git)
		switch here := dir; {
		case err == nil && (info.Mode().IsRegular() || info.IsDir() && isGitDir(git)):
			return bounds(dir).openNamed(dir, info.IsDir())
		case isGitDir(dir):
			return bounds(dir).open(dir, "")
		case damaged == nil && err == nil && info.IsDir() && IsGitDir(git):
			damaged = func() (*Repo, error) { return bounds(here).openNamed(here, true) }
		case damaged == nil && IsGitDir(dir):
			damaged = func() (*Repo, error) { return bounds(here).open(here, "") }
		case passed == "" && err == nil:
			passed = git
		}
		up := filepath.Dir(dir)
		switch {
		case up != dir && up != ceiling:
			dir = up
		case damaged != nil:
			return damaged()
		case passed != "":
			return nil, fmt.Errorf("%w (%s is not a git directory: it has no HEAD, no objects or no refs)", ErrNone, passed)
		default:
			return nil, ErrNone
		}
	}
}

// ceilingOf returns the nearest folder above dir in a list of ceilings, "" for
// none. Git searches neither this folder nor those above it. Links in an entry
// are followed, but not after an empty entry.
func ceilingOf(dir, list string) string {
	ceiling, asIs := "", false
	for _, entry := range filepath.SplitList(list) {
		switch {
		case entry == "":
			asIs = true
			continue
		case !filepath.IsAbs(entry):
			continue
		case !asIs:
			entry = realPath(entry)
		}
		entry = strings.TrimSuffix(filepath.FromSlash(entry), string(filepath.Separator))
		rest, isAbove := strings.CutPrefix(dir, entry)
		if isAbove && len(rest) > 1 && os.IsPathSeparator(rest[0]) && len(entry) >= len(ceiling) {
			ceiling = entry + rest[:1] // a root keeps its slash
		}
	}
	if ceiling == "" {
		return ""
	}
	return filepath.Clean(ceiling)
}

// openNamed is openAt for a folder that the user named. Its error tells which
// .git leads outside.
func (b *Bounds) openNamed(dir string, isGitDir bool) (*Repo, error) {
	r, err := b.openAt(dir, isGitDir, true)
	if IsOutside(err) {
		err = fmt.Errorf("%s: %w", filepath.Join(dir, ".git"), err)
	}
	return r, err
}

// Open opens the repository whose .git, a folder or a file, is in dir. The
// error is ErrNone if git ignores that .git: a folder that is not a git
// directory, a link that leads nowhere, or a pipe.
func (b *Bounds) Open(dir string) (*Repo, error) { return b.openAt(dir, false, false) }

// openAt is Open. isGitDir says that .git is known to be a git directory;
// isNamed says that the user named dir or a folder in it.
func (b *Bounds) openAt(dir string, isGitDir, isNamed bool) (*Repo, error) {
	named := b
	git := filepath.Join(dir, ".git")
	info, err := os.Stat(git)
	if err != nil || !info.IsDir() && !info.Mode().IsRegular() {
		return nil, ErrNone
	}
	isFile := !info.IsDir()
	if isFile {
		if err := b.reach(git); err != nil {
			return nil, err
		}
		if git, err = followFile(git); err != nil {
			return nil, err
		}
	}
	if !b.Holds(git) {
		if _, err := os.Stat(git); err == nil && !namesTree(git, dir) && !(isNamed && isSeparate(git)) {
			return nil, leadsOut(git)
		}
		b = b.with(git)
	}
	switch {
	case isGitDir, IsGitDir(git):
	case !isFile:
		return nil, ErrNone
	default:
		return nil, fmt.Errorf("%s is not a git directory: it has no HEAD, no objects or no refs", git)
	}
	r, err := b.open(git, dir)
	if err == nil {
		r.Borrowed = !named.Holds(r.Common)
	}
	return r, err
}

// OpenDir opens the repository with the git directory dir.
func (b *Bounds) OpenDir(dir string) (*Repo, error) {
	if !IsGitDir(dir) {
		return nil, errors.New("it is not a git directory: it has no HEAD, no objects or no refs")
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

// openShared is open with two optional values: common, the folder that
// worktrees share, and other, an open worktree of the same repository.
func (b *Bounds) openShared(dir, common, workTree string, other *Repo) (*Repo, error) {
	r := newRepo(Place{Dir: dir, Common: dir, Hash: 20, Bounds: b})
	r.WorkTree = workTree
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
		r.Config.share(&other.Config)
	} else {
		r.Config.read()
	}
	if tree, file := r.configuredTree(); tree != "" {
		r.takeTree(tree, file)
	}
	if _, err := os.Stat(filepath.Join(r.Common, "objects")); err != nil {
		return nil, err
	}
	return r, nil
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
// fs.ErrNotExist if there is none, which git treats as an empty one. An index
// with a wrong checksum is returned together with the error.
func (r *Repo) ReadIndex() (*Index, error) { return r.index().read() }

// UseIndex opens the repository's index and calls use with it. Apart from
// paths, everything that use reads from it is invalid after the call. Results
// of use count only if there is no error; a wrong checksum is one. The error is
// fs.ErrNotExist if there is no index, which git treats as an empty one.
func (r *Repo) UseIndex(use func(x *IndexReader)) error { return r.index().use(use) }

func (r *Repo) index() *indexFile {
	return &indexFile{path: r.IndexFile, dir: r.Dir, hash: r.Hash, reach: r.Reach}
}

// ObjectDirs returns the repository's object directories: its own, and those
// that info/alternates names, directly or indirectly. Alternates are followed
// anywhere, as git does; those outside the bounds are marked as lent. getenv
// looks up git's environment variables: in a pre-receive hook they name the
// quarantine of the pushed objects. The variables are about one repository, so
// getenv must be nil for any other.
func (r *Repo) ObjectDirs(getenv Lookup) odb.Folders {
	return findObjectDirs(r, getenv)
}

// Roots calls use with everything that names an object in the repository or
// worktree, other than the index and the refs that Refs.Read returns: HEAD,
// FETCH_HEAD and similar, reflogs, a worktree's own refs, the state of a merge,
// rebase, cherry-pick or bisect, shallow and grafts. It returns problems for
// files that should name an object and do not. Zero ids are left out.
func (r *Repo) Roots(use func(Root)) []Problem { return findRoots(r, use) }

// Ignorer returns an Ignorer for the repository's work tree. getenv looks up
// the environment variables that locate the user's configuration.
func (r *Repo) Ignorer(getenv Lookup) *Ignorer {
	return newIgnorer(r, getenv)
}

// LFS returns the repository's LFS stores: the folder in lfs.storage, the
// default one in the git directory, and those next to alternates. objects is
// the result of ObjectDirs. getenv looks up the environment variables that
// locate the user's configuration. The notes name stores that are not followed.
func (r *Repo) LFS(objects odb.Folders, getenv Lookup) (l LFS, notes []string) {
	return findLFS(r, objects, getenv)
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
