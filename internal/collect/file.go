package collect

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"r8scan/internal/git/repo"
	"r8scan/result"
)

// FileExposure says how git treats the file at path: tracked, untracked or
// ignored. It is "" outside a work tree, or if the index cannot be read. Like a
// scan it does not start git.
func FileExposure(path string) result.Exposure {
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return ""
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return ""
	}
	repo, err := repo.Discover(dir, os.LookupEnv)
	if err != nil || repo.WorkTree == "" {
		return ""
	}
	root, err := filepath.EvalSymlinks(repo.WorkTree)
	if err != nil {
		return ""
	}
	rel, err := filepath.Rel(root, filepath.Join(dir, filepath.Base(path)))
	if err != nil || !filepath.IsLocal(rel) {
		return ""
	}
	tree := WorkTree{Git: repo}
	// Without an index nothing is tracked yet. With a damaged one, "" is the only
	// safe answer.
	if index, err := repo.ReadIndex(); err == nil {
		tree.Index = index.Entries
	} else if !errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return tree.exposure(filepath.ToSlash(rel))
}
