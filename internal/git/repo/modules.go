package repo

import (
	"os"
	"path/filepath"
)

// ModuleDirs returns the git directories of submodules below the repository's,
// of all its worktrees.
func (p *Place) ModuleDirs() []string {
	out := p.modules(filepath.Join(p.Common, "modules"), map[string]bool{})
	for _, dir := range p.subfolders(filepath.Join(p.Common, "worktrees")) { // one may be too damaged to be a worktree
		out = append(out, p.modules(filepath.Join(dir, "modules"), map[string]bool{})...)
	}
	return out
}

// modules returns the git directories of submodules below dir, which is a
// repository's modules folder; names of submodules may have slashes. A folder
// with objects is one of them even if it is damaged: OpenDir says how. Folders
// among seen, real paths, are left out: links may lead in circles.
func (p *Place) modules(dir string, seen map[string]bool) []string {
	real := realPath(dir)
	if seen[real] {
		return nil
	}
	seen[real] = true
	var out []string
	for _, sub := range p.subfolders(dir) {
		if IsModule(sub) {
			out = append(out, sub)
		} else {
			out = append(out, p.modules(sub, seen)...)
		}
	}
	return out
}

// IsModule reports whether ModuleDirs takes a folder in a modules folder for a
// git directory.
func IsModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "objects"))
	return err == nil || IsGitDir(dir)
}
