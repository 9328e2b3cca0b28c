package scanner

import (
	"errors"
	"io/fs"
	"path/filepath"

	"r8scan/internal/git/repo"
)

// FileExposure says how git treats the file at path: tracked, untracked or
// ignored. It is "" if the file is in no work tree, or in one whose index
// cannot be read. Like a scan it starts no git.
func FileExposure(path string) Exposure {
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return ""
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return ""
	}
	repo, err := repo.Discover(dir)
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
	tree := workTree{git: repo}
	// A repository without an index tracks nothing yet; of a damaged one it is
	// better to say that nothing is known of it.
	if index, err := repo.ReadIndex(); err == nil {
		tree.index = index.Entries
	} else if !errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	switch rel = filepath.ToSlash(rel); {
	case tree.tracks(rel):
		return ExposureTracked
	case tree.ignores(rel):
		return ExposureIgnored
	}
	return ExposureUntracked
}
