// Package machine finds the places on this machine where Replicate's credentials stand:
// in the home folder, and where the environment says that programs keep their files. It
// changes nothing, shows no token, and sends nothing.
package machine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"r8scan/internal/regular"
	"r8scan/result"
	"r8scan/scanner"
)

// Options are how a search is made.
type Options struct {
	Scan   scanner.Options // its Cache is not used
	Cache  string          // folder that remembers how far a stopped search was; "" for none
	Anew   bool            // do not go on where a search was stopped
	Limits scanner.WalkLimits
	Env    func(string) string // the environment: it says where programs keep their files
	System []string            // files and folders outside the home folder to search, if they are there
}

// DefaultLimits are far more than most home folders have. What is behind them is left
// to the next search, which goes on there.
func DefaultLimits() scanner.WalkLimits {
	return scanner.WalkLimits{Files: 5_000_000, Bytes: 1 << 40, Entries: 2_000_000, FileTime: time.Minute}
}

// Search searches the home folder and what belongs to it. A search that is stopped, or
// ends at a limit, is gone on with by the next one. Next says of the error of a stopped
// one whether it can be.
func Search(ctx context.Context, opts Options) (*Found, error) {
	home, err := homeFolder()
	if err != nil {
		return nil, err
	}
	mounted, err := readMounts(home)
	s := &search{opts: opts, home: home, mounted: mounted, places: foldersOf(home, opts.Env, opts.System), table: newTable()}
	if err != nil {
		s.notes = append(s.notes, "mounts could not be listed ("+regular.Cause(err)+"), so network file systems in the home folder are searched too")
	}
	s.kept = newKeeper(opts, s.roots(), s.shown)
	walk := &scanner.Walk{
		Roots: s.roots(), After: s.kept.at.After, Again: s.kept.at.Again, Limits: opts.Limits, First: s.first, Leave: s.leave, Refuse: elsewhere,
		Left: s.kept.left, Told: s.kept.told, Reached: s.kept.reached,
	}
	scan := opts.Scan
	scan.ReportAllowed, scan.Cache = true, "" // a line that allows a token in its project is a place too
	res, err := scanner.InOrder(ctx, walk, scan)
	if err != nil {
		return nil, errors.Join(err, s.kept.save())
	}
	if walk.Ended {
		s.note(s.kept.save())
	} else {
		s.kept.forget()
	}
	return s.found(res), nil
}

// homeFolder returns the home folder, absolute and through no link.
func homeFolder() (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the home folder: %w", err)
	}
	if !filepath.IsAbs(home) {
		return "", fmt.Errorf("the home folder %q is no absolute path: set HOME", home)
	}
	real, err := filepath.EvalSymlinks(home)
	if err != nil {
		return "", fmt.Errorf("the home folder %s: %s", home, regular.Reason(err))
	}
	if info, err := os.Stat(real); err != nil || !info.IsDir() {
		return "", fmt.Errorf("the home folder %s is no folder: set HOME", home)
	}
	return real, nil
}

// base is a folder or file outside the home folder, or in it under another name, that
// programs use in place of one in the home folder.
type base struct {
	path string // absolute, through no link
	as   string // what it is instead of, relative to the home folder; "" for that itself
}

// variables say where programs keep their files, and what that is instead of.
var variables = []struct{ name, as string }{
	{"XDG_CONFIG_HOME", ".config"}, {"XDG_DATA_HOME", ".local/share"}, {"XDG_STATE_HOME", ".local/state"}, {"XDG_CACHE_HOME", ".cache"},
	{"APPDATA", "AppData/Roaming"}, {"LOCALAPPDATA", "AppData/Local"},
	{"ZDOTDIR", ""}, {"HISTFILE", ".bash_history"}, {"CLAUDE_CONFIG_DIR", ".claude"}, {"CODEX_HOME", ".codex"}, {"GEMINI_CONFIG_DIR", ".gemini"},
	{"DOCKER_CONFIG", ".docker"}, {"NPM_CONFIG_USERCONFIG", ".npmrc"}, {"NETRC", ".netrc"}, {"KUBECONFIG", ".kube/config"},
}

// SystemFiles are those that give every session its variables.
func SystemFiles() []string {
	if runtime.GOOS == "windows" {
		return nil // the environment is in the registry
	}
	return []string{"/etc/environment", "/etc/profile", "/etc/profile.d"}
}

// foldersOf returns where a search looks for kinds: the home folder comes last, because
// the others may be in it.
func foldersOf(home string, env func(string) string, system []string) []base {
	var out []base
	for _, v := range variables {
		for _, path := range filepath.SplitList(env(v.name)) { // KUBECONFIG may name several
			if !filepath.IsAbs(path) {
				continue
			}
			path, err := filepath.EvalSymlinks(path)
			if err != nil || regular.Contains(path, home) { // not there, or the home folder and more
				continue
			}
			if info, err := os.Stat(path); err == nil && (info.IsDir() || info.Mode().IsRegular()) { // HISTFILE may be /dev/null
				out = append(out, base{path, v.as})
			}
		}
	}
	for _, path := range system {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			out = append(out, base{real, path})
		}
	}
	return append(out, base{home, ""})
}

// search is one search.
type search struct {
	opts    Options
	home    string
	mounted mounts
	places  []base
	table   table
	kept    *keeper
	notes   []string
}

// roots returns what is searched: the home folder, and what is not in it.
func (s *search) roots() []string {
	out := []string{s.home}
	for _, b := range s.places {
		inside := false
		for i, root := range out {
			inside = inside || regular.Contains(root, b.path)
			if i > 0 && !inside && regular.Contains(b.path, root) {
				out[i], inside = b.path, true
			}
		}
		if !inside {
			out = append(out, b.path)
		}
	}
	return out
}

// named returns the path that kinds are told by: relative to the home folder, or
// absolute.
func (s *search) named(path string) string {
	for _, b := range s.places {
		if rel, err := filepath.Rel(b.path, path); err == nil && filepath.IsLocal(rel) {
			if rel = filepath.ToSlash(rel); rel == "." {
				return cmp.Or(b.as, rel)
			}
			if b.as == "" {
				return rel
			}
			return b.as + "/" + rel
		}
	}
	return filepath.ToSlash(path)
}

// shown returns a path as people read it.
func (s *search) shown(path string) string {
	rel, err := filepath.Rel(s.home, path)
	switch {
	case err != nil || !filepath.IsLocal(rel):
		return filepath.ToSlash(path)
	case rel == ".":
		return "~"
	}
	return "~/" + filepath.ToSlash(rel)
}

// first reports whether a file or folder has a known kind: those come first.
func (s *search) first(path string) bool {
	return s.table.known[strings.ToLower(strings.TrimPrefix(s.named(path), "/"))]
}

// leave says why a folder is left out.
func (s *search) leave(dir string) string {
	for _, b := range s.places {
		if b.path == dir {
			return "" // the user, or a variable, has named it
		}
	}
	return s.mounted[dir]
}

// note adds a text for the user, if there is an error.
func (s *search) note(err error) {
	if err != nil {
		s.notes = append(s.notes, err.Error())
	}
}

// found makes the answer of the result of a scan.
func (s *search) found(res *result.Result) *Found {
	f := &Found{
		Home: s.home, Complete: res.Coverage.Complete(), Files: s.kept.files, Bytes: s.kept.bytes, Tokens: []Token{},
		NotSearched: s.kept.notSearched(), Unread: []result.Unread{}, Notes: append(s.notes, res.Notes...), LeftOut: res.LeftOut, findings: res.Findings,
	}
	if s.kept.continued {
		f.Continued = s.kept.at.Began
	}
	for _, root := range s.roots() {
		f.Searched = append(f.Searched, s.shown(root))
	}
	for _, u := range res.Coverage.Unread {
		if filepath.IsAbs(filepath.FromSlash(u.What)) {
			u.What = s.shown(filepath.FromSlash(u.What))
		}
		f.Unread = append(f.Unread, u)
	}
	x := newExposures(s.home, s.mounted.networkOf(s.home), s.opts.Env)
	treated := scanner.Treatments(paths(res.Findings))
	for _, finding := range res.Findings {
		f.Tokens = append(f.Tokens, s.token(finding, x, treated))
	}
	return f
}

// paths returns the files that findings are in.
func paths(findings []result.Finding) []string {
	var out []string
	seen := map[string]bool{}
	for _, f := range findings {
		for _, l := range f.Locations {
			if !seen[l.Path] {
				seen[l.Path] = true
				out = append(out, filepath.FromSlash(l.Path))
			}
		}
	}
	return out
}
