package scanner

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
)

// Staged scans what the next commit of the repository at path would add; with
// "", of the one that git runs a hook for. What counts is the index, never the
// work tree. A token is new unless a parent of the commit, HEAD or one that is
// being merged, has it at the same path, or in a file that the commit removes:
// then it was renamed with its file.
func Staged(ctx context.Context, path string, opts Options) (*Result, error) {
	r, err := newRun(opts)
	if err != nil {
		return nil, err
	}
	g, getenv, err := hookRepository(path)
	if err != nil {
		return nil, err
	}
	root := g.WorkTree
	if root == "" {
		root = g.Dir
		if _, err := os.Stat(g.IndexFile); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s is a bare repository, and nothing is staged there: use r8scan history", root)
		}
	}
	if err := r.readOwnConfig(g.WorkTree, ""); err != nil {
		return nil, err
	}
	problems := len(g.Problems) // of what the rest depends on
	s := &staging{run: r, hash: g.Hash, promisor: g.Promisor, store: odb.NewLookup(g.ObjectDirs(getenv), g.Hash, odb.LimitsOf(r.budget))}
	defer s.store.Close()
	head, err := s.compareIndex(g, getenv != nil)
	if err != nil {
		return nil, err
	}
	if err := r.do(ctx, s.jobs()...); err != nil {
		return nil, err
	}
	if len(r.unread.items) > 0 { // they may be why
		problems = len(g.Problems)
	}
	for _, p := range g.Problems[:problems] {
		r.addUnread(r.shown(root, p.What), p.Reason)
	}
	return r.result(ctx, Target{Kind: "staged", Path: shownOr(path, "."), Head: head}, root)
}

// compareIndex compares the index with the commits that the next one will build
// on. It returns the id of HEAD in hex, "" if there is none. environment says
// that the process's environment is about the repository.
func (s *staging) compareIndex(g *repo.Repo, environment bool) (head string, err error) {
	var failed error
	compare := func(x *repo.IndexReader) {
		var trees [][]byte
		if head, trees, failed = s.parents(g, environment); failed == nil && x != nil {
			failed = s.root(x, trees)
		}
	}
	err = g.UseIndex(compare)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		compare(nil)
	case err != nil:
		return "", fmt.Errorf("the index cannot be read: %s: see git status", reason(err))
	}
	if s.unmerged > 0 {
		s.run.notes = append(s.run.notes, fmt.Sprintf("unmerged files, which were not scanned and keep git from committing: %d", s.unmerged))
	}
	return head, failed
}

// parents returns HEAD and the trees of all commits that the next one builds on.
func (s *staging) parents(g *repo.Repo, environment bool) (head string, trees [][]byte, err error) {
	if head, err = g.Head(); err != nil {
		return "", nil, err
	}
	var environ []string
	if environment {
		environ = os.Environ()
	}
	others, err := g.Merging(environ)
	if err != nil {
		return "", nil, err
	}
	for _, id := range append([]string{head}, others...) {
		if id == "" {
			continue
		}
		tree, err := s.treeOf(id)
		if err != nil {
			return "", nil, fmt.Errorf("commit %s, on which the next one builds, cannot be read: %w: see git fsck", id, err)
		}
		trees = append(trees, tree)
	}
	return head, trees, nil
}

// root compares the whole index with the parents' trees.
func (s *staging) root(x *repo.IndexReader, trees [][]byte) error {
	whole := folderNews{index: x, cached: x.Tree}
	if slices.ContainsFunc(trees, func(tree []byte) bool { return whole.same("", tree) }) {
		return nil
	}
	parents, err := s.cursors(trees)
	if err != nil {
		return fmt.Errorf("the files at HEAD are not known: %w: see git fsck", err)
	}
	s.entries("", x, x.Tree, parents, 0)
	return nil
}

// treeOf returns the raw id of the tree of the commit with an id in hex.
func (s *staging) treeOf(commit string) ([]byte, error) {
	id, err := hex.DecodeString(commit)
	if err != nil {
		return nil, err
	}
	data, err := s.store.ReadAll(id, odb.Commit, nil)
	if err != nil {
		return nil, err
	}
	var h odb.Header
	if err := odb.ParseHeader(data, &h); err != nil {
		return nil, err
	}
	tree := make([]byte, s.hash)
	if !decodeID(tree, h.Tree) {
		return nil, errors.New("what it names as its tree is no id")
	}
	return tree, nil
}

// stagedBatch is how many files make a job.
const stagedBatch = 16

// jobs returns the jobs of reading what was found to be new.
func (s *staging) jobs() []job {
	var jobs []job
	for files := range slices.Chunk(s.files, stagedBatch) {
		jobs = append(jobs, func(ctx context.Context, w *worker) error {
			for _, f := range files {
				s.file(ctx, w, f)
				if err := ctx.Err(); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if len(s.names) > 0 {
		jobs = append(jobs, func(ctx context.Context, w *worker) error {
			known := s.goneTokens(ctx, w)
			for _, h := range s.names {
				if !known.has(h.match) {
					s.run.addFileHit(h)
				}
			}
			return ctx.Err()
		})
	}
	return jobs
}
