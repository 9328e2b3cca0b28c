package source

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"r8scan/internal/collect"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
	"r8scan/internal/git/treediff"
	"r8scan/internal/regular"
	"r8scan/result"
)

// Staged is what the next commit would add, read from the index, never from the
// work tree. A token is new unless a parent of the commit (HEAD, or a commit that is
// being merged) has it at the same path, or in a file that the commit removes: then
// it was renamed with its file.
type Staged struct {
	path   string
	git    *repo.Repo
	getenv repo.Lookup
}

// OpenStaged finds the repository at path or, with "", the one that git runs a hook
// for.
func OpenStaged(path string) (*Staged, error) {
	g, getenv, err := hookRepository(path)
	if err != nil {
		return nil, err
	}
	if g.WorkTree == "" {
		if _, err := os.Stat(g.IndexFile); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s is a bare repository, which has nothing staged: use r8scan history", g.Dir)
		}
	}
	return &Staged{path, g, getenv}, nil
}

// Tree is the work tree.
func (s *Staged) Tree() (root, top string) { return s.git.WorkTree, "" }

// Read reads what is staged.
func (s *Staged) Read(ctx context.Context, env *Env) (*Read, error) {
	root := cmp.Or(s.git.WorkTree, s.git.Dir)
	problems := len(s.git.Problems) // that the rest depends on
	folders := s.git.ObjectDirs(s.getenv)
	lfs, notes := s.git.LFS(folders, os.LookupEnv)
	for _, note := range notes {
		env.Sink.Note(note)
	}
	x := &stagedDiff{env: env, git: s.git, environment: s.getenv != nil,
		blobs: blobReader{git: s.git, lfs: lfs, store: odb.NewLookup(folders, s.git.Hash, odb.LimitsOf(env.Budget)),
			sink: env.Sink, pointed: newPointed()}}
	defer x.blobs.store.Close()
	head, err := x.compare()
	if err != nil {
		return nil, err
	}
	news := &stagedNews{env: env, blobs: x.blobs, found: x}
	if err := env.run(ctx, news.jobs()...); err != nil {
		return nil, err
	}
	collect.NotePointed(env.Sink, x.blobs.pointed)
	if !env.Sink.Clean() { // these problems may be the cause
		problems = len(s.git.Problems)
	}
	for _, p := range s.git.Problems[:problems] {
		env.Sink.Unread(collect.Shown(root, p.What), p.Reason)
	}
	return &Read{Target: result.Target{Kind: "staged", Path: cmp.Or(s.path, "."), Head: head}, Root: root}, nil
}

// stagedDiff compares the index with the trees of the next commit's parents.
type stagedDiff struct {
	env         *Env
	git         *repo.Repo
	environment bool // the process's environment is about the repository
	blobs       blobReader

	files    []stagedFile  // whose content no parent has at the path
	names    []collect.Hit // matches in names that no parent has at the path
	gone     []odb.TreeEntry
	unmerged int    // files
	last     string // path of the last unmerged file
}

// stagedFile is a file to search.
type stagedFile struct {
	path   string
	id     []byte
	before [][]byte // raw ids of what the parents have at the path
}

// compare returns the id of HEAD in hex, "" if there is none.
func (s *stagedDiff) compare() (head string, err error) {
	var failed error
	compare := func(x *repo.IndexReader) {
		var trees [][]byte
		if head, trees, failed = s.parents(); failed != nil || x == nil {
			return
		}
		d := &treediff.Diff{Before: s.blobs.store.Tree, Now: s.now, Folder: s.folder, Entry: s.entry,
			Gone:   func(e odb.TreeEntry) { s.gone = append(s.gone, e) },
			Failed: func(t treediff.Tree, err error) { s.env.Sink.Unread(t.Path, err.Error()) }}
		if err := d.Index(x, trees); err != nil {
			failed = fmt.Errorf("the files at HEAD cannot be read: %w: see git fsck", err)
		}
	}
	err = s.git.UseIndex(compare)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		compare(nil)
	case err != nil:
		return "", fmt.Errorf("the index cannot be read: %s: see git status", regular.Reason(err))
	}
	if s.unmerged > 0 {
		s.env.Sink.Note(fmt.Sprintf("unmerged files, which git cannot commit yet, were not scanned: %d", s.unmerged))
	}
	return head, failed
}

// parents returns the id of HEAD, and the trees of the next commit's parents.
func (s *stagedDiff) parents() (head string, trees [][]byte, err error) {
	if head, err = s.git.Refs.Head(); err != nil {
		return "", nil, err
	}
	var environ []string
	if s.environment {
		environ = os.Environ()
	}
	others, err := s.git.Refs.Merging(environ)
	if err != nil {
		return "", nil, err
	}
	for _, id := range append([]string{head}, others...) {
		if id == "" {
			continue
		}
		tree, err := s.blobs.treeOf(id)
		if err != nil {
			return "", nil, fmt.Errorf("commit %s, a parent of the next one, cannot be read: %w: see git fsck", id, err)
		}
		trees = append(trees, tree)
	}
	return head, trees, nil
}

// now reads the tree of a folder that the index has as one entry.
func (s *stagedDiff) now(t treediff.Tree) ([]odb.TreeEntry, bool) {
	entries, err := s.blobs.store.Tree(t.ID)
	if err != nil {
		s.env.Sink.Unread(t.Path, err.Error())
	}
	return entries, err == nil
}

// folder searches the name of a folder that no parent has.
func (s *stagedDiff) folder(path, name string) {
	if !s.env.Paths.Excludes(path) {
		s.name(path, name)
	}
}

// entry notes a file that no parent has as it is.
func (s *stagedDiff) entry(e treediff.Entry) {
	switch {
	case e.Stage > 0: // an unmerged file has up to three entries
		if e.Path != s.last {
			s.unmerged++
		}
		s.last = e.Path
		return
	case !s.env.Paths.Keeps(e.Path, ""):
		return
	case !e.Known:
		s.name(e.Path, e.Name)
	}
	if e.Mode != odb.ModeModule {
		s.files = append(s.files, stagedFile{e.Path, bytes.Clone(e.ID), slices.Clone(e.Before)})
	}
}

// name searches the name of the new file or folder at a path.
func (s *stagedDiff) name(at, name string) {
	s.names = append(s.names, s.env.inName(name, collect.Hit{Kind: result.KindIndex, Path: at})...)
}
