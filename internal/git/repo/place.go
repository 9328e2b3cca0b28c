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

// Place is where a repository has its parts, and what is wrong with them.
type Place struct {
	Dir    string  // git directory: HEAD and index
	Common string  // objects, refs and config; equal to Dir except in a linked worktree
	Hash   int     // bytes of an object id: 20 or 32
	Bounds *Bounds // where what its pointers lead to may lie

	Problems []Problem // what could not be read or understood
	Notes    []Problem // what was not read and holds nothing that is to be scanned
}

// Problem is something that could not be read, and why.
type Problem struct{ What, Reason string }

// maxProblems is how many are named one by one.
const maxProblems = 10_000

// maxNotes is how many notes there are at most.
const maxNotes = 10

func (p *Place) problem(what, reason string) {
	switch {
	case len(p.Problems) < maxProblems:
		p.Problems = append(p.Problems, Problem{what, reason})
	case len(p.Problems) == maxProblems:
		p.Problems = append(p.Problems, Problem{p.Common, fmt.Sprintf("more than %d things in it cannot be read: the rest is not named", maxProblems)})
	}
}

// note notes something once.
func (p *Place) note(what, text string) {
	if n := (Problem{what, text}); len(p.Notes) < maxNotes && !slices.Contains(p.Notes, n) {
		p.Notes = append(p.Notes, n)
	}
}

// Reach returns why the file or folder at path, which a link in the git
// directory may lead to, may not be read.
func (p *Place) Reach(path string) error { return p.Bounds.reach(path) }

// Limits on the files that are read whole, in bytes. What git writes is far
// smaller.
const (
	lineMax = 1 << 20  // one line: git itself takes no .git file with more
	refMax  = 1 << 16  // one ref
	listMax = 64 << 20 // a line for each of many things: packed refs, a reflog
)

// read returns what is in a file of the git directory. As in git it may be a
// link, or lie behind one, unless that leads out of the repository's bounds.
func (p *Place) read(path string, limit int64) ([]byte, error) {
	if err := p.Reach(path); err != nil {
		return nil, err
	}
	return regular.ReadFollowed(path, limit)
}

// subfolders returns the folders in dir, links to some included, unless they
// lead outside: those are problems.
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

// Shallow returns the ids, in hex, of commits whose parents a shallow clone
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

// takeCommon makes the folder that commondir names the one that holds what
// worktrees share, if it is in the bounds or lists the worktree. Else the git
// directory is taken for itself, if it has objects.
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
