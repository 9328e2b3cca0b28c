package repo

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"r8scan/internal/git/odb"
	"r8scan/internal/regular"
)

// maxAlternates is how deep alternates may name alternates; git allows 5.
const maxAlternates = 5

// ObjectDirs returns the repository's object directories: its own and those
// that info/alternates names, directly or through others. Alternates are followed
// wherever they lead, as git does; what lies outside is lent. getenv, if it is not
// nil, looks up git's environment variables: in a pre-receive hook they lead to
// the quarantine in which pushed objects wait. They are about the one
// repository that git was started on, so pass nil for any other.
func (r *Repo) ObjectDirs(getenv func(string) string) odb.Folders {
	d := objectDirs{repo: r, bounds: r.Bounds, seen: map[string]bool{}}
	if getenv != nil {
		if dir := getenv("GIT_OBJECT_DIRECTORY"); dir != "" {
			d.bounds = d.bounds.with(dir)
			d.add(dir, "GIT_OBJECT_DIRECTORY", 0)
		}
		for _, path := range splitPaths(getenv("GIT_ALTERNATE_OBJECT_DIRECTORIES")) {
			d.add(path, "GIT_ALTERNATE_OBJECT_DIRECTORIES", 0)
		}
	}
	if own := filepath.Join(r.Common, "objects"); r.Reach(own) != nil {
		r.problem(own, r.Reach(own).Error())
	} else {
		d.add(own, "", 0)
	}
	if d.bounds != nil {
		d.folders.Reach = d.bounds.with(d.folders.Dirs...).reach
	}
	return d.folders
}

// objectDirs collects object directories, each once.
type objectDirs struct {
	repo    *Repo
	bounds  *Bounds
	folders odb.Folders
	seen    map[string]bool // by real path
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
	d.folders.Dirs = append(d.folders.Dirs, dir)
	d.folders.Lent = append(d.folders.Lent, !d.bounds.Holds(real))
	file := filepath.Join(dir, "info", "alternates")
	err = d.bounds.with(dir).reach(file)
	var text []byte
	if err == nil {
		text, err = regular.ReadFollowed(file, lineMax)
	}
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
