// Package treediff compares a tree, or an index, with earlier trees at the same
// place, folder by folder. It skips a folder that an earlier tree has
// unchanged.
package treediff

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"r8scan/internal/budget"
	"r8scan/internal/git/history"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
)

// Diff is a comparison. It calls its functions in the order of the walk; any of
// them may be nil.
type Diff struct {
	// Before reads an earlier tree. If it cannot be read, everything at its
	// place counts as new.
	Before func(id []byte) ([]odb.TreeEntry, error)
	// Now reads the compared tree. If it returns false, the tree is left out.
	Now func(t Tree) ([]odb.TreeEntry, bool)
	// Folder is called for a folder that no earlier tree has.
	Folder func(path, name string)
	// Entry is called for a file, link or submodule that no earlier tree has
	// unchanged.
	Entry func(e Entry)
	// Gone is called for an entry of an earlier tree that the compared tree
	// does not have; for a folder once, without its entries.
	Gone func(e odb.TreeEntry)
	// Failed is called for a tree that is not compared, with everything below
	// it, or whose earlier trees are unknown.
	Failed func(t Tree, err error)

	Memory *budget.Account // memory that Before and Now take from it is returned when a folder is done; may be nil

	before [][]byte // a buffer for one entry
}

// ErrDepth means that a folder is too deep to be compared.
var ErrDepth = fmt.Errorf("it is in more than %d folders: %w", history.MaxDepth, odb.ErrLimit)

// Tree is a compared tree.
type Tree struct {
	Path   string   // path of its folder, "" for the root
	ID     []byte   // raw id; nil for a folder of an index
	Before [][]byte // raw ids of the earlier trees at its place
}

// Entry is anything other than a folder. It is valid until the next call.
type Entry struct {
	Path, Name string
	Mode       uint32
	ID         []byte   // raw
	Stage      int      // in an index: not 0 for an unmerged entry
	Known      bool     // an earlier tree has something other than a folder at the path
	Before     [][]byte // their raw ids there, without submodules
}

// cursor goes through a tree in the order of its entries. Entries that it skips
// are gone.
type cursor struct{ left []odb.TreeEntry }

// seek returns the entry with a name, and of a kind, after the entries that
// were returned before.
func (d *Diff) seek(c *cursor, name string, folder bool) (odb.TreeEntry, bool) {
	for len(c.left) > 0 {
		e := c.left[0]
		order := 0
		if isFolder := e.Mode == odb.ModeDir; string(e.Name) != name || isFolder != folder { // most names are equal
			order = compareNames(string(e.Name), isFolder, name, folder)
		}
		if order > 0 {
			break
		}
		c.left = c.left[1:]
		if order == 0 {
			return e, true
		}
		d.gone(e)
	}
	return odb.TreeEntry{}, false
}

func (d *Diff) gone(entries ...odb.TreeEntry) {
	for i := 0; d.Gone != nil && i < len(entries); i++ {
		d.Gone(entries[i])
	}
}

// compareNames orders names as trees and indexes do: a folder's name as if it
// ended in a slash.
func compareNames(a string, aFolder bool, b string, bFolder bool) int {
	n := min(len(a), len(b))
	if c := strings.Compare(a[:n], b[:n]); c != 0 {
		return c
	}
	next := func(s string, folder bool) int {
		switch {
		case len(s) > n:
			return int(s[n])
		case folder:
			return '/'
		}
		return 0
	}
	return next(a, aFolder) - next(b, bFolder)
}

// cursors reads earlier trees, each once. With an error it returns those that
// could be read.
func (d *Diff) cursors(trees [][]byte) (out []*cursor, err error) {
	for i, id := range trees {
		if slices.ContainsFunc(trees[:i], func(other []byte) bool { return bytes.Equal(id, other) }) {
			continue
		}
		entries, failed := d.Before(id)
		if failed != nil {
			err = failed
			continue
		}
		out = append(out, &cursor{entries})
	}
	return out, err
}

// passBy reports the remaining entries of earlier trees as gone.
func (d *Diff) passBy(trees []*cursor) {
	for _, c := range trees {
		d.gone(c.left...)
	}
}

// Index compares an index with the trees of the parents of the next commit. The
// error names a tree that cannot be read.
func (d *Diff) Index(x *repo.IndexReader, trees [][]byte) error {
	whole := folder{index: x, cached: x.Tree}
	if slices.ContainsFunc(trees, func(tree []byte) bool { return whole.same("", tree) }) {
		return nil
	}
	before, err := d.cursors(trees)
	if err != nil {
		return err
	}
	d.entries("", x, x.Tree, before, 0)
	return nil
}

// Tree compares a tree with the earlier trees at its place.
func (d *Diff) Tree(id []byte, before [][]byte) {
	if !slices.ContainsFunc(before, func(tree []byte) bool { return bytes.Equal(tree, id) }) {
		d.folder("", folder{id: id}, before, 0)
	}
}

// folder is a compared folder: either it has a tree, or its files are the next
// ones in an index.
type folder struct {
	name   string
	id     []byte            // raw id of its tree
	index  *repo.IndexReader // nil if it has an id
	cached *repo.CacheTree   // nil if unknown
}

// same reports whether an earlier tree equals the folder. If so, it skips the
// folder's entries.
func (f *folder) same(prefix string, tree []byte) bool {
	if f.index == nil {
		return bytes.Equal(f.id, tree)
	}
	return f.cached != nil && bytes.Equal(f.cached.ID, tree) && f.index.PassFolder(prefix, f.cached)
}

// entries compares the next entries of the index, those whose path starts with
// prefix, with the earlier trees there. prefix ends in a slash unless it is
// empty.
func (d *Diff) entries(prefix string, x *repo.IndexReader, cached *repo.CacheTree, before []*cursor, depth int) {
	for {
		e := x.Peek()
		if e == nil || !strings.HasPrefix(e.Path, prefix) {
			break
		}
		name, below, deeper := strings.Cut(e.Path[len(prefix):], "/")
		switch {
		case !deeper:
			if !e.IntentToAdd { // the commit will not contain it
				d.entry(Entry{Path: e.Path, Name: name, Mode: e.Mode, ID: e.ID, Stage: e.Stage}, before)
			}
			x.Pass(1)
		case below == "" && e.Mode == odb.ModeDir:
			d.below(prefix, folder{name: name, id: e.ID}, before, depth)
			x.Pass(1)
		default:
			d.below(prefix, folder{name: name, index: x, cached: cached.Sub(name)}, before, depth)
		}
	}
	d.passBy(before)
}

// below compares a subfolder of the folder at prefix.
func (d *Diff) below(prefix string, f folder, before []*cursor, depth int) {
	var trees [][]byte
	for _, c := range before {
		if e, ok := d.seek(c, f.name, true); ok {
			trees = append(trees, e.ID)
		}
	}
	at := prefix + f.name
	if slices.ContainsFunc(trees, func(tree []byte) bool { return f.same(at+"/", tree) }) {
		return
	}
	if len(trees) == 0 && d.Folder != nil {
		d.Folder(at, f.name)
	}
	d.folder(at, f, trees, depth+1)
}

// folder compares the folder at a path with the earlier trees at its place.
func (d *Diff) folder(at string, f folder, trees [][]byte, depth int) {
	if depth > history.MaxDepth {
		d.tooDeep(at, f)
		return
	}
	defer d.Memory.Back(d.Memory.Held())
	var now []odb.TreeEntry
	if f.index == nil {
		var ok bool
		if now, ok = d.Now(Tree{at, f.id, trees}); !ok {
			return
		}
	}
	before, err := d.cursors(trees)
	if err != nil && d.Failed != nil {
		d.Failed(Tree{at, f.id, trees}, fmt.Errorf("what was committed of it is not known: %w", err))
	}
	prefix := at + "/"
	if at == "" {
		prefix = ""
	}
	if f.index != nil {
		d.entries(prefix, f.index, f.cached, before, depth)
		return
	}
	for _, e := range now {
		if e.Mode == odb.ModeDir {
			d.below(prefix, folder{name: string(e.Name), id: e.ID}, before, depth)
		} else {
			d.entry(Entry{Path: prefix + string(e.Name), Name: string(e.Name), Mode: e.Mode, ID: e.ID}, before)
		}
	}
	d.passBy(before)
}

// tooDeep reports a folder that is too deep to be compared.
func (d *Diff) tooDeep(at string, f folder) {
	if d.Failed != nil {
		d.Failed(Tree{Path: at, ID: f.id}, ErrDepth)
	}
	if f.index == nil {
		return
	}
	for e := f.index.Peek(); e != nil && strings.HasPrefix(e.Path, at+"/"); e = f.index.Peek() {
		f.index.Pass(1)
	}
}

// entry compares one file, link or submodule.
func (d *Diff) entry(e Entry, trees []*cursor) {
	same, before := false, d.before[:0]
	for _, c := range trees {
		if old, ok := d.seek(c, e.Name, false); ok {
			e.Known = true
			if old.Mode != odb.ModeModule {
				same = same || bytes.Equal(old.ID, e.ID)
				before = append(before, old.ID)
			}
		}
	}
	d.before, e.Before = before, before
	if !same || e.Stage > 0 {
		d.Entry(e)
	}
}
