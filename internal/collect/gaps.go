package collect

import (
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"sync"

	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
	"r8scan/internal/git/wire"
)

// Missing is how an object is named that the store does not have.
type Missing struct{ Kind, Name string }

// Miss records a missing object by its raw id. It keeps the alphabetically first
// of several names.
func (r *Repository) Miss(id []byte, kind, name string) {
	r.Missing.Set(id, Missing{kind, name}, func(a, b Missing) bool { return a.Name < b.Name })
}

// Lacks reports whether an object is missing.
func (r *Repository) Lacks() bool {
	missing, _ := r.Missing.All()
	for id := range missing {
		if !odb.IsEmptyTree([]byte(id)) {
			return true
		}
	}
	return false
}

// maxNamed is how many commits of a kind, or objects of a file, coverage lists one
// by one.
const maxNamed = 100

// Roots are the refs, index entries and so on that name missing objects.
type Roots struct {
	mu   sync.Mutex
	lost map[string]*lostRoots // by file
}

// lostRoots are the roots in one file.
type lostRoots struct {
	first []repo.Root // maxNamed at most, each object once
	more  int
}

// Lose records a root that names a missing object.
func (r *Roots) Lose(root repo.Root) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.lost[root.File]
	if l == nil {
		l = &lostRoots{}
		if r.lost == nil {
			r.lost = map[string]*lostRoots{}
		}
		r.lost[root.File] = l
	}
	switch {
	case slices.ContainsFunc(l.first, func(other repo.Root) bool { return other.ID == root.ID }):
	case len(l.first) < maxNamed:
		l.first = append(l.first, root)
	default:
		l.more++
	}
}

// nameUnread names the faults of a repository's parts as unread.
func (r *Repository) nameUnread(s *Sink) {
	why := "missing; the repository is damaged: see git fsck"
	switch {
	case r.Git == nil:
		why = "not among the objects that the server sent"
	case r.Git.Config.Promisor:
		why = "not in this partial clone"
	}
	if !r.Promised {
		r.nameMissing(s, why)
	}
	r.namePointed(s)
	if r.Pushed {
		return
	}
	r.nameRoots(s, why)
	var parts []*repo.Repo
	if r.Git != nil {
		parts = append(parts, r.Git)
	}
	for _, t := range r.Trees {
		parts = append(parts, t.Git)
	}
	for _, g := range append(parts, r.Followed...) {
		g.Config.NoteIncludes(os.LookupEnv)
		for _, p := range g.Problems {
			s.Unread(Shown(r.Root, p.What), p.Reason)
		}
		for _, p := range g.Notes {
			s.Note(Shown(r.Root, p.What) + ": " + p.Reason)
		}
	}
	for _, p := range r.Store.Problems() {
		s.Unread(Shown(r.Root, p.What), p.Reason)
	}
	for _, ref := range r.Refs {
		if _, ok := r.Store.FindHex(ref.ID); !ok {
			s.Unread(r.Label("ref "+ref.Name), "it names "+ref.ID+", which is "+why)
		}
	}
	if r.Shallow > 0 {
		commits := "1 commit"
		if r.Shallow > 1 {
			commits = fmt.Sprintf("%d commits", r.Shallow)
		}
		how := "this is a shallow clone: run git fetch --unshallow (in a GitHub workflow, set fetch-depth: 0 for actions/checkout)"
		if r.Git == nil {
			how = "the server itself has no more: scan the repository that it was cloned from"
		}
		s.Unread(r.Label("history before "+commits), how)
	}
}

// Point notes that the LFS file that a pointer names is not here. key is the raw
// SHA-256 of the file and the raw id of the blob that is the pointer, which may be
// left out for a pointer that is no blob.
func (r *Repository) Point(key []byte, blob odb.Obj) {
	r.Pointed.Set(key, blob, func(a, b odb.Obj) bool { return a < b })
}

// namePointed names, at once, the LFS files that are not here. Of a push they are
// no gap: git-lfs uploads only what is here.
func (r *Repository) namePointed(s *Sink) {
	if r.Pushed {
		NotePointed(s, r.Pointed)
	} else {
		NamePointed(s, r.Label, r.Pointed)
	}
}

// NamePointed names LFS files that are not here as unread; label says where.
func NamePointed(s *Sink, label func(what string) string, pointed *Firsts[odb.Obj]) {
	if files := countPointed(pointed); files != "" {
		s.Unread(label(files), "only pointers are here: git lfs fetch --all brings the content")
	}
}

// NotePointed notes LFS files that are not here.
func NotePointed(s *Sink, pointed *Firsts[odb.Obj]) {
	if files := countPointed(pointed); files != "" {
		s.Note(files + ": only pointers are here, so the content was not scanned")
	}
}

// countPointed says how many LFS files pointers name, "" if there are none.
func countPointed(pointed *Firsts[odb.Obj]) string {
	keys, whole := pointed.All()
	files := map[string]bool{}
	for key := range keys {
		files[key[:sha256.Size]] = true
	}
	switch n := len(files); {
	case !whole:
		return fmt.Sprintf("more than %d files of Git LFS", n)
	case n == 0:
		return ""
	case n == 1:
		return "1 file of Git LFS"
	default:
		return fmt.Sprintf("%d files of Git LFS", n)
	}
}

// nameMissing names the objects that others name and the store does not have.
func (r *Repository) nameMissing(s *Sink, why string) {
	missing, whole := r.Missing.All()
	if !whole {
		s.Unread(r.Label("other objects"), fmt.Sprintf("more than %d are %s", r.Missing.Most, why))
	}
	for id, m := range missing {
		if odb.IsEmptyTree([]byte(id)) {
			continue
		}
		what := fmt.Sprintf("%s %x", m.Kind, id)
		if m.Name != "" {
			what += " (" + m.Name + ")"
		}
		s.Unread(r.Label(what), why)
	}
}

// nameRoots names the missing objects of roots, except those that an object names
// too. why is the reason for objects that git gc keeps.
func (r *Repository) nameRoots(s *Sink, why string) {
	missing, _ := r.Missing.All()
	for file, l := range r.Roots.lost {
		left := slices.DeleteFunc(l.first, func(root repo.Root) bool {
			raw, ok := wire.Unhex(root.ID)
			_, named := missing[string(raw)]
			return ok && named
		})
		if len(left) == 0 {
			continue // those beyond maxNamed are then most likely named too
		}
		what, verb := left[0].ID, "is"
		if left[0].Name != "" {
			what += " (" + left[0].Name + ")"
		}
		if n := len(left) - 1 + l.more; n > 0 {
			what, verb = fmt.Sprintf("%s and %d more", what, n), "are"
		}
		because := why
		if !left[0].Kept && !r.Git.Config.Promisor {
			because = gone
		}
		s.Unread(Shown(r.Root, file), "it names "+what+", which "+verb+" "+because)
	}
}

// gone is the reason for objects that git gc does not keep.
const gone = "missing: removed by git gc, or lost in a damaged repository (see git fsck); if you do not need it, remove the file"
