package repo

import (
	"os"
	"path/filepath"
	"strings"

	"r8scan/internal/git/wire"
	"r8scan/internal/regular"
)

// IsGitDir reports whether dir is a git directory, or a damaged one: it has a
// HEAD with any content, and other parts that only git makes.
func IsGitDir(dir string) bool {
	if isGitDir(dir) {
		return true
	}
	info, err := os.Lstat(filepath.Join(dir, "HEAD"))
	if err != nil || info.IsDir() {
		return false
	}
	_, err = os.Stat(filepath.Join(dir, "commondir"))
	return err == nil || holdsObjects(filepath.Join(dir, "objects"))
}

// isGitDir reports whether git would accept dir as a git directory.
func isGitDir(dir string) bool {
	if !isHead(filepath.Join(dir, "HEAD")) {
		return false
	}
	if _, err := os.Lstat(filepath.Join(dir, "commondir")); err == nil {
		if dir, err = readPath(dir, "commondir"); err != nil {
			return false
		}
	}
	return isFolder(filepath.Join(dir, "objects")) && isFolder(filepath.Join(dir, "refs"))
}

// isHead reports whether git would accept a file as HEAD: it holds an id or the
// name of a ref, or is a link to a ref.
func isHead(path string) bool {
	if to, err := os.Readlink(path); err == nil {
		return isRef(filepath.ToSlash(to))
	}
	text, err := regular.Read(path, refMax)
	if err != nil {
		return false
	}
	if to, ok := strings.CutPrefix(string(text), "ref:"); ok {
		return isRef(strings.TrimLeft(to, " \t\n\v\f\r"))
	}
	return len(text) >= 40 && wire.IsHex(strings.ToLower(string(text[:40])))
}

// holdsObjects reports whether a folder has the subfolders of an object
// directory.
func holdsObjects(dir string) bool {
	entries, err := regular.List(dir, maxListed)
	if err != nil {
		return false
	}
	for _, e := range entries {
		if name := e.Name(); e.IsDir() && (name == "pack" || name == "info" || len(name) == 2 && wire.IsHex(name)) {
			return true
		}
	}
	return false
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
