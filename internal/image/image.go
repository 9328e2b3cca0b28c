// Package image knows which files of a folder get into container images: those
// that a Dockerfile copies and the .dockerignore beside it does not leave out.
package image

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"r8scan/internal/regular"
)

// Limits on what is read. An ignore file beyond them leaves nothing out, and once
// too much was tried, every file counts as copied.
const (
	maxFile    = 1 << 20   // bytes of a Dockerfile
	maxIgnore  = 128 << 10 // bytes of an ignore file: its patterns take some hundred times as much
	maxRead    = 32 << 20  // bytes of all Dockerfiles
	maxIgnores = 1 << 20   // bytes of all ignore files
	maxListed  = 1 << 14   // names of a folder among which Dockerfiles are looked for
	maxWork    = 1 << 26   // bytes of patterns that are tried, times those of paths: some seconds
)

// Copies finds the Dockerfiles that copy files. It remembers what it has read. The
// zero value is ready; it is for one goroutine.
type Copies struct {
	folders       map[string][]*builder
	read, ignores int64 // bytes, of what the limits are about
	work          int64
}

// builder is what a Dockerfile copies from the folder that it is in, which is
// taken for the context of its build.
type builder struct {
	path   string
	copies []instruction
	ignore *patternmatcher.PatternMatcher // nil if nothing is left out
	cost   int64                          // of one look, for a byte of a path
}

// By returns the path of a Dockerfile that copies a file, "" if there is none in
// the file's folder and those above it up to base. Both are paths on disk.
func (c *Copies) By(file, base string) string {
	if rel, err := filepath.Rel(base, file); err != nil || !filepath.IsLocal(rel) {
		return ""
	}
	for dir := filepath.Dir(file); ; dir = filepath.Dir(dir) {
		rel, err := filepath.Rel(dir, file)
		if err != nil {
			return ""
		}
		for _, d := range c.in(dir) {
			if c.copied(d, filepath.ToSlash(rel)) {
				return d.path
			}
		}
		if dir == base || dir == filepath.Dir(dir) {
			return ""
		}
	}
}

// copied reports whether a Dockerfile copies the file at a path in its folder.
func (c *Copies) copied(d *builder, rel string) bool {
	if c.work += d.cost * int64(len(rel)*(1+strings.Count(rel, "/"))); c.work > maxWork {
		return true
	}
	if !slices.ContainsFunc(d.copies, func(i instruction) bool { return i.copies(rel) }) {
		return false
	}
	if d.ignore == nil {
		return true
	}
	ignored, err := d.ignore.MatchesOrParentMatches(rel)
	return err != nil || !ignored
}

// in returns the Dockerfiles in a folder that copy something.
func (c *Copies) in(dir string) []*builder {
	list, ok := c.folders[dir]
	if ok {
		return list
	}
	for _, name := range names(dir) {
		text, err := regular.Read(filepath.Join(dir, name), min(maxFile, maxRead-c.read))
		if err != nil {
			continue
		}
		c.read += int64(len(text))
		if copies := parse(text); len(copies) > 0 {
			d := &builder{path: filepath.Join(dir, name), copies: copies}
			for _, i := range copies {
				d.cost += costOf(i.sources) + costOf(i.excluded)
			}
			c.readIgnore(d, dir, name)
			list = append(list, d)
		}
	}
	if c.folders == nil {
		c.folders = map[string][]*builder{}
	}
	c.folders[dir] = list
	return list
}

// names returns the names of the Dockerfiles in a folder, in a stable order.
func names(dir string) []string {
	entries, err := regular.List(dir, maxListed)
	if errors.Is(err, regular.ErrTooLarge) { // which of them are listed is up to the system
		return []string{"Containerfile", "Dockerfile"}
	}
	var out []string
	for _, e := range entries {
		if e.Type().IsRegular() && IsDockerfile(e.Name()) {
			out = append(out, e.Name())
		}
	}
	return out
}

// IsDockerfile reports whether a file of this name is a Dockerfile.
func IsDockerfile(name string) bool {
	name = strings.ToLower(name)
	for _, kind := range []string{"dockerfile", "containerfile"} {
		if name == kind || strings.HasSuffix(name, "."+kind) || strings.HasPrefix(name, kind+".") && !strings.HasSuffix(name, ".dockerignore") {
			return true
		}
	}
	return false
}

// readIgnore reads the file that says what builds of a Dockerfile leave out: its
// own, or that of the folder. Podman has another name for it. One that Docker
// would refuse leaves out nothing.
func (c *Copies) readIgnore(d *builder, dir, name string) {
	files := []string{name + ".dockerignore", ".dockerignore"}
	if strings.Contains(strings.ToLower(name), "containerfile") {
		files = []string{name + ".dockerignore", ".containerignore", ".dockerignore"}
	}
	for _, file := range files {
		text, err := regular.Read(filepath.Join(dir, file), min(maxIgnore, maxIgnores-c.ignores))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return
		}
		patterns, err := ignorefile.ReadAll(bytes.NewReader(text))
		if err != nil {
			return
		}
		if m, err := patternmatcher.New(patterns); err == nil {
			d.ignore, d.cost = m, d.cost+costOf(patterns)
			c.ignores += int64(len(text))
		}
		return
	}
}

// instruction is one COPY or ADD.
type instruction struct {
	sources  []string                       // clean paths in the context, "" for all of it
	excluded []string                       // patterns, relative to the sources
	exclude  *patternmatcher.PatternMatcher // of excluded; nil if there are none
}

// costOf returns what it takes to try patterns on a byte of a path: that of a glob
// are all of its steps.
func costOf(patterns []string) (n int64) {
	for _, p := range patterns {
		n++
		if strings.ContainsAny(p, `*?[\`) {
			n += int64(len(p))
		}
	}
	return n
}

// copies reports whether the instruction copies the file at a path in the
// context.
func (i instruction) copies(rel string) bool {
	return slices.ContainsFunc(i.sources, func(source string) bool {
		inside, ok := below(source, rel)
		if !ok || i.exclude == nil {
			return ok
		}
		excluded, err := i.exclude.MatchesOrParentMatches(inside)
		return err != nil || !excluded
	})
}

// below reports whether a source, which may be a glob, is the file at rel or a
// folder that has it, and returns the rest of the path then.
func below(source, rel string) (inside string, ok bool) {
	if source == "" {
		return rel, true
	}
	for end := 0; end < len(rel); end++ {
		next := strings.IndexByte(rel[end:], '/')
		if next < 0 {
			next = len(rel) - end
		}
		end += next
		if ok, err := path.Match(source, rel[:end]); ok && err == nil || source == rel[:end] {
			return cmp.Or(strings.TrimPrefix(rel[end:], "/"), path.Base(rel)), true
		}
	}
	return "", false
}
