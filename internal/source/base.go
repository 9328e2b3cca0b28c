package source

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"r8scan/internal/git/odb"
	"r8scan/internal/regular"
)

// Base is the files of the commits that a range builds on.
type Base struct {
	env   *Env
	top   string // the work tree, through no link
	blobs blobReader

	beforeTrees [][]byte // raw ids of the trees that the range builds on
	afterTrees  [][]byte // raw ids of the trees that it leads to
}

// maxBaseFile bounds a file that is read there, in bytes.
const maxBaseFile = 256 << 20

// Base returns what the range builds on: the commits that it leaves out or, of
// A...B, A. It returns nil if all objects are read, or there is no work tree.
func (s *Objects) Base(env *Env) (*Base, error) {
	if s.Range == "" || s.git.WorkTree == "" {
		return nil, nil
	}
	if err := s.openRange(env); err != nil {
		return nil, err
	}
	before, after := s.span.Without, s.span.With
	if s.span.Symmetric {
		before, after = after[:1], after[1:]
	}
	base := &Base{env: env, top: regular.Real(s.git.WorkTree),
		blobs: blobReader{git: s.git, store: odb.NewLookup(s.git.ObjectDirs(os.LookupEnv), s.git.Hash, odb.LimitsOf(env.Budget)), sink: env.Sink}}
	trees := func(commits []odb.Obj) (ids [][]byte) {
		for _, o := range commits {
			id, err := base.blobs.store.TreeOf(s.repo.Store.ID(o))
			if err != nil {
				base.lost("commit "+s.repo.Store.Hex(o), err)
				continue
			}
			ids = append(ids, id)
		}
		return ids
	}
	base.beforeTrees, base.afterTrees = trees(before), trees(after)
	return base, nil
}

// lost names what cannot be read. It counts as if it was not there: then less is
// allowed.
func (b *Base) lost(what string, err error) {
	if b.blobs.git.Config.Promisor && errors.Is(err, odb.ErrMissing) {
		err = errors.New("it is not in this partial clone")
	}
	b.env.Sink.Unread("what the range builds on, for what is allowed", fmt.Sprintf("%s: %v: fetch it, or use --trust-change all", what, err))
}

// Close releases what the base holds.
func (b *Base) Close() { b.blobs.store.Close() }

// File returns what the commits have at a path on disk: see policy.Base.
func (b *Base) File(path string) (texts [][]byte, ok bool) {
	paths := []string{path}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		paths = append(paths, real) // a link in the repository may lead to another file of it
	}
	for _, p := range paths {
		rel, inside := b.inTree(p)
		if !inside {
			continue
		}
		texts, was := b.before(rel)
		if was {
			return texts, true
		}
		ok = ok || slices.ContainsFunc(b.afterTrees, func(tree []byte) bool { return b.has(tree, rel) })
	}
	return make([][]byte, len(b.beforeTrees)), ok
}

// before returns the texts that the commits have at a path, and whether any has one.
func (b *Base) before(rel string) (texts [][]byte, ok bool) {
	for _, tree := range b.beforeTrees {
		text := b.read(tree, rel)
		texts, ok = append(texts, text), ok || text != nil
	}
	return texts, ok
}

// inTree returns the path in the repository of a file on disk.
func (b *Base) inTree(path string) (rel string, ok bool) {
	entry, _ := regular.Entry(path) // some file systems cannot resolve links
	rel, err := filepath.Rel(b.top, entry)
	return filepath.ToSlash(rel), err == nil && filepath.IsLocal(rel)
}

// read returns the text of the regular file at a path of a tree, nil if there is none.
func (b *Base) read(tree []byte, path string) []byte {
	e := b.entry(tree, path, odb.SameName)
	if e == nil || e.Mode&0o170000 != 0o100000 {
		return nil
	}
	o, err := b.blobs.store.Read(e.ID, nil)
	if err == nil {
		defer o.Close()
		if o.Data != nil && len(o.Data) <= maxBaseFile {
			return append([]byte{}, o.Data...)
		}
		err = errors.New("it is too large")
	}
	b.lost(path, err)
	return nil
}

// has reports whether a tree has something at a path, in any case: a file system may
// not tell the cases of letters apart.
func (b *Base) has(tree []byte, path string) bool {
	return b.entry(tree, path, strings.EqualFold) != nil
}

// entry returns the entry at a path of a tree, nil if there is none.
func (b *Base) entry(tree []byte, path string, same func(name, want string) bool) *odb.TreeEntry {
	e, err := b.blobs.store.EntryAt(tree, path, same)
	if err != nil {
		b.lost(path, err)
	}
	return e
}
