package agent

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"r8scan/internal/policy"
	"r8scan/internal/regular"
)

// Limits on the search for files that an edit of ignore rules exposes.
const (
	maxEntries = 20000   // that are listed; one that is read counts as 100
	maxIgnored = 1 << 20 // bytes of a file
)

// exposes says that a change of ignore rules would make git take a file with a
// token.
func exposes(t target, before, after string) string {
	if !t.inside {
		return ""
	}
	was, now := patternsOf(before), patternsOf(after)
	var changed []string
	for _, p := range was {
		if !strings.HasPrefix(p, "!") && !slices.Contains(now, p) {
			changed = append(changed, strings.TrimPrefix(p, "/"))
		}
	}
	for _, p := range now {
		if shown, negated := strings.CutPrefix(p, "!"); negated && !slices.Contains(was, p) {
			changed = append(changed, strings.TrimPrefix(shown, "/"))
		}
	}
	paths, err := policy.NewPaths(nil, changed)
	if len(changed) == 0 || err != nil {
		return ""
	}
	top := filepath.Dir(t.real)
	if inGit(filepath.ToSlash(t.real)) { // info/exclude is for the work tree
		top = filepath.Dir(filepath.Dir(top))
	}
	exposed, left := "", maxEntries
	_ = filepath.WalkDir(top, func(file string, e fs.DirEntry, err error) error {
		if left--; err != nil || left < 0 {
			return fs.SkipAll
		}
		if e.IsDir() && (e.Name() == ".git" || e.Name() == "node_modules") {
			return fs.SkipDir
		}
		rel, err := filepath.Rel(top, file)
		if err != nil || !e.Type().IsRegular() || !paths.Excludes(filepath.ToSlash(rel)) {
			return nil
		}
		left -= 100
		text, err := regular.Read(file, maxIgnored)
		if err != nil || len(find(string(text))) == 0 {
			return nil
		}
		one := target{shown: filepath.ToSlash(rel), real: file, inside: true}
		if c, _, _ := one.custody(); c == ignored {
			exposed = one.shown
			return fs.SkipAll
		}
		return nil
	})
	if exposed == "" {
		return ""
	}
	return "git may take " + exposed + " then, which holds a token"
}

// patternsOf returns the patterns of an ignore file.
func patternsOf(text string) (patterns []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			patterns = append(patterns, line)
		}
	}
	return patterns
}
