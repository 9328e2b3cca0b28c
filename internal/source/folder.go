package source

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"r8scan/internal/collect"
	"r8scan/internal/git/repo"
	"r8scan/internal/regular"
	"r8scan/internal/search"
	"r8scan/result"
)

// folder is a folder to walk, and how its content is shown and treated.
type folder struct {
	path string        // on disk
	name string        // as shown, and for globs: slashes, "" for the root
	top  string        // the part of name that the user gave: globs do not apply to it
	root *collect.Root // from which the walk began; nil where git's texts are read
	tree *collect.WorkTree
	// kind returns the kind of locations in a file or in a member of it, by their
	// shown names; nil: a file.
	kind func(name, member string) string

	size int64 // of the file, as far as it was announced to the meter

	uncounted bool // not counted in coverage: the same objects may be stored without it

	skip func(f folder) bool // nil: nothing is skipped
	link func(f folder)      // called for links, whose texts are read; may be nil
	// told is called when something in the file is found, or cannot be read, and admit
	// decides about an opened file. Either may be nil.
	told  func()
	admit func(*regular.File) bool
	// enter is called for a folder that has a .git or is a git directory. It returns
	// the work tree with this top, if any, and whether to walk it. With nil, these
	// are ordinary folders.
	enter func(dir string, w *worker) (tree *collect.WorkTree, walk bool)
}

// child returns the folder called name in f.
func (f folder) child(name string) folder {
	f.path = filepath.Join(f.path, name)
	f.name = collect.Join(f.name, name)
	return f
}

// files reads folders and files.
type files struct {
	env      *Env
	pointers *pointerFiles // takes those that are LFS pointers; may be nil
}

// walk returns the job of reading a folder: its files, and a new job for each
// folder in it.
func (r files) walk(f folder) job {
	meter := r.env.Sink.Meter
	meter.Unlisted.Add(1)
	return func(ctx context.Context, w *worker) error {
		entries, err := os.ReadDir(f.path)
		if err != nil {
			r.env.Sink.Unread(cmp.Or(f.name, "."), regular.Reason(err))
		}
		walk := true
		if f.enter != nil && holdsRepository(entries) {
			var tree *collect.WorkTree
			if tree, walk = f.enter(f.path, w); tree != nil {
				f.tree = tree
			}
		}
		var sizes []int64
		if walk && meter.Sizes {
			sizes = r.sizes(f, entries)
		}
		meter.Unlisted.Add(-1)
		if !walk {
			return nil
		}
		for i, e := range entries {
			if err := ctx.Err(); err != nil {
				return err
			}
			child := f.child(e.Name())
			if sizes != nil {
				child.size = sizes[i]
			}
			r.entry(ctx, w, child, e)
		}
		return nil
	}
}

// sizes returns the sizes of a folder's files and announces them: the sizes in its
// folders are known only when those are listed too.
func (r files) sizes(f folder, entries []fs.DirEntry) []int64 {
	sizes := make([]int64, len(entries))
	for i, e := range entries {
		if child := f.child(e.Name()); e.Type().IsRegular() && r.env.Paths.Keeps(child.name, f.top) && (f.skip == nil || !f.skip(child)) {
			if info, err := e.Info(); err == nil {
				sizes[i] = info.Size()
				r.env.Sink.Meter.Total.Add(sizes[i])
			}
		}
	}
	return sizes
}

// holdsRepository reports whether a folder may be the top of a work tree, or a bare
// repository.
func holdsRepository(entries []fs.DirEntry) bool {
	has := func(name string) bool {
		return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == name })
	}
	return has(".git") || has("HEAD") && has("objects")
}

// entry reads or queues one entry of a folder.
func (r files) entry(ctx context.Context, w *worker, f folder, e fs.DirEntry) {
	if f.skip != nil && f.skip(f) || f.enter != nil && e.IsDir() && e.Name() == ".git" && repo.IsGitDir(f.path) {
		return
	}
	if e.IsDir() {
		if r.env.Paths.EntersDir(f.name) {
			r.searchName(f)
			r.nameLostObjects(f)
			w.pool.Add(r.walk(f))
		}
		return
	}
	if !r.env.Paths.Keeps(f.name, f.top) {
		return
	}
	r.searchName(f)
	switch {
	case e.Type().IsRegular():
		r.file(ctx, w, f)
	case e.Type()&fs.ModeSymlink != 0: // its text, as git keeps it
		to, err := os.Readlink(f.path)
		if err != nil {
			r.env.Sink.Unread(f.name, regular.Reason(err))
			return
		}
		if f.link != nil {
			f.link(f)
		}
		r.env.Sink.Files.Add(1)
		r.text(ctx, w, strings.NewReader(to), nil, f)
	case e.Type()&fs.ModeSocket != 0: // it holds nothing
	default:
		r.env.Sink.Unread(f.name, "it is a "+regular.Kind(e.Type())+", which is not opened")
	}
}

// file reads one regular file.
func (r files) file(ctx context.Context, w *worker, f folder) {
	part := r.env.Sink.Meter.Part(f.size)
	defer part.End()
	file, err := regular.Listed(f.path)
	if err != nil {
		r.unread(f, f.name, regular.Reason(err))
		return
	}
	defer file.Close()
	if f.admit != nil && !f.admit(file) {
		return
	}
	if !f.uncounted {
		r.env.Sink.Files.Add(1)
	}
	if file.Size() > 0 { // files in /proc report 0 too
		content := part.Reader(io.LimitReader(file, file.Size())) // a log that grows is read up to its size now
		if r.pointers != nil && f.kind == nil && file.Size() <= maxPointer {
			content = &pointerReader{r: content, take: func(id []byte) { r.pointers.add(f, id) }}
		}
		r.text(ctx, w, content, file, f)
		return
	}
	limited := &io.LimitedReader{R: file, N: search.WindowLen}
	r.text(ctx, w, limited, nil, f)
	if n, _ := file.Read(make([]byte, 1)); limited.N == 0 && n > 0 {
		r.unread(f, f.name, fmt.Sprintf("it reports size 0 and has more than %d bytes; the rest was not read: pipe its content to r8scan files -", search.WindowLen))
	}
}

// text searches the content of the file f. at reads it again; nil if that is not
// possible.
func (r files) text(ctx context.Context, w *worker, content io.Reader, at io.ReaderAt, f folder) {
	t := w.searcher.Text(func(member, reason string) { r.unread(f, inside(f.name, member), reason) })
	defer t.Done()
	t.Seen = r.env.Sink.See
	name := path.Base(f.name)
	if name == "-" { // standard input has no name
		name = ""
	}
	n, err := t.Read(ctx, content, at, name)
	if !f.uncounted {
		r.env.Sink.Bytes.Add(n + t.Bytes)
		r.env.Sink.Members.Add(t.Members)
	}
	for _, h := range t.Hits {
		hit := f.hit(h.Member)
		hit.Hit = h
		r.found(f, hit)
	}
	if err != nil && ctx.Err() == nil { // who ends it says why
		r.unread(f, f.name, fmt.Sprintf("%s after %d bytes", regular.Reason(err), n))
	}
}

// found puts a match in the file f into the sink.
func (r files) found(f folder, hit collect.Hit) {
	if f.told != nil {
		f.told()
	}
	r.env.Sink.Hit(hit)
}

// unread names something in the file f that was not read.
func (r files) unread(f folder, what, reason string) {
	if f.told != nil {
		f.told()
	}
	r.env.Sink.Unread(what, reason)
}

// inside returns the name in coverage of a member of name; of name itself if member
// is "".
func inside(name, member string) string {
	if member == "" {
		return name
	}
	return name + "!" + member
}

// searchName searches the last element of a file's or folder's name.
func (r files) searchName(f folder) {
	for _, h := range r.env.inName(filepath.Base(f.path), f.hit("")) {
		r.found(f, h)
	}
}

// hit returns the place of a match in the file or in a member of it.
func (f folder) hit(member string) collect.Hit {
	kind := result.KindFile
	if f.kind != nil {
		kind = f.kind(f.name, member)
	}
	return collect.Hit{Kind: kind, Path: f.name, Tree: f.tree, Root: f.root}
}

// nameLostObjects names a folder of git's objects outside any repository: most
// likely a damaged one. As files the objects are compressed, so finding nothing in
// them would mean nothing.
func (r files) nameLostObjects(f folder) {
	if filepath.Base(f.path) != "objects" || repo.IsGitDir(filepath.Dir(f.path)) {
		return
	}
	entries, err := os.ReadDir(f.path)
	has := func(name string) bool {
		return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == name && e.IsDir() })
	}
	if err != nil || !has("pack") || !has("info") { // git creates both
		return
	}
	if packs, err := os.ReadDir(filepath.Join(f.path, "pack")); err == nil && len(packs) == 0 && len(entries) == 2 {
		return // it has no objects
	}
	r.unread(f, f.name, "it holds git's objects, but the folder around it is no repository: restore its HEAD (git init creates one) and scan it again")
}

// skipGitObjects leaves out objects, which audit reads one by one: as files they are
// compressed, so finding nothing in them would mean nothing.
func (r files) skipGitObjects(f folder) bool {
	if filepath.Base(f.path) != "objects" || !repo.IsGitDir(filepath.Dir(f.path)) {
		return false
	}
	dir := strings.TrimSuffix(strings.TrimSuffix(f.name, "objects"), "/")
	r.env.Sink.Note(fmt.Sprintf("the git objects in %s were not scanned: use r8scan history %s", f.name, cmp.Or(dir, ".")))
	return true
}
