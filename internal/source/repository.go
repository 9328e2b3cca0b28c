package source

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"r8scan/internal/archive"
	"r8scan/internal/collect"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
	"r8scan/internal/git/revision"
	"r8scan/internal/git/wire"
	"r8scan/internal/regular"
)

// repository is a repository whose objects are read.
type repository struct {
	collect.Repository
	real string // its common git directory, with links resolved

	// getenv looks up git's own environment variables. It is nil for a repository
	// that the user did not name: they are not about that.
	getenv repo.Lookup

	lfs      repo.LFS
	asFiles  bool                    // the files in its git directory are read too
	shallow  map[string]bool         // raw ids of commits whose parents a shallow clone lacks
	unsigned *collect.Firsts[string] // names of blobs by raw id: see unsigned.go
	named    []*idSet                // all objects of a sift but those that only refs name; nil if the store has all
}

// maxUnsigned bounds the memory for such blobs.
const maxUnsigned = 1 << 16

// isUnsigned reports whether an entry of a tree has such a name.
func isUnsigned(e odb.TreeEntry) bool {
	return archive.Unsigned(e.Name) && e.Mode&0o170000 == 0o100000
}

// newRepository returns a repository that is not open yet. Paths on disk are
// shown relative to root.
func newRepository(env *Env, g *repo.Repo, root string, getenv repo.Lookup) *repository {
	r := &repository{Repository: collect.Repository{Git: g, Root: root}, getenv: getenv}
	r.forget(env)
	return r
}

// forget drops what is known of the ids that objects name.
func (r *repository) forget(env *Env) {
	r.Missing = &collect.Firsts[collect.Missing]{Most: int(env.Budget.Found >> 11)}
	r.Pointed = newPointed()
	r.unsigned = &collect.Firsts[string]{Most: maxUnsigned}
}

// cutAt takes the ids, in hex, of commits whose parents a shallow clone lacks.
func (r *repository) cutAt(ids []string) {
	r.shallow = map[string]bool{}
	for _, id := range ids {
		if raw, ok := wire.Unhex(id); ok {
			r.shallow[string(raw)] = true
		}
	}
	r.Shallow = len(r.shallow)
}

// open opens the object store and reads the refs.
func (r *repository) open(env *Env) {
	r.Refs, r.Head = r.Git.Refs.Read()
	r.cutAt(r.Git.Shallow())
	folders := r.Git.ObjectDirs(r.getenv)
	r.Store = odb.OpenFolders(folders, r.Git.Hash, odb.LimitsOf(env.Budget))
	var notes []string
	r.lfs, notes = r.Git.LFS(folders, os.LookupEnv)
	for _, note := range notes {
		env.Sink.Note(r.Label(note))
	}
	r.Store.Workers = env.Goroutines
	env.Sink.Meter.AllObjects.Add(int64(r.Store.Len()))
	env.Sink.Meter.Total.Add(r.Store.PackedSize())
}

// addUnsigned adds a blob by its raw id. It keeps the alphabetically first of
// several names, so that the result is stable.
func (r *repository) addUnsigned(id []byte, name string) {
	r.unsigned.Set(id, name, func(a, b string) bool { return a < b })
}

// eachKey calls f with the key of each object, of some twice.
func (r *repository) eachKey(f func(key uint64)) {
	if r.named == nil {
		for o := range r.Store.Len() {
			f(keyOf(r.Store.ID(odb.Obj(o))))
		}
		return
	}
	for _, set := range r.named {
		set.each(f)
	}
	for _, ref := range r.Refs {
		if raw, ok := wire.Unhex(ref.ID); ok {
			f(keyOf(raw))
		}
	}
	if raw, ok := wire.Unhex(r.Head); ok && len(raw) > 0 { // HEAD may name a branch that is not there
		f(keyOf(raw))
	}
}

// names is where revisions are looked up. The repository must be open.
func (r *repository) names() revision.Names {
	return revision.Names{Store: r.Store, Git: r.Git, Refs: r.Refs, Head: r.Head}
}

// follow looks for the object that a root names.
func (r *repository) follow(root repo.Root) {
	there := false
	if len(root.ID) == 2*r.Git.Hash {
		_, there = r.Store.FindHex(root.ID)
	} else {
		there = len(r.Store.WithPrefix(root.ID)) > 0
	}
	if raw, ok := wire.Unhex(root.ID); !there && (!ok || !odb.IsEmptyTree(raw)) {
		r.Roots.Lose(root)
	}
}

// prefix returns how a folder is shown, "" for the root or for no folder.
func prefix(root, tree string) string {
	if tree == "" {
		return ""
	}
	if p := collect.Shown(root, tree); p != "." {
		return p
	}
	return ""
}

// shallowIn returns a digest of the i-th pack's commits whose parents a shallow
// clone lacks, "" if there are none. The cache does not remember these parents.
func (r *repository) shallowIn(i int) string {
	sum, n := sha256.New(), 0
	for _, id := range slices.Sorted(maps.Keys(r.shallow)) {
		if o, ok := r.Store.Find([]byte(id)); ok && r.Store.Holds(i, o) {
			sum.Write([]byte(id))
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return wire.Hex(sum.Sum(nil))
}

// discover finds the repository around the folder path.
func discover(path string) (*repo.Repo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, notThere(path, "folder", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is a file, not a repository: use r8scan files %s", path, path)
	}
	if err := repo.CheckEnvironment(os.LookupEnv); err != nil {
		return nil, err
	}
	g, err := repo.Discover(regular.Real(path), os.LookupEnv)
	if err != nil && !errors.Is(err, repo.ErrNone) {
		return nil, fmt.Errorf("open the repository at %s: %w", path, err)
	}
	return g, err
}

// hookRepository finds the repository at path or, with "", the one that git runs a
// hook for, by its environment. getenv is for ObjectDirs; it is nil with a path,
// because the environment is not about that repository.
func hookRepository(path string) (g *repo.Repo, getenv repo.Lookup, err error) {
	if path != "" {
		g, err = discover(path)
	} else {
		path, getenv = "the current folder", os.LookupEnv
		g, err = repo.FromEnvironment(getenv)
	}
	if errors.Is(err, repo.ErrNone) {
		return nil, nil, fmt.Errorf("%s: %w: run this inside one", path, err)
	}
	return g, getenv, err
}

// MissingRevisions returns those of the revisions, written as in a range, that name
// no commit in the repository at path.
func MissingRevisions(path string, env *Env, revisions ...string) ([]string, error) {
	g, err := discover(path)
	if errors.Is(err, repo.ErrNone) {
		return nil, fmt.Errorf("%s: %w: name a folder inside one", path, err)
	}
	if err != nil {
		return nil, err
	}
	r := newRepository(env, g, g.Common, os.LookupEnv)
	r.open(env)
	defer r.Store.Close()
	var missing []string
	for _, name := range revisions {
		if !r.names().Known(name) {
			missing = append(missing, name)
		}
	}
	return missing, nil
}
