package repo

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"r8scan/internal/regular"
)

// maxAlternates is how deep alternates may name alternates; git allows 5.
const maxAlternates = 5

// ObjectDirs returns the repository's object directories: its own and those
// that info/alternates names, directly or through others. getenv, if it is not
// nil, looks up git's environment variables: in a pre-receive hook they lead to
// the quarantine in which pushed objects wait. They are about the one
// repository that git was started on, so pass nil for any other.
func (r *Repo) ObjectDirs(getenv func(string) string) []string {
	d := objectDirs{repo: r, seen: map[string]bool{}}
	if getenv != nil {
		if dir := getenv("GIT_OBJECT_DIRECTORY"); dir != "" {
			d.add(dir, "GIT_OBJECT_DIRECTORY", 0)
		}
		for _, path := range splitPaths(getenv("GIT_ALTERNATE_OBJECT_DIRECTORIES")) {
			d.add(path, "GIT_ALTERNATE_OBJECT_DIRECTORIES", 0)
		}
	}
	d.add(filepath.Join(r.Common, "objects"), "", 0)
	return d.dirs
}

// objectDirs collects object directories, each once.
type objectDirs struct {
	repo *Repo
	dirs []string
	seen map[string]bool // by real path
}

// add adds dir, which from names, and its alternates.
func (d *objectDirs) add(dir, from string, depth int) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		if from == "" {
			d.repo.problem(dir, err.Error())
		} else {
			d.repo.problem(dir, "it is named in "+from+" and cannot be opened")
		}
		return
	}
	if d.seen[real] {
		return
	}
	d.seen[real] = true
	d.dirs = append(d.dirs, dir)
	file := filepath.Join(dir, "info", "alternates")
	text, err := regular.ReadFollowed(file, lineMax)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			d.repo.problem(file, err.Error())
		}
		return
	}
	for line := range strings.Lines(string(text)) {
		if path := alternate(strings.TrimRight(line, "\r\n")); path != "" && depth < maxAlternates {
			d.add(relativeTo(dir, path), file, depth+1)
		} else if path != "" {
			d.repo.problem(path, "alternates lead to it over more than 5 steps, where git stops too")
		}
	}
}

// splitPaths splits a list of paths, each of which may be quoted as in C.
func splitPaths(list string) (paths []string) {
	for list != "" {
		path, rest := list, ""
		if quoted, err := strconv.QuotedPrefix(list); err == nil && list[0] == '"' {
			path, rest = quoted, strings.TrimPrefix(list[len(quoted):], string(filepath.ListSeparator))
		} else {
			path, rest, _ = strings.Cut(list, string(filepath.ListSeparator))
		}
		if path = alternate(path); path != "" {
			paths = append(paths, path)
		}
		list = rest
	}
	return paths
}

// alternate returns the path on a line of an alternates file, "" for a comment.
func alternate(line string) string {
	if strings.HasPrefix(line, "#") {
		return ""
	}
	if strings.HasPrefix(line, `"`) {
		if path, err := strconv.Unquote(line); err == nil {
			return path
		}
	}
	return line
}
