package repo

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"r8scan/internal/git/odb"
	"r8scan/internal/regular"
)

// maxAlternates is how many steps alternates may lead to other alternates; as
// in git.
const maxAlternates = 5

// findObjectDirs is Repo.ObjectDirs.
func findObjectDirs(r *Repo, getenv Lookup) odb.Folders {
	p := &r.Place
	d := objectDirs{place: p, bounds: p.Bounds, seen: map[string]bool{}}
	if getenv != nil {
		here, _ := os.Getwd() // if it fails, relative paths stay relative
		here = whereGitRuns(r, regular.Real(here))
		if dir := getenv.get("GIT_OBJECT_DIRECTORY"); dir != "" {
			dir = relativeTo(here, dir)
			d.bounds = d.bounds.with(dir)
			d.add(dir, "GIT_OBJECT_DIRECTORY", 0)
		}
		for _, path := range splitPaths(getenv.get("GIT_ALTERNATE_OBJECT_DIRECTORIES")) {
			d.add(relativeTo(here, path), "GIT_ALTERNATE_OBJECT_DIRECTORIES", 0)
		}
	}
	if own := filepath.Join(p.Common, "objects"); p.Reach(own) != nil {
		p.problem(own, p.Reach(own).Error())
	} else {
		d.add(own, "", 0)
	}
	if d.bounds != nil {
		d.folders.Reach = d.bounds.with(d.folders.Dirs...).reach
	}
	return d.folders
}

// objectDirs collects object directories without duplicates.
type objectDirs struct {
	place   *Place
	bounds  *Bounds
	folders odb.Folders
	seen    map[string]bool // by real path
}

// add adds dir, which the file or variable from names, and its alternates.
func (d *objectDirs) add(dir, from string, depth int) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		if from == "" {
			d.place.problem(dir, err.Error())
		} else {
			d.place.problem(dir, "it is named in "+from+" and cannot be opened")
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
			d.place.problem(file, err.Error())
		}
		return
	}
	for line := range strings.Lines(string(text)) {
		if path := alternate(strings.TrimRight(line, "\r\n")); path != "" && depth < maxAlternates {
			d.add(relativeTo(dir, path), file, depth+1)
		} else if path != "" {
			d.place.problem(path, "alternates lead to it over more than 5 steps, where git stops too")
		}
	}
}

// splitPaths splits a list of paths, which may be quoted as in C.
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
