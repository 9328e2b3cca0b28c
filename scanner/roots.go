package scanner

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
)

// lostRoots are those of a file that name what the store does not have.
type lostRoots struct {
	first []repo.Root // maxNamed at most, each object once
	more  int
}

// roots returns the jobs of looking for the objects that all that is no object
// names: a repository whose HEAD names a commit that is gone is not whole.
func (r *run) roots(scanned *repository) []job {
	scanned.rooted = scanned.trees
	if len(scanned.rooted) == 0 { // only objects are scanned
		for _, g := range append([]*repo.Repo{scanned.git}, scanned.git.Worktrees()...) {
			scanned.rooted = append(scanned.rooted, &workTree{git: g, name: r.prefix(scanned.root, g.WorkTree)})
		}
	}
	var jobs []job
	for _, t := range scanned.rooted {
		jobs = append(jobs, func(context.Context, *worker) error {
			for _, p := range t.git.Roots(scanned.follow) {
				r.addUnread(r.shown(scanned.root, p.What), p.Reason)
			}
			return nil
		}, func(context.Context, *worker) error {
			r.indexRoots(scanned, t)
			return nil
		})
	}
	return jobs
}

// follow looks for what a root names.
func (scanned *repository) follow(root repo.Root) {
	there := false
	if len(root.ID) == 2*scanned.git.Hash {
		_, there = scanned.store.FindHex(root.ID)
	} else {
		there = len(scanned.store.WithPrefix(root.ID)) > 0
	}
	if !there && !slices.Contains(emptyTrees, root.ID) {
		scanned.lose(root)
	}
}

// lose notes a root that names what is not there.
func (scanned *repository) lose(root repo.Root) {
	scanned.mu.Lock()
	defer scanned.mu.Unlock()
	l := scanned.lost[root.File]
	if l == nil {
		l = &lostRoots{}
		if scanned.lost == nil {
			scanned.lost = map[string]*lostRoots{}
		}
		scanned.lost[root.File] = l
	}
	switch {
	case slices.ContainsFunc(l.first, func(other repo.Root) bool { return other.ID == root.ID }):
	case len(l.first) < maxNamed:
		l.first = append(l.first, root)
	default:
		l.more++
	}
}

// indexRoots looks for the objects that an index names: those of its entries,
// the trees that git remembers for them, and what was in conflict.
func (r *run) indexRoots(scanned *repository, t *workTree) {
	x, err := t.readOnce()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.addUnread(join(t.name, "the index"), reason(err))
	}
	if x == nil {
		return
	}
	var names []string
	var ids []byte
	look := func() {
		for i, o := range scanned.store.FindAll(ids, nil) {
			if o == odb.None {
				scanned.follow(repo.Root{File: t.git.IndexFile, Name: names[i], ID: fmt.Sprintf("%x", ids[i*t.git.Hash:(i+1)*t.git.Hash]), Kept: true})
			}
		}
		names, ids = names[:0], ids[:0]
	}
	add := func(name string, id []byte) {
		if names, ids = append(names, name), append(ids, id...); len(names) == lookUps {
			look()
		}
	}
	for _, e := range x.Entries {
		if e.Mode&0o170000 != odb.ModeModule && !e.IntentToAdd { // git add -N names the empty blob and makes none
			add(e.Path, e.ID)
		}
	}
	x.Tree.IDs(func(id []byte) { add("a tree", id) })
	for _, id := range x.Undo {
		add("from a conflict", id)
	}
	look()
}

// nameRoots names what roots name and is not there, but for what an object names
// too. why says it of what git keeps.
func (r *run) nameRoots(scanned *repository, why string) {
	for file, l := range scanned.lost {
		left := slices.DeleteFunc(l.first, func(root repo.Root) bool {
			raw, err := hex.DecodeString(root.ID)
			_, named := scanned.missing.m[string(raw)]
			return err == nil && named
		})
		if len(left) == 0 {
			continue // and of those beyond maxNamed not more is to be expected
		}
		what, verb := left[0].ID, "is"
		if left[0].Name != "" {
			what += " (" + left[0].Name + ")"
		}
		if n := len(left) - 1 + l.more; n > 0 {
			what, verb = fmt.Sprintf("%s and %d more", what, n), "are"
		}
		because := why
		if !left[0].Kept && !scanned.git.Promisor {
			because = gone
		}
		r.addUnread(r.shown(scanned.root, file), "it names "+what+", which "+verb+" "+because)
	}
}

// gone is said of what git gc does not keep though it is named.
const gone = "no longer in the repository: git gc has removed it, or the repository is damaged (git fsck); if you do not need it, remove the file"
