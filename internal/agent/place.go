package agent

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"r8scan/internal/git/repo"
	"r8scan/internal/regular"
)

// site is where an agent works.
type site struct {
	folders []string // the current one first
	bounds  []string // real paths: the work trees that hold the folders, else the folders
}

// openSite finds the work trees of folders.
func openSite(folders []string) *site {
	s := &site{folders: folders}
	for _, folder := range folders {
		real := regular.Real(folder)
		if r, err := repo.Discover(real, os.LookupEnv); err == nil && r.WorkTree != "" {
			if tree := regular.Real(r.WorkTree); regular.Contains(tree, real) {
				real = tree
			}
		}
		s.bounds = append(s.bounds, real)
	}
	return s
}

// target is a file that an event names.
type target struct {
	shown  string // as a person would name it
	named  string // as the event names it, absolute, with its links
	real   string // without links; the file need not exist
	inside bool   // of a bound: it may be opened
}

// locate returns the file at a path. Without a bound that holds it nothing there
// is opened.
func (s *site) locate(path string) target {
	t := target{shown: filepath.ToSlash(path)}
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.folders[0], path)
	}
	t.named = filepath.Clean(path)
	real, err := realPath(t.named)
	if err != nil {
		return t
	}
	t.real = real
	for _, bound := range s.bounds {
		if regular.Contains(bound, real) {
			t.inside = true
			if rel, err := filepath.Rel(bound, real); err == nil {
				t.shown = filepath.ToSlash(rel)
			}
			break
		}
	}
	return t
}

// realPath returns path with its links followed. Its last parts need not exist: a
// link to what does not exist leads there too, because writing creates it.
func realPath(path string) (string, error) {
	tail := ""
	for range 255 {
		real, err := filepath.EvalSymlinks(path)
		if err == nil {
			return filepath.Join(real, tail), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			to, err := os.Readlink(path)
			if err != nil {
				return "", err
			}
			if !filepath.IsAbs(to) {
				to = filepath.Join(filepath.Dir(path), to)
			}
			path = to
			continue
		}
		up := filepath.Dir(path)
		if up == path {
			break
		}
		path, tail = up, filepath.Join(filepath.Base(path), tail)
	}
	return "", errors.New("the path cannot be followed")
}

// maxFile is how many bytes of a file are read that an edit changes.
const maxFile = 64 << 20

// content returns what is in the file now, "" if it does not exist. known is false
// if that cannot be read.
func (t target) content() (content string, known bool) {
	if !t.inside {
		return "", false
	}
	data, err := regular.Read(t.real, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return "", true
	}
	return string(data), err == nil
}

// custody is what git does with a file.
type custody int

const (
	unknown custody = iota // outside the agent's folders, or unreadable
	tracked                // git has it, or it is one of git's own files
	taken                  // git would take it with the next git add
	ignored                // git ignores it, and has it not
	noGit                  // it is in no repository
)

// custody tells what git does with the file. The repository is nil if there is
// none, and rel is the file's path in its work tree.
func (t target) custody() (c custody, r *repo.Repo, rel string) {
	if !t.inside {
		return unknown, nil, ""
	}
	dir := filepath.Dir(t.real)
	for info, err := os.Stat(dir); (err != nil || !info.IsDir()) && filepath.Dir(dir) != dir; info, err = os.Stat(dir) {
		dir = filepath.Dir(dir)
	}
	r, err := repo.Discover(dir, os.LookupEnv)
	if errors.Is(err, repo.ErrNone) {
		return noGit, nil, ""
	}
	if err != nil {
		return unknown, nil, ""
	}
	rel, err = filepath.Rel(regular.Real(r.WorkTree), t.real)
	if r.WorkTree == "" || err != nil || !filepath.IsLocal(rel) {
		return tracked, r, "" // a bare repository, or a git directory
	}
	rel = filepath.ToSlash(rel)
	for part := range strings.SplitSeq(rel, "/") {
		if strings.EqualFold(part, ".git") {
			return tracked, r, rel
		}
	}
	switch {
	case inIndex(r, rel):
		return tracked, r, rel
	case r.Ignorer(os.LookupEnv).Ignored(rel):
		return ignored, r, rel
	}
	return taken, r, rel
}

// inIndex reports whether git tracks a file: if the index cannot be read, it may.
func inIndex(r *repo.Repo, rel string) bool {
	found := false
	err := r.UseIndex(func(x *repo.IndexReader) {
		for e := x.Peek(); e != nil && !found; e = x.Peek() {
			found = e.Path == rel || strings.HasSuffix(e.Path, "/") && strings.HasPrefix(rel, e.Path)
			x.Pass(1)
		}
	})
	return found || err != nil && !errors.Is(err, fs.ErrNotExist)
}
