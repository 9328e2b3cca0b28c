package repo

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"r8scan/internal/git/odb"
	"r8scan/internal/git/wire"
	"r8scan/internal/regular"
)

// LFS are a repository's LFS stores: the folders in which git-lfs keeps the
// files that pointers name. The zero value has none.
type LFS struct{ stores []lfsStore }

// lfsStore is one LFS store.
type lfsStore struct {
	dir    string  // the folder that holds the folder objects
	bounds *Bounds // where its files must be
}

// findLFS is Repo.LFS.
func findLFS(r *Repo, objects odb.Folders, getenv Lookup) (l LFS, notes []string) {
	add := func(dir string, bounds *Bounds) bool {
		if err := bounds.reach(filepath.Join(dir, "objects")); err != nil {
			return false
		}
		if !slices.ContainsFunc(l.stores, func(s lfsStore) bool { return s.dir == dir }) {
			l.stores = append(l.stores, lfsStore{dir, bounds})
		}
		return true
	}
	own := filepath.Join(r.Common, "lfs")
	if dir, bounds := configuredLFS(r, getenv); dir != "" && !add(dir, bounds) {
		notes = append(notes, "lfs.storage in the repository's configuration leads out of the repository and is not followed: "+filepath.ToSlash(dir))
	}
	if !add(own, r.Bounds) {
		notes = append(notes, filepath.ToSlash(own)+" leads out of the repository and is not followed")
	}
	for _, dir := range objects.Dirs {
		if top := filepath.Dir(dir); top != r.Common {
			add(filepath.Join(top, "lfs"), Within(top))
		}
	}
	return l, notes
}

// configuredLFS returns the folder in lfs.storage, "" if it is not set, and the
// bounds for it. The repository's own configuration may name only a folder from
// which it may also include files.
func configuredLFS(r *Repo, getenv Lookup) (dir string, bounds *Bounds) {
	var c *configReader
	c = newConfigReader(r, getenv, func(v *variable) {
		if v.is("lfs", "storage") {
			dir, bounds = string(v.value), nil
			if c.own {
				bounds = c.bound
			}
		}
	})
	c.all()
	if dir == "" {
		return "", nil
	}
	return relativeTo(r.Common, dir), bounds
}

// Open opens the file with a raw SHA-256. The error is fs.ErrNotExist if no
// store has it.
func (l LFS) Open(id []byte) (*os.File, fs.FileInfo, error) {
	name := wire.Hex(id)
	var failed error
	for _, s := range l.stores {
		path := filepath.Join(s.dir, "objects", name[:2], name[2:4], name)
		err := s.bounds.reach(path)
		if err == nil {
			var file *os.File
			var info fs.FileInfo
			if file, info, err = regular.Open(path); err == nil {
				return file, info, nil
			}
		}
		if !errors.Is(err, fs.ErrNotExist) {
			failed = cmp.Or(failed, err)
		}
	}
	return nil, nil, cmp.Or(failed, error(fs.ErrNotExist))
}
