package repo

import (
	"os"
	"path/filepath"
)

// ModuleDirs returns the git directories of submodules below the common
// directory and below those of all worktrees.
func (p *Place) ModuleDirs() []string {
	out := p.modules(filepath.Join(p.Common, "modules"), map[string]bool{})
	for _, dir := range p.subfolders(filepath.Join(p.Common, "worktrees")) { // also those of damaged worktrees
		out = append(out, p.modules(filepath.Join(dir, "modules"), map[string]bool{})...)
	}
	return out
}

// modules returns the git directories of submodules below dir, a modules
// folder; names of submodules may have slashes. A folder with objects counts
// even if it is damaged: OpenDir reports the damage. seen has the real paths
// that were read, because links may form circles.
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

// IsModule reports whether ModuleDirs takes a folder below a modules folder for
// a git directory.
func IsModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "objects"))
	return err == nil || IsGitDir(dir)
}
