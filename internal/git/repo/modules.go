package repo

import (
	"os"
	"path/filepath"
)

// ModuleDirs returns the git directories of submodules below the repository's,
// of all its worktrees.
func (r *Repo) ModuleDirs() []string {
	out := r.Modules(filepath.Join(r.Common, "modules"))
	for _, dir := range r.subfolders(filepath.Join(r.Common, "worktrees")) { // one may be too damaged to be a worktree
		out = append(out, r.Modules(filepath.Join(dir, "modules"))...)
	}
	return out
}

// IsModule reports whether Modules takes a folder for a git directory.
func IsModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "objects"))
	return err == nil || IsGitDir(dir)
}
