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

// folder is a folder to walk and how to speak of what is in it.
type folder struct {
	path string // on disk
	name string // as shown and as globs see it: slashes, "" for the root
	top  string // the part of name that the user gave, which no glob decides on
	tree *collect.WorkTree
	// kind tells what the location in a file, or in a member of it, is of, by
	// their shown names; nil: a file.
	kind func(name, member string) string

	size int64 // of the file, as far as it was announced to the meter

	uncounted bool // coverage does not count it: the same objects may be kept without it

	skip func(f folder) bool // nil: nothing is left out
	link func(f folder)      // is told of links, whose texts are read, if it is not nil
	// enter is asked about a folder that has a .git or is a git directory: which
	// work tree's top it is, if any, and whether to walk it. With nil, these are
	// folders like any other.
	enter func(dir string, w *worker) (tree *collect.WorkTree, walk bool)
}

// child returns the folder called name in f.
func (f folder) child(name string) folder {
	f.path = filepath.Join(f.path, name)
	f.name = collect.Join(f.name, name)
	return f
}

// files reads folders and files.
type files struct{ env *Env }

// walk returns the job of reading a folder: its files, and a further job for
// each folder in it.
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

// sizes returns the sizes of a folder's files and announces them: what is in a
// folder in turn is not known before it is listed too.
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

// holdsRepository reports whether a folder may be a work tree's top or a bare
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
	case e.Type()&fs.ModeSymlink != 0: // git keeps the link's text, and so does the disk
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
	file, info, err := regular.Listed(f.path)
	if err != nil {
		r.env.Sink.Unread(f.name, regular.Reason(err))
		return
	}
	defer file.Close()
	if !f.uncounted {
		r.env.Sink.Files.Add(1)
	}
	if info.Size() > 0 { // 0 is also what files in /proc say
		r.text(ctx, w, part.Reader(io.LimitReader(file, info.Size())), file, f) // a log that grows ends where it ended
		return
	}
	limited := &io.LimitedReader{R: file, N: search.WindowLen}
	r.text(ctx, w, limited, nil, f)
	if n, _ := file.Read(make([]byte, 1)); limited.N == 0 && n > 0 {
		r.env.Sink.Unread(f.name, fmt.Sprintf("it has 0 bytes by its own account and gives more than %d; the rest was not read: pipe it in and name it -", search.WindowLen))
	}
}

// text searches the content of the file f; at gives its bytes again, if they
// can be had.
func (r files) text(ctx context.Context, w *worker, content io.Reader, at io.ReaderAt, f folder) {
	t := w.searcher.Text(func(member, reason string) { r.env.Sink.Unread(inside(f.name, member), reason) })
	defer t.Done()
	t.Seen = r.env.Sink.See
	name := path.Base(f.name)
	if name == "-" { // standard input has none
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
		r.env.Sink.Hit(hit)
	}
	if err != nil {
		r.env.Sink.Unread(f.name, fmt.Sprintf("%s after %d bytes", regular.Reason(err), n))
	}
}

// inside is how coverage calls a member of what goes by a name, "" for that
// itself.
func inside(name, member string) string {
	if member == "" {
		return name
	}
	return name + "!" + member
}

// searchName searches the last element of a file's or folder's name.
func (r files) searchName(f folder) { r.env.searchName(filepath.Base(f.path), f.hit("")) }

// hit returns where a match in the file is, or in a member of it.
func (f folder) hit(member string) collect.Hit {
	kind := result.KindFile
	if f.kind != nil {
		kind = f.kind(f.name, member)
	}
	return collect.Hit{Kind: kind, Path: f.name, Tree: f.tree}
}

// nameLostObjects names a folder of git's objects around which there is no
// repository: a damaged one, most likely. As files they are compressed, and
// finding nothing in them would mean nothing.
func (r files) nameLostObjects(f folder) {
	if filepath.Base(f.path) != "objects" || repo.IsGitDir(filepath.Dir(f.path)) {
		return
	}
	entries, err := os.ReadDir(f.path)
	has := func(name string) bool {
		return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == name && e.IsDir() })
	}
	if err != nil || !has("pack") || !has("info") { // git makes both
		return
	}
	if packs, err := os.ReadDir(filepath.Join(f.path, "pack")); err == nil && len(packs) == 0 && len(entries) == 2 {
		return // there are none yet
	}
	r.env.Sink.Unread(f.name, "it holds git's objects, and the folder around it is no repository: restore its HEAD (git init there makes one) and scan it again")
}

// skipGitObjects leaves out what audit reads object by object: as files they
// are compressed, and finding nothing in them would mean nothing.
func (r files) skipGitObjects(f folder) bool {
	if filepath.Base(f.path) != "objects" || !repo.IsGitDir(filepath.Dir(f.path)) {
		return false
	}
	dir := strings.TrimSuffix(strings.TrimSuffix(f.name, "objects"), "/")
	r.env.Sink.Note(fmt.Sprintf("the git objects in %s are not files and were not scanned: use r8scan history %s", f.name, cmp.Or(dir, ".")))
	return true
}
