package repo

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"r8scan/internal/regular"
)

// Ignorer tells which paths of a work tree git ignores. It reads the
// .gitignore files along the way of each path that it is asked for.
type Ignorer struct {
	place *Place // whose problem it is if an ignore file cannot be read
	root  string
	fold  bool                 // the case of letters does not count
	base  []pattern            // of the user and the repository
	dirs  map[string][]pattern // folder → patterns of its own file
	known map[string]bool      // folder → ignored
	work  int                  // steps of patterns that may still be tried on bytes of paths
	spent bool                 // there were too many, and that is a problem of place
	left  int64                // bytes of ignore files that may still be read
}

// Limits on ignore files: on one, and on all that an Ignorer holds. Without the
// patterns of one that is larger, what git ignores counts as untracked.
const (
	ignoreMax  = 8 << 20
	ignoresMax = 32 << 20
	ignoreWork = 1 << 29 // some seconds
)

// pattern is a line of an ignore file.
type pattern struct {
	glob    string
	negated bool // takes a path back
	dirOnly bool
	name    bool // matches the last element of a path, not the whole of it
}

// newIgnorer is Repo.Ignorer. Of git's two lists for the whole work tree, the
// repository's own has the last word.
func newIgnorer(r *Repo, getenv Lookup) *Ignorer {
	g := &Ignorer{place: &r.Place, root: r.WorkTree, dirs: map[string][]pattern{}, known: map[string]bool{"": false}, left: ignoresMax, work: ignoreWork}
	u := user{getenv}
	path, own, from := u.xdg("ignore"), false, ""
	c := newConfigReader(r, getenv, nil)
	c.use = func(v *variable) {
		switch {
		case v.is("core", "ignorecase"):
			g.fold = v.yes()
		case v.is("core", "excludesfile"):
			path, own, from = string(v.value), c.own, filepath.Join(r.Common, "config")
			if path = u.expand(path, false); path != "" && !filepath.IsAbs(path) { // git runs in the work tree
				path, own = filepath.Join(r.WorkTree, path), true
			}
		}
	}
	c.all()
	switch {
	case path == "":
	case own && c.bound.reach(path) != nil:
		r.note(from, "core.excludesFile lies outside of the repository and was not read: what git ignores because of it counts as untracked")
	default:
		g.base = append(g.base, g.read(regular.ReadFollowed, path)...)
	}
	g.base = append(g.base, g.read(r.read, filepath.Join(r.Common, "info", "exclude"))...)
	return g
}

// read reads an ignore file with a function that reads files. One that cannot be
// read ignores nothing. A folder ignores nothing to git, nor does a link in the
// work tree, wherever it leads; one that leads outside is named.
func (g *Ignorer) read(file func(path string, limit int64) ([]byte, error), path string) []pattern {
	text, err := file(path, min(ignoreMax, g.left))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil
	}
	if errors.Is(err, regular.ErrOther) {
		if err := g.place.Reach(path); err != nil {
			g.place.problem(path, regular.Cause(err)+": git does not follow it either")
		}
		return nil
	}
	if err != nil {
		g.place.problem(path, regular.Cause(err)+": what git ignores because of it counts as untracked")
		return nil
	}
	g.left -= int64(len(text))
	var out []pattern
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if line == "" || line[0] == '#' {
			continue
		}
		out = append(out, g.parse(trimSpaces(line)))
	}
	return out
}

// trimSpaces drops spaces from the end of a line up to one that is escaped.
func trimSpaces(line string) string {
	kept := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case ' ':
			continue
		case '\\':
			i++
		}
		kept = i + 1
	}
	return line[:min(kept, len(line))]
}

func (g *Ignorer) parse(line string) pattern {
	p := pattern{}
	p.glob, p.negated = strings.CutPrefix(line, "!")
	p.glob, p.dirOnly = strings.CutSuffix(p.glob, "/")
	p.name = !strings.Contains(p.glob, "/")
	p.glob = strings.TrimPrefix(p.glob, "/")
	if g.fold {
		p.glob = lower(p.glob)
	}
	return p
}

// matches reports whether the pattern is about path, relative to the folder of
// the pattern's file.
func (p pattern) matches(path string, isDir bool, work *int) bool {
	if p.dirOnly && !isDir {
		return false
	}
	if p.name {
		path = path[strings.LastIndexByte(path, '/')+1:]
	}
	return wildmatch(p.glob, path, work)
}

// Ignored reports whether git ignores the file at path, relative to the work
// tree with slashes.
func (g *Ignorer) Ignored(path string) bool { return g.ignored(path, false) }

// IgnoredFolder is Ignored for a folder, "" for the work tree's own.
func (g *Ignorer) IgnoredFolder(path string) bool { return g.ignored(path, true) }

func (g *Ignorer) ignored(path string, isDir bool) bool {
	if v, ok := g.known[path]; ok && isDir {
		return v
	}
	dir := path[:max(0, strings.LastIndexByte(path, '/'))]
	// Nothing below an ignored folder can be taken back.
	v := g.ignored(dir, true) || g.decide(path, isDir)
	if isDir {
		g.known[path] = v
	}
	return v
}

// decide lets the last pattern that is about the path speak, of the files from
// the path's own folder upwards.
func (g *Ignorer) decide(path string, isDir bool) bool {
	folded := path
	if g.fold {
		folded = lower(path)
	}
	for end := len(path); end > 0; {
		end = max(0, strings.LastIndexByte(path[:end], '/'))
		if negated, ok := g.last(g.of(path[:end]), strings.TrimPrefix(folded[end:], "/"), isDir); ok {
			return !negated
		}
	}
	negated, ok := g.last(g.base, folded, isDir)
	return ok && !negated
}

// lower makes A to Z small and leaves all else, and so the length, as it is.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}

// last returns what the last pattern that is about path says, if there is one.
func (g *Ignorer) last(patterns []pattern, path string, isDir bool) (negated, ok bool) {
	for i := len(patterns) - 1; i >= 0; i-- {
		if g.work < 0 {
			g.spend()
			return false, false
		}
		if patterns[i].matches(path, isDir, &g.work) {
			return patterns[i].negated, true
		}
	}
	return false, false
}

// spend notes that no more patterns are tried.
func (g *Ignorer) spend() {
	if !g.spent {
		g.place.problem(g.root, "its ignore files have more patterns than can be tried: what git ignores may count as untracked")
	}
	g.spent = true
}

// of returns the patterns in a folder's own file.
func (g *Ignorer) of(dir string) []pattern {
	p, ok := g.dirs[dir]
	if !ok {
		// Like git, which does not follow a link here.
		p = g.read(regular.Read, filepath.Join(g.root, filepath.FromSlash(dir), ".gitignore"))
		g.dirs[dir] = p
	}
	return p
}
