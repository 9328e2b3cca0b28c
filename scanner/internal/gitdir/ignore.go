package gitdir

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
)

// Ignorer tells which paths of a work tree git ignores. It reads the
// .gitignore files along the way of each path that it is asked for.
type Ignorer struct {
	root  string
	base  []gitignore.Pattern            // of the user and the repository
	dirs  map[string][]gitignore.Pattern // folder → patterns of its own file
	known map[string]bool                // folder → ignored
}

// Ignorer returns an Ignorer for the repository's work tree.
func (r *Repo) Ignorer() *Ignorer {
	g := &Ignorer{root: r.WorkTree, dirs: map[string][]gitignore.Pattern{}, known: map[string]bool{"": false}}
	if home, err := os.UserConfigDir(); err == nil {
		g.base = append(g.base, patterns(filepath.Join(home, "git", "ignore"), nil)...)
	}
	g.base = append(g.base, patterns(filepath.Join(r.Common, "info", "exclude"), nil)...)
	return g
}

// patterns reads an ignore file; one that cannot be read ignores nothing.
func patterns(path string, domain []string) []gitignore.Pattern {
	text, err := readSmall(path)
	if err != nil {
		return nil
	}
	var out []gitignore.Pattern
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "#") {
			out = append(out, gitignore.ParsePattern(line, domain))
		}
	}
	return out
}

// Ignored reports whether git ignores the file at path, relative to the work
// tree with slashes.
func (g *Ignorer) Ignored(path string) bool { return g.ignored(path, false) }

func (g *Ignorer) ignored(path string, isDir bool) bool {
	if v, ok := g.known[path]; ok && isDir {
		return v
	}
	parts := strings.Split(path, "/")
	// Nothing below an ignored folder can be taken back.
	v := g.ignored(strings.Join(parts[:len(parts)-1], "/"), true) || g.matches(parts, isDir)
	if isDir {
		g.known[path] = v
	}
	return v
}

func (g *Ignorer) matches(parts []string, isDir bool) bool {
	all := slices.Clone(g.base)
	for i := range parts {
		all = append(all, g.of(parts[:i])...)
	}
	return gitignore.NewMatcher(all).Match(parts, isDir)
}

// of returns the patterns in the folder with the path parts.
func (g *Ignorer) of(dir []string) []gitignore.Pattern {
	key := strings.Join(dir, "/")
	p, ok := g.dirs[key]
	if !ok {
		p = patterns(filepath.Join(g.root, filepath.FromSlash(key), ".gitignore"), slices.Clone(dir))
		g.dirs[key] = p
	}
	return p
}
