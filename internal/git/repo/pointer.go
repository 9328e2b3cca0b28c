package repo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"r8scan/internal/regular"
	"r8scan/internal/shell"
)

// Bounds are the folders that a scan may look into: those that the user named,
// and what leads back to them. Each pointer of git's is asked about here before
// it is followed. What lies outside is read only if git itself would read it
// and it leads back:
//
//   - a work tree, if its .git names the git directory that names it;
//   - a git directory, if its gitdir or core.worktree names the work tree;
//   - the store of a linked worktree, if it lists that worktree;
//   - a git directory that git init --separate-git-dir made, which knows no work
//     tree, if the folder that the user named has its .git file.
//
// Alternates are no exception: ObjectDirs follows them as git does, for objects
// only. With nil Bounds everything is followed: git itself has named it.
type Bounds struct{ dirs []string } // real paths

// Within returns bounds that consist of folders.
func Within(dirs ...string) *Bounds { return new(Bounds).with(dirs...) }

// with returns bounds that are extended by folders.
func (b *Bounds) with(dirs ...string) *Bounds {
	if b == nil {
		return nil
	}
	wider := &Bounds{slices.Clone(b.dirs)}
	for _, dir := range dirs {
		if dir != "" && !b.Holds(dir) {
			wider.dirs = append(wider.dirs, realPath(dir))
		}
	}
	return wider
}

// Holds reports whether path, with its links followed, is in the bounds. For a
// path that does not exist, its nearest existing folder counts.
func (b *Bounds) Holds(path string) bool {
	if b == nil {
		return true
	}
	real := realPath(path)
	for _, dir := range b.dirs {
		if isBelow(dir, real) {
			return true
		}
	}
	// One folder may have several real paths: on file systems that ignore case,
	// or if it is mounted twice.
	for up := real; ; up = filepath.Dir(up) {
		if slices.ContainsFunc(b.dirs, func(dir string) bool { return sameFile(dir, up) }) {
			return true
		}
		if up == filepath.Dir(up) {
			return false
		}
	}
}

func isBelow(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// reach returns an error if path exists and is out of the bounds.
func (b *Bounds) reach(path string) error {
	if b == nil || b.Holds(path) {
		return nil
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil // reading it will find nothing
	}
	return leadsOut(path)
}

// realPath follows the links in the part of path that exists.
func realPath(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	rest := ""
	for up := path; ; up = filepath.Dir(up) {
		if real, err := filepath.EvalSymlinks(up); err == nil {
			return filepath.Join(real, rest)
		}
		if up == filepath.Dir(up) {
			return path
		}
		rest = filepath.Join(filepath.Base(up), rest)
	}
}

// outsideError means that a pointer leads out of the bounds, to a place that
// does not lead back.
type outsideError struct{ message string }

func (e outsideError) Error() string { return e.message }

func leadsOut(path string) error {
	what, do, command := "folder", "audit", "audit"
	to := realPath(path)
	if info, err := os.Stat(to); err == nil && !info.IsDir() {
		what, do, command = "file", "scan", "files"
	} else if top, inside := storeTop(to); inside || IsGitDir(to) {
		what, to = "repository", top
	}
	return outsideError{fmt.Sprintf("it points to a %s elsewhere, which is not followed: %s that one by itself%s", what, do, commandFor(command, to))}
}

// storeTop returns the folder to audit for a path in a git directory, and
// whether path is in one.
func storeTop(path string) (top string, inside bool) {
	for up := path; up != filepath.Dir(up); up = filepath.Dir(up) {
		if filepath.Base(up) == ".git" {
			return filepath.Dir(up), true
		}
	}
	if dir := filepath.Dir(path); filepath.Base(path) == "objects" && IsGitDir(dir) {
		return dir, true
	}
	return path, false
}

// commandFor returns the command that scans a path, quoted for a shell. It is
// "" for a path that cannot be printed as it is.
func commandFor(command, path string) string {
	if !utf8.ValidString(path) || strings.ContainsFunc(path, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return ""
	}
	return ": r8scan " + command + " " + shell.Quote(filepath.ToSlash(path))
}

// IsOutside reports whether an error means that a pointer was not followed.
func IsOutside(err error) bool { return errors.As(err, new(outsideError)) }

// namesStore reports whether the .git of a work tree leads to the git directory
// dir.
func namesStore(tree, dir string) bool {
	git := filepath.Join(tree, ".git")
	info, err := os.Stat(git)
	if err != nil {
		return false
	}
	if !info.IsDir() {
		if git, err = followFile(git); err != nil {
			return false
		}
	}
	return sameFile(git, dir)
}

// namesTree reports whether a git directory leads back to the work tree whose
// .git names it: a linked worktree's by its file gitdir, any other by
// core.worktree. It compares folders, because .git may be a link.
func namesTree(dir, tree string) bool {
	if git, err := readPath(dir, "gitdir"); err == nil {
		return filepath.Base(git) == ".git" && sameFile(filepath.Dir(git), tree)
	}
	other := newRepo(Place{Dir: dir, Common: dir})
	_ = other.Config.each(func(v *variable) { other.Config.tree.take(v) }) // an unreadable configuration leads nowhere
	to, _ := other.configuredTree()
	return to != "" && sameFile(to, tree)
}

// isSeparate reports whether git init --separate-git-dir made a git directory:
// it has a work tree, and does not say where. Only the .git file in the work
// tree connects the two.
func isSeparate(dir string) bool {
	if _, inside := storeTop(realPath(dir)); inside || !isGitDir(dir) {
		return false
	}
	for _, name := range []string{"commondir", "gitdir"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return false
		}
	}
	other := newRepo(Place{Dir: dir, Common: dir})
	hasTree := false // core.bare is explicitly false
	err := other.Config.each(func(v *variable) {
		if v.is("core", "bare") {
			hasTree = !v.yes()
		}
		other.Config.tree.take(v)
	})
	tree, _ := other.configuredTree()
	return err == nil && hasTree && tree == ""
}

// lists reports whether the store common has dir in its worktrees folder.
func lists(common, dir string) bool {
	return sameFile(filepath.Join(common, "worktrees"), filepath.Dir(realPath(dir)))
}

// readPath returns the path in a file of the git directory dir.
func readPath(dir, name string) (string, error) {
	text, err := regular.ReadFollowed(filepath.Join(dir, name), lineMax)
	if err != nil {
		return "", err
	}
	return relativeTo(dir, firstLine(text)), nil
}

// treeConfig are the settings for work trees.
type treeConfig struct {
	path string // core.worktree
	own  bool   // extensions.worktreeConfig: each worktree has its own config.worktree
}

// take stores a variable that is one of these settings. It reports whether the
// variable matters for nothing else.
func (t *treeConfig) take(v *variable) bool {
	switch {
	case v.is("core", "worktree"):
		t.path = string(v.value)
		return true
	case v.is("extensions", "worktreeconfig"):
		t.own = v.yes()
		return true
	}
	return false
}
