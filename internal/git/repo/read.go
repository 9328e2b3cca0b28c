package repo

import "r8scan/internal/regular"

// Limits on the files that are read whole, in bytes. What git writes is far
// smaller.
const (
	lineMax = 1 << 20  // one line: git itself takes no .git file with more
	refMax  = 1 << 16  // one ref
	listMax = 64 << 20 // a line for each of many things: packed refs, a reflog
)

// read returns what is in a file of the git directory. As in git it may be a
// link, or lie behind one, unless that leads out of the repository's bounds.
func (r *Repo) read(path string, limit int64) ([]byte, error) {
	if err := r.Reach(path); err != nil {
		return nil, err
	}
	return regular.ReadFollowed(path, limit)
}
