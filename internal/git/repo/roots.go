package repo

import (
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"r8scan/internal/git/wire"
	"r8scan/internal/regular"
)

// Root is something other than an object that names an object.
type Root struct {
	File string // path of the file; for reftables, of their folder
	Name string // which part of the file names it, such as a ref; may be ""
	ID   string // in hex; during a rebase or cherry-pick it may be abbreviated
	Kept bool   // git gc keeps the object
}

// findRoots is Repo.Roots.
func findRoots(r *Repo, use func(Root)) []Problem {
	f := &rootFinder{repo: r, use: use}
	f.rootRefs()
	f.states()
	f.logs(filepath.Join(r.Dir, "logs"))
	if r.Config.storage == inTables {
		f.tables()
	}
	if r.Dir != r.Common {
		if r.Config.storage == inFiles {
			f.ownRefs()
		}
		return f.problems
	}
	f.file("shallow", fileForm{every: true, mayBeEmpty: true, kept: true})
	f.file("info/grafts", fileForm{every: true, words: true, mayBeEmpty: true})
	return f.problems
}

// rootFinder collects the roots of a git directory.
type rootFinder struct {
	repo     *Repo
	use      func(Root)
	problems []Problem
}

func (f *rootFinder) problem(path, reason string) {
	f.problems = append(f.problems, Problem{path, reason})
}

// found passes on a root, unless its id is invalid or zero.
func (f *rootFinder) found(r Root) {
	if strings.Trim(r.ID, "0") != "" {
		f.use(r)
	}
}

func (f *rootFinder) isID(word string) bool {
	return wire.IsID(word, f.repo.Hash)
}

// isShortID reports whether a word may be an id or an abbreviated one.
func (f *rootFinder) isShortID(word string) bool {
	return len(word) >= 4 && len(word) <= 2*f.repo.Hash && wire.IsHex(word)
}

// read returns the content of a file in the git directory; false if there is
// none.
func (f *rootFinder) read(path string) (string, bool) {
	text, err := f.repo.read(path, listMax)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			f.problem(path, regular.Cause(err))
		}
		return "", false
	}
	return string(text), true
}

const (
	isEmpty = "it is empty and should hold an object id: what it named is unknown"
	noID    = "its value is no object id"
)

// fileForm says where a file has ids: by default in the first word of its first
// line.
type fileForm struct {
	every      bool // in the first word of every line
	words      bool // in every word of a line
	short      bool // ids may be abbreviated
	mayBeEmpty bool
	kept       bool // see Root
}

// file passes on the roots in a file of the git directory.
func (f *rootFinder) file(name string, form fileForm) {
	path := filepath.Join(f.repo.Dir, filepath.FromSlash(name))
	text, ok := f.read(path)
	if !ok || strings.HasPrefix(text, "ref:") { // a symbolic ref
		return
	}
	some := false
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 || form.words && words[0][0] == '#' {
			continue
		}
		some = true
		if !form.words {
			words = words[:1]
		}
		for _, word := range words {
			if !f.isID(word) && !(form.short && f.isShortID(word)) {
				f.problem(path, noID)
				return
			}
			f.found(Root{File: path, ID: word, Kept: form.kept})
		}
		if !form.every {
			break
		}
	}
	if !some && !form.mayBeEmpty {
		f.problem(path, isEmpty)
	}
}

// otherRootRefs are the root refs whose names do not end in _HEAD.
var otherRootRefs = []string{"AUTO_MERGE", "BISECT_EXPECTED_REV", "MERGE_AUTOSTASH", "NOTES_MERGE_PARTIAL", "NOTES_MERGE_REF"}

// isRootRef reports whether git takes a file next to HEAD for a ref.
func isRootRef(name string) bool {
	return strings.HasSuffix(name, "_HEAD") && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == "" || slices.Contains(otherRootRefs, name)
}

// rootRefs passes on HEAD and the refs next to it.
func (f *rootFinder) rootRefs() {
	if f.repo.Config.storage != inTables { // with reftables HEAD is in a table
		f.head()
	}
	entries, err := os.ReadDir(f.repo.Dir)
	if err != nil {
		f.problem(f.repo.Dir, regular.Cause(err))
	}
	for _, e := range entries {
		if name := e.Name(); isRootRef(name) && !e.IsDir() {
			f.file(name, fileForm{every: name == "FETCH_HEAD" || name == "MERGE_HEAD", mayBeEmpty: name == "FETCH_HEAD"})
		}
	}
}

func (f *rootFinder) head() {
	path := filepath.Join(f.repo.Dir, "HEAD")
	value, err := f.repo.Refs.readHead()
	switch {
	case strings.HasPrefix(value, "ref:"):
	case f.isID(value):
		f.found(Root{File: path, ID: value, Kept: true})
	case f.repo.Refs.named: // Refs.Read has reported it
	case err != nil:
		f.problem(path, regular.Cause(err))
	case value == "":
		f.problem(path, isEmpty)
	default:
		f.problem(path, noID)
	}
}

// ownRefs passes on the refs of a linked worktree's own.
func (f *rootFinder) ownRefs() {
	own := &Place{Dir: f.repo.Dir, Common: f.repo.Common, Hash: f.repo.Hash, Bounds: f.repo.Bounds}
	raw := map[string]string{}
	readLoose(own, raw, own.Dir, defaultRefLimits())
	f.problems = append(f.problems, own.Problems...)
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		f.ref(filepath.Join(own.Dir, filepath.FromSlash(name)), "", raw[name], true)
	}
}

// ref passes on the value of a ref.
func (f *rootFinder) ref(file, name, value string, kept bool) {
	switch {
	case strings.HasPrefix(value, "ref:"):
	case f.isID(value):
		f.found(Root{File: file, Name: name, ID: value, Kept: kept})
	case value == "":
		f.problem(file, isEmpty)
	default:
		f.problem(file, noID)
	}
}

// tables passes on what the git directory's own reftables name.
func (f *rootFinder) tables() {
	dir := filepath.Join(f.repo.Dir, tablesDir)
	limits := defaultStackLimits()
	limits.logs = true
	s := tablesIn(&f.repo.Place, f.repo.Dir, limits)
	f.problems = append(f.problems, s.problems...)
	for _, name := range slices.Sorted(maps.Keys(s.raw)) {
		if own := f.repo.Dir != f.repo.Common; own || !isRef(name) {
			f.ref(dir, name, s.raw[name], isRef(name) || name == "HEAD")
		}
	}
	if _, ok := s.raw["HEAD"]; !ok && len(s.problems) == 0 {
		f.problem(dir, "no table in it has HEAD")
	}
	for _, key := range slices.SortedFunc(maps.Keys(s.logs), compareLogs) {
		for _, id := range s.logs[key] {
			f.found(Root{File: dir, Name: "reflog of " + key.name, ID: wire.Hex([]byte(id)), Kept: true})
		}
	}
}

func compareLogs(a, b logKey) int {
	return cmp.Or(strings.Compare(a.name, b.name), cmp.Compare(a.update, b.update))
}

// logs passes on what the reflogs in a folder name.
func (f *rootFinder) logs(dir string) {
	if f.repo.Reach(dir) != nil {
		return // the walk of the git directory reports it
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && path == dir:
		case err != nil:
			f.problem(path, regular.Cause(err))
		case path != dir && strings.HasPrefix(e.Name(), "."): // no ref has such a name
			if e.IsDir() {
				return fs.SkipDir
			}
		case !e.IsDir() && !strings.HasSuffix(path, ".lock") && e.Type()&fs.ModeSocket == 0:
			f.log(path)
		}
		return nil
	})
	if err != nil {
		f.problem(dir, regular.Cause(err))
	}
}

func (f *rootFinder) log(path string) {
	text, _ := f.read(path)
	bad := false
	for line := range strings.Lines(text) {
		old, id, ok := reflogIDs(line, 2*f.repo.Hash)
		if !ok {
			bad = true
			continue
		}
		f.found(Root{File: path, ID: old, Kept: true})
		f.found(Root{File: path, ID: id, Kept: true})
	}
	if bad {
		f.problem(path, "a line in it is no reflog entry: what it named is unknown")
	}
}
