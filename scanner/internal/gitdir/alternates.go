package gitdir

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

// maxAlternates is how deep alternates may name alternates; git allows 5.
const maxAlternates = 5

// ObjectDirs returns the repository's object directories: its own and those
// that info/alternates names, directly or through others.
func (r *Repo) ObjectDirs() []string {
	var dirs []string
	seen := map[string]bool{}
	var add func(dir, from string, depth int)
	add = func(dir, from string, depth int) {
		real, err := filepath.EvalSymlinks(dir)
		if err != nil {
			if from == "" {
				r.problem(dir, err.Error())
			} else {
				r.problem(dir, "it is named in "+from+" and cannot be opened")
			}
			return
		}
		if seen[real] {
			return
		}
		seen[real] = true
		dirs = append(dirs, dir)
		file := filepath.Join(dir, "info", "alternates")
		text, err := readSmall(file)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				r.problem(file, err.Error())
			}
			return
		}
		for line := range strings.Lines(string(text)) {
			if path := alternate(strings.TrimRight(line, "\r\n")); path != "" && depth < maxAlternates {
				add(relativeTo(dir, path), file, depth+1)
			} else if path != "" {
				r.problem(path, "alternates lead to it over more than 5 steps, where git stops too")
			}
		}
	}
	add(filepath.Join(r.Common, "objects"), "", 0)
	return dirs
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
