package odb

import (
	"errors"
	"fmt"
	"strings"

	"r8scan/internal/git/wire"
)

// TreeOf returns the raw id of the tree of a commit, by its raw id.
func (l *Lookup) TreeOf(commit []byte) ([]byte, error) {
	data, err := l.ReadAll(commit, Commit, nil)
	if err != nil {
		return nil, err
	}
	var h Header
	if err := ParseHeader(data, &h); err != nil {
		return nil, err
	}
	tree := make([]byte, len(commit))
	if n, ok := wire.UnhexInto(tree, h.Tree); !ok || n != len(tree) {
		return nil, errors.New("its tree header is not an id")
	}
	return tree, nil
}

// Tree returns the entries of a tree, by its raw id.
func (l *Lookup) Tree(id []byte) ([]TreeEntry, error) {
	if IsEmptyTree(id) {
		return nil, nil
	}
	data, err := l.ReadAll(id, Tree, nil)
	if err == nil {
		var entries []TreeEntry
		if entries, err = Entries(data, len(id)); err == nil {
			return entries, nil
		}
	}
	return nil, fmt.Errorf("tree %x: %w", id, err)
}

// EntryAt returns the entry at a path of a tree, by the tree's raw id, and nil if
// there is none. same says whether a name is the wanted one. At a link on the way it
// returns the link, because what is behind it is not known.
func (l *Lookup) EntryAt(tree []byte, path string, same func(name, want string) bool) (*TreeEntry, error) {
	const link = 0o120000
	for tree != nil {
		name, below, more := strings.Cut(path, "/")
		entries, err := l.Tree(tree)
		if err != nil {
			return nil, err
		}
		tree, path = nil, below
		for i, e := range entries {
			switch {
			case !same(string(e.Name), name):
			case !more, e.Mode&0o170000 == link:
				return &entries[i], nil
			case e.Mode == ModeDir:
				tree = e.ID
			}
		}
	}
	return nil, nil
}

// SameName compares names as git does.
func SameName(name, want string) bool { return name == want }
