package repo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"r8scan/internal/regular"
)

// Limits on all includes of a configuration. The first is git's.
const (
	maxIncludeDepth = 10
	maxIncludes     = 1000
	includesMax     = 2 * configMax
)

var (
	errIncludes = errors.New("it includes more than can be read")
	errRelative = errors.New("a relative path is included from no file")
)

// configReader reads configurations with their includes, as git does.
type configReader struct {
	repo *Repo
	user user
	use  func(v *variable)

	own   bool    // the current file is the repository's own, or included by it
	bound *Bounds // where included files may be
	depth int
	files int   // included files so far
	left  int64 // bytes that may still be read

	every  bool     // conditions about URLs are true: only URLs are collected
	urls   []string // URLs of remotes
	asked  bool     // urls is known
	branch *string  // that HEAD is on, once it is known
	work   int      // how many steps of patterns may still be matched
}

func newConfigReader(r *Repo, getenv Lookup, use func(v *variable)) *configReader {
	return &configReader{repo: r, user: user{getenv}, use: use, left: includesMax, work: 1 << 26}
}

// all reads the configurations of the machine, the user, the repository and
// git's command line. Each is read up to its first error.
func (c *configReader) all() {
	top := c.repo.WorkTree // where git runs
	if top == "" {
		top = c.repo.Dir
	}
	for _, path := range c.user.configs() {
		_ = c.file(relativeTo(top, path)) // git reports the error and does not work
	}
	_ = c.ours() // Config.read has reported its errors
	c.own = false
	list, _ := commandVariables(c.user.getenv) // CheckEnvironment reports the error
	for i := range list {
		if c.take(&list[i], "") != nil {
			return
		}
	}
}

// ours reads the repository's own configuration and that of the worktree.
func (c *configReader) ours() error {
	r := c.repo
	c.own = true
	if c.bound = r.Bounds; c.bound != nil {
		c.bound = Within(r.Dir, r.Common).with(r.WorkTree)
		if top := filepath.Dir(realPath(r.Common)); filepath.Base(realPath(r.Common)) == ".git" && r.Bounds.Holds(top) {
			c.bound = c.bound.with(top) // the top of the main work tree
		}
	}
	names := []string{filepath.Join(r.Common, "config")}
	if r.Config.tree.own {
		names = append(names, filepath.Join(r.Dir, "config.worktree"))
	}
	var failed error
	for _, path := range names {
		text, err := r.read(path, configMax)
		if err == nil {
			err = c.text(text, path)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// file reads the configuration at a path.
func (c *configReader) file(path string) error {
	text, err := regular.ReadFollowed(path, min(configMax, c.left))
	if err != nil {
		return err
	}
	return c.text(text, path)
}

// text reads the text of the configuration at a path.
func (c *configReader) text(text []byte, path string) error {
	c.left -= int64(len(text))
	var failed error
	err := eachVariable(text, func(v *variable) {
		if err := c.take(v, path); failed == nil {
			failed = err
		}
	})
	if err != nil {
		return err
	}
	return failed
}

// take passes on a variable of the file from, "" for git's command line, and
// reads the file that it includes.
func (c *configReader) take(v *variable, from string) error {
	c.use(v)
	if v.key == "path" && !v.noValue && c.includes(v, from) {
		return c.include(string(v.value), from)
	}
	return nil
}

// includes reports whether a variable of the file from includes another file.
func (c *configReader) includes(v *variable, from string) bool {
	switch {
	case v.section == "include":
		return !v.hasSub
	case v.section != "includeif" || !v.hasSub:
		return false
	}
	kind, condition, _ := strings.Cut(v.sub, ":")
	switch kind {
	case "gitdir":
		return c.inGitDir(condition, from, false)
	case "gitdir/i":
		return c.inGitDir(condition, from, true)
	case "onbranch":
		return c.onBranch(condition)
	case "hasconfig":
		pattern, ok := strings.CutPrefix(condition, "remote.*.url:")
		return ok && c.hasURL(pattern)
	}
	return false
}

// include reads the file at path, which the file from includes, if it exists.
func (c *configReader) include(path, from string) error {
	path = c.user.expand(path, false)
	if path == "" {
		return nil
	}
	if from == "" && !filepath.IsAbs(path) {
		return errRelative
	}
	path = relativeTo(filepath.Dir(from), path)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil // as in git
	}
	if c.own && c.bound.reach(path) != nil {
		c.note(from, path, "lies outside of the repository and was not read")
		return nil
	}
	c.files++
	if c.depth >= maxIncludeDepth || c.files > maxIncludes || c.left <= 0 {
		return errIncludes
	}
	c.depth++
	defer func() { c.depth-- }()
	err := c.file(path)
	if c.own && err != nil {
		c.note(from, path, "cannot be read: "+regular.Cause(err))
		if !errors.Is(err, errIncludes) {
			return nil
		}
	}
	return err
}

// note reports why a file that the file from includes is not read.
func (c *configReader) note(from, path, reason string) {
	if !c.every {
		c.repo.note(from, fmt.Sprintf("it includes %s, which %s", filepath.ToSlash(path), reason))
	}
}

// inGitDir reports whether the git directory matches the pattern of a gitdir
// condition in the file from.
func (c *configReader) inGitDir(pattern, from string, fold bool) bool {
	if expanded := c.user.expand(pattern, true); expanded != "" {
		pattern = expanded
	}
	pattern = filepath.ToSlash(pattern)
	literal := "" // the folder of the file, for a pattern that starts with ./
	switch rest, relative := strings.CutPrefix(pattern, "./"); {
	case relative && from == "":
		return false // git rejects this
	case relative:
		literal, pattern = strings.TrimSuffix(filepath.ToSlash(filepath.Dir(realPath(from))), "/")+"/", rest
	case !filepath.IsAbs(pattern):
		pattern = "**/" + pattern
	}
	pattern = strings.TrimPrefix(withBelow(literal+pattern), literal)
	dir, err := filepath.Abs(c.repo.Dir)
	if err != nil {
		return false
	}
	paths := []string{realPath(dir), dir}
	if c.repo.WorkTree == "" && c.repo.Dir == c.repo.Common { // git runs in it and calls it "."
		paths = append(paths, dir+"/.")
	}
	for _, path := range paths {
		path = filepath.ToSlash(path)
		if fold {
			path, literal, pattern = lower(path), lower(literal), lower(pattern)
		}
		rest, ok := strings.CutPrefix(path, literal)
		if ok && c.matches(pattern, rest) {
			return true
		}
	}
	return false
}

// onBranch reports whether HEAD is on a branch that matches a pattern.
func (c *configReader) onBranch(pattern string) bool {
	if c.branch == nil {
		branch := c.repo.Refs.Branch()
		c.branch = &branch
	}
	branch, ok := strings.CutPrefix(*c.branch, "refs/heads/")
	return ok && c.matches(withBelow(pattern), branch)
}

// hasURL reports whether the URL of a remote matches a pattern.
func (c *configReader) hasURL(pattern string) bool {
	if c.every {
		return true
	}
	if !c.asked {
		all := newConfigReader(c.repo, c.user.getenv, func(v *variable) {
			if v.section == "remote" && v.hasSub && v.key == "url" && !v.noValue {
				c.urls = append(c.urls, string(v.value))
			}
		})
		all.every = true
		all.all()
		c.asked = true
	}
	for _, url := range c.urls {
		if c.matches(pattern, url) {
			return true
		}
	}
	return false
}

// withBelow makes a pattern that ends in a slash match everything below it.
func withBelow(pattern string) string {
	if strings.HasSuffix(pattern, "/") {
		pattern += "**"
	}
	return pattern
}

// matches is wildmatch, false once the limit on work is reached.
func (c *configReader) matches(pattern, text string) bool {
	return c.work > 0 && wildmatch(pattern, text, &c.work)
}
