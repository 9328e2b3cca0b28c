package repo

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"r8scan/internal/git/wire"
)

// Head returns the id of the commit at HEAD in hex, "" on a branch without
// commits. Unlike Read it reads no other refs. An error means that HEAD is
// unknown.
func (r *Refs) Head() (string, error) {
	find, err := r.finder()
	if err != nil {
		return "", err
	}
	name := "HEAD"
	value, err := find(name)
	if err != nil {
		return "", fmt.Errorf("HEAD cannot be read: %w", err)
	}
	for range maxSymrefs {
		to, symbolic := strings.CutPrefix(value, "ref:")
		if !symbolic {
			break
		}
		name = strings.TrimSpace(to)
		if !isRef(name) || !filepath.IsLocal(filepath.FromSlash(name)) {
			return "", fmt.Errorf("HEAD leads to %q, which is no ref", name)
		}
		value, err = find(name)
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil
		}
		if err != nil {
			return "", fmt.Errorf("%s, to which HEAD leads, cannot be read: %w", name, err)
		}
	}
	if !wire.IsID(value, r.Hash) {
		return "", fmt.Errorf("%s is damaged: it holds no object id", name)
	}
	return value, nil
}

// finder returns a function that reads a ref by its full name. Its error is
// fs.ErrNotExist if there is no such ref.
func (r *Refs) finder() (func(name string) (string, error), error) {
	switch r.config.storage {
	case inFiles:
		return func(name string) (string, error) {
			if name == "HEAD" {
				return r.readHead()
			}
			return r.readRef(name)
		}, nil
	case inTables:
		return r.tableFinder()
	}
	return nil, fmt.Errorf("the ref storage %q is not known, and so is what HEAD is", r.config.storage)
}

// tableFinder is finder for reftables. It reads all tables, because a missing
// or damaged one may hold any ref.
func (r *Refs) tableFinder() (func(name string) (string, error), error) {
	var stacks []*stack
	for _, dir := range slices.Compact([]string{r.Dir, r.Common}) { // a worktree has some refs of its own
		s := tablesIn(r.Place, dir, defaultStackLimits())
		if len(s.problems) > 0 {
			return nil, fmt.Errorf("what HEAD is, is unknown: %s: %s", s.problems[0].What, s.problems[0].Reason)
		}
		stacks = append(stacks, s)
	}
	return func(name string) (string, error) {
		for i, s := range stacks {
			if value, ok := s.raw[name]; ok && (i == 0 || isRef(name)) { // HEAD in the common stack is that of the main worktree
				return value, nil
			}
		}
		return "", fs.ErrNotExist
	}, nil
}

// readRef returns the content of a ref, fs.ErrNotExist if there is none.
func (r *Refs) readRef(name string) (string, error) {
	for _, dir := range []string{r.Dir, r.Common} { // a worktree has some refs of its own
		path := filepath.Join(dir, filepath.FromSlash(name))
		if to, ok := linkedRef(path); ok {
			return "ref: " + to, nil
		}
		text, err := r.Place.read(path, refMax)
		if err == nil {
			return refValue(text), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	text, err := r.Place.read(filepath.Join(r.Common, "packed-refs"), listMax)
	if err != nil {
		return "", err
	}
	id, found := "", false
	parsePacked(string(text), func(ref, value string) {
		if ref == name {
			id, found = value, true
		}
	})
	if !found {
		return "", fs.ErrNotExist
	}
	return id, nil
}

// Merging returns the ids in hex of the parents, other than HEAD, of the next
// commit. There are none unless a merge is in progress. environ is the
// environment, or nil if it is not about this repository: while git runs
// pre-merge-commit, the merged commits are only in names of variables, GITHEAD_
// and an id.
func (r *Refs) Merging(environ []string) (ids []string, err error) {
	text, err := r.Place.read(filepath.Join(r.Dir, "MERGE_HEAD"), lineMax)
	switch {
	case err == nil:
		ids = strings.Fields(string(text))
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("MERGE_HEAD cannot be read: %w", err)
	default:
		for _, kv := range environ {
			if id, ok := strings.CutPrefix(kv, "GITHEAD_"); ok {
				id, _, _ = strings.Cut(id, "=")
				ids = append(ids, id)
			}
		}
	}
	for _, id := range ids {
		if !wire.IsID(id, r.Hash) {
			return nil, errors.New("what is being merged is unknown: MERGE_HEAD is damaged, it holds something that is no object id")
		}
	}
	return ids, nil
}

// Branch returns the full name of the branch at HEAD, "" if HEAD is detached or
// unreadable.
func (r *Refs) Branch() string {
	find, err := r.finder()
	if err != nil {
		return ""
	}
	value, err := find("HEAD")
	if err != nil {
		return ""
	}
	name, ok := strings.CutPrefix(value, "ref:")
	if !ok {
		return ""
	}
	return strings.TrimSpace(name)
}
