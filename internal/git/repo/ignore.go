package repo

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"r8scan/internal/regular"
)

// Ignorer tells which paths of a work tree git ignores. It reads the .gitignore
// files of the folders that hold a path.
type Ignorer struct {
	place *Place // takes the problems with ignore files
	root  string
	fold  bool                    // case is ignored
	base  []ignoreLine            // patterns of the user and the repository
	dirs  map[string][]ignoreLine // patterns of the .gitignore in each folder
	known map[string]bool         // whether each folder is ignored
	work  int                     // how many steps of patterns may still be matched with bytes of paths
	spent bool                    // work was used up, and place has a problem for it
	left  int64                   // bytes of ignore files that may still be read
}

// Limits on one ignore file, and on all that an Ignorer holds. The patterns of
// a larger file are not read, so what they ignore counts as untracked.
const (
	ignoreMax  = 8 << 20
	ignoresMax = 32 << 20
	ignoreWork = 1 << 29 // a few seconds
)

// ignoreLine is a line of an ignore file.
type ignoreLine struct {
	glob    string
	negated bool // starts with !: the path is not ignored
	dirOnly bool
	name    bool // matches the last element of a path, not the whole path
}

// newIgnorer is Repo.Ignorer. Of the two lists for the whole work tree,
// info/exclude has priority over core.excludesFile.
func newIgnorer(r *Repo, getenv Lookup) *Ignorer {
	g := &Ignorer{place: &r.Place, root: r.WorkTree, dirs: map[string][]ignoreLine{}, known: map[string]bool{"": false}, left: ignoresMax, work: ignoreWork}
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

// read returns the patterns of an ignore file, read by a function; none if it
// cannot be read. Like git, it takes no patterns from a folder, or from a link
// in the work tree. A link that leads outside is reported.
func (g *Ignorer) read(file func(path string, limit int64) ([]byte, error), path string) []ignoreLine {
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
	var out []ignoreLine
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if line == "" || line[0] == '#' {
			continue
		}
		out = append(out, g.parse(trimSpaces(line)))
	}
	return out
}

// trimSpaces removes unescaped spaces from the end of a line.
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

func (g *Ignorer) parse(line string) ignoreLine {
	p := ignoreLine{}
	p.glob, p.negated = strings.CutPrefix(line, "!")
	p.glob, p.dirOnly = strings.CutSuffix(p.glob, "/")
	p.name = !strings.Contains(p.glob, "/")
	p.glob = strings.TrimPrefix(p.glob, "/")
	if g.fold {
		p.glob = lower(p.glob)
	}
	return p
}

// matches reports whether the pattern matches path, which is relative to the
// folder of the pattern's file.
func (p ignoreLine) matches(path string, isDir bool, work *int) bool {
	if p.dirOnly && !isDir {
		return false
	}
	if p.name {
		path = path[strings.LastIndexByte(path, '/')+1:]
	}
	return wildmatch(p.glob, path, work)
}

// Ignored reports whether git ignores the file at path, which is relative to
// the work tree and has slashes.
func (g *Ignorer) Ignored(path string) bool { return g.ignored(path, false) }

// IgnoredFolder is Ignored for a folder, "" for the work tree's own.
func (g *Ignorer) IgnoredFolder(path string) bool { return g.ignored(path, true) }

func (g *Ignorer) ignored(path string, isDir bool) bool {
	if v, ok := g.known[path]; ok && isDir {
		return v
	}
	dir := path[:max(0, strings.LastIndexByte(path, '/'))]
	// A pattern cannot re-include anything below an ignored folder.
	v := g.ignored(dir, true) || g.decide(path, isDir)
	if isDir {
		g.known[path] = v
	}
	return v
}

// decide applies the last matching pattern, from the path's own folder upwards.
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

// lower lower-cases A to Z and nothing else, so the length stays the same.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}

// last returns whether the last pattern that matches path is negated, and
// whether there is one.
func (g *Ignorer) last(patterns []ignoreLine, path string, isDir bool) (negated, ok bool) {
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

// spend reports that no more patterns are matched.
func (g *Ignorer) spend() {
	if !g.spent {
		g.place.problem(g.root, "its ignore files have more patterns than can be tried: what git ignores may count as untracked")
	}
	g.spent = true
}

// of returns the patterns of the .gitignore in a folder.
func (g *Ignorer) of(dir string) []ignoreLine {
	p, ok := g.dirs[dir]
	if !ok {
		// Git does not follow a link here.
		p = g.read(regular.Read, filepath.Join(g.root, filepath.FromSlash(dir), ".gitignore"))
		g.dirs[dir] = p
	}
	return p
}
