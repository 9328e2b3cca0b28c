package fix

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"r8scan/internal/git/repo"
	"r8scan/internal/git/wire"
	"r8scan/internal/regular"
)

// workTree is the work tree of a repository, as far as it says what git can give
// back.
type workTree struct {
	git     *repo.Repo
	top     string                  // a path without links
	entries map[string][]repo.Entry // of the index, by path
	err     error                   // why the index cannot be read
}

// workTrees finds the work tree that a folder is in, and reads each once.
type workTrees map[string]*workTree

// of returns the work tree that the folder dir, a path without links, is in, nil if
// there is none.
func (w workTrees) of(dir string) *workTree {
	g, err := repo.Discover(dir, os.LookupEnv)
	if err != nil || g.WorkTree == "" {
		return nil
	}
	top, err := filepath.EvalSymlinks(g.WorkTree)
	if err != nil || !regular.Contains(top, dir) {
		return nil
	}
	if t, ok := w[top]; ok {
		return t
	}
	t := &workTree{git: g, top: top, entries: map[string][]repo.Entry{}}
	index, err := g.ReadIndex()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.err = err
	}
	if index != nil {
		for _, e := range index.Entries {
			t.entries[e.Path] = append(t.entries[e.Path], e)
		}
	}
	w[top] = t
	return t
}

// rel returns the path of a file in the work tree, with slashes.
func (t *workTree) rel(path string) string {
	rel, err := filepath.Rel(t.top, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(rel)
}

// tracks reports whether the index has the file.
func (t *workTree) tracks(path string) bool { return len(t.entries[t.rel(path)]) > 0 }

// ignores reports whether git ignores the file or the folder at path.
func (t *workTree) ignores(path string) bool {
	return !t.tracks(path) && t.git.Ignorer(os.LookupEnv).Ignored(t.rel(path))
}

// gives returns why git cannot give back a file with this content, "" if it can: the
// index has it. t may be nil.
func (t *workTree) gives(path string, content []byte) string {
	switch {
	case t == nil:
		return "it is in no git repository, so nothing could give it back: copy it first, or use --force"
	case t.err != nil:
		return "the index of its repository cannot be read, so git may not give it back: use --force if you have a copy"
	case !t.tracks(path):
		return "git does not have it, so nothing could give it back: add it to git first (git add), or use --force"
	}
	for _, e := range t.entries[t.rel(path)] {
		if !e.IntentToAdd && e.Stage == 0 && (bytes.Equal(blobID(content, len(e.ID)), e.ID) || bytes.Equal(blobID(unixLines(content), len(e.ID)), e.ID)) {
			return ""
		}
	}
	return "it has changes that git does not have, so nothing could give them back: commit or stage them first, or use --force"
}

// unixLines returns content as core.autocrlf stores it.
func unixLines(content []byte) []byte { return bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n")) }

// blobID returns the id of content as a blob, of n bytes.
func blobID(content []byte, n int) []byte {
	h := wire.NewHash(n)
	fmt.Fprintf(h, "blob %d\x00", len(content))
	h.Write(content)
	return h.Sum(nil)
}
