package repo

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"r8scan/internal/regular"
)

// Limits on the files that are read whole, in bytes. What git writes is far
// smaller.
const (
	lineMax = 1 << 20  // one line: git itself takes no .git file with more
	refMax  = 1 << 16  // one ref
	listMax = 64 << 20 // a line for each of many things: packed refs, a reflog
)

var errElsewhere = errors.New("it is a link that leads out of the repository, which is not followed")

// read returns what is in a file of the git directory. As in git it may be a
// link, or lie behind one.
func (r *Repo) read(path string, limit int64) ([]byte, error) {
	if !r.inside(path) {
		return nil, &fs.PathError{Op: "open", Path: path, Err: errElsewhere}
	}
	return regular.ReadFollowed(path, limit)
}

// inside reports whether path, its links followed, lies in the git directory or
// in another one with the same objects: that of a git-new-workdir, or of the
// tools that put repositories together of links, is made so.
func (r *Repo) inside(path string) bool {
	real, err := filepath.EvalSymlinks(path)
	if err != nil { // it does not exist, or this file system cannot tell
		info, err := os.Lstat(path)
		return err != nil || info.Mode()&fs.ModeSymlink == 0 || !exists(path)
	}
	for _, dir := range []string{r.Dir, r.Common} {
		if top, err := filepath.EvalSymlinks(dir); err == nil {
			if rel, err := filepath.Rel(top, real); err == nil && filepath.IsLocal(rel) {
				return true
			}
		}
	}
	objects := filepath.Join(r.Common, "objects")
	for dir := filepath.Dir(real); ; dir = filepath.Dir(dir) {
		if sameFile(filepath.Join(dir, "objects"), objects) {
			return true
		}
		if dir == filepath.Dir(dir) {
			return false
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
