package repo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"r8scan/internal/regular"
)

// Place is where a repository keeps its parts, and the problems with them.
type Place struct {
	Dir    string  // git directory: HEAD and index
	Common string  // objects, refs and config; equal to Dir except in a linked worktree
	Hash   int     // bytes of an object id: 20 or 32
	Bounds *Bounds // where its pointers may lead

	Problems []Problem // what could not be read or understood
	Notes    []Problem // what was not read and does not make a scan incomplete
}

// Problem is something that could not be read, and the reason.
type Problem struct{ What, Reason string }

// maxProblems is how many problems are reported one by one.
const maxProblems = 10_000

// maxNotes is how many notes are kept.
const maxNotes = 10

func (p *Place) problem(what, reason string) {
	switch {
	case len(p.Problems) < maxProblems:
		p.Problems = append(p.Problems, Problem{what, reason})
	case len(p.Problems) == maxProblems:
		p.Problems = append(p.Problems, Problem{p.Common, fmt.Sprintf("more than %d things in it cannot be read: the rest is not named", maxProblems)})
	}
}

// note adds a note unless it is there already.
func (p *Place) note(what, text string) {
	if n := (Problem{what, text}); len(p.Notes) < maxNotes && !slices.Contains(p.Notes, n) {
		p.Notes = append(p.Notes, n)
	}
}

// Reach returns an error if the file or folder at path may not be read, because
// links lead it out of the bounds.
func (p *Place) Reach(path string) error { return p.Bounds.reach(path) }

// Limits on files that are read whole, in bytes. Git writes far smaller ones.
const (
	lineMax = 1 << 20  // one line: git also rejects a larger .git file
	refMax  = 1 << 16  // one ref
	listMax = 64 << 20 // many lines: packed refs, a reflog
)

// read returns the content of a file in the git directory. As in git, links are
// followed, but not out of the repository's bounds.
func (p *Place) read(path string, limit int64) ([]byte, error) {
	if err := p.Reach(path); err != nil {
		return nil, err
	}
	return regular.ReadFollowed(path, limit)
}

// subfolders returns the folders in dir, including links to folders. A link
// that leads outside is a problem.
func (p *Place) subfolders(dir string) []string {
	if err := p.Reach(dir); err != nil {
		p.problem(dir, err.Error())
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if e.Type()&os.ModeSymlink != 0 {
			info, err := os.Stat(path)
			if err != nil || !info.IsDir() {
				continue
			}
			if err := p.Reach(path); err != nil {
				p.problem(path, err.Error())
				continue
			}
		} else if !e.IsDir() {
			continue
		}
		out = append(out, path)
	}
	return out
}

// Shallow returns the ids in hex of the commits whose parents a shallow clone
// left out.
func (p *Place) Shallow() []string {
	path := filepath.Join(p.Common, "shallow")
	text, err := p.read(path, listMax)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			p.problem(path, regular.Cause(err))
		}
		return nil
	}
	var ids []string
	for id := range strings.FieldsSeq(string(text)) {
		if len(id) == 2*p.Hash {
			ids = append(ids, id)
		}
	}
	return ids
}

// takeCommon sets Common to the folder that commondir names, if it is in the
// bounds or lists the worktree. Otherwise the git directory stands alone, if it
// has objects.
func (p *Place) takeCommon() error {
	if err := p.Reach(filepath.Join(p.Dir, "commondir")); err != nil {
		return p.alone(err)
	}
	common, err := readPath(p.Dir, "commondir")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		p.problem(filepath.Join(p.Dir, "commondir"), regular.Cause(err)+": where the rest of the repository is, is unknown")
		return nil
	case p.Bounds.Holds(common), lists(common, p.Dir):
		p.Common = common
		p.Bounds = p.Bounds.with(common)
		return nil
	}
	return p.alone(p.Bounds.reach(common))
}

func (p *Place) alone(why error) error {
	if _, err := os.Stat(filepath.Join(p.Dir, "objects")); err != nil {
		return why
	}
	if why != nil {
		p.problem(filepath.Join(p.Dir, "commondir"), why.Error())
	}
	return nil
}
