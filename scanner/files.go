package scanner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"r8scan/internal/git/repo"
	"r8scan/internal/regular"
)

// folder is a folder to walk and how to speak of what is in it.
type folder struct {
	path string // on disk
	name string // as shown and as globs see it: slashes, "" for the root
	top  string // the part of name that the user gave, which no glob decides on
	tree *workTree
	// kind tells what the location in a file, or in a member of it, is of, by
	// their shown names; nil: KindFile.
	kind func(name, member string) string

	uncounted bool // coverage does not count it: the same objects may be kept without it

	skip func(f folder) bool // nil: nothing is left out
	link func(f folder)      // is told of links, whose texts are read, if it is not nil
	// enter is asked about a folder that has a .git or is a git directory: which
	// work tree's top it is, if any, and whether to walk it. With nil, these are
	// folders like any other.
	enter func(dir string) (tree *workTree, walk bool)
}

// child returns the folder called name in f.
func (f folder) child(name string) folder {
	f.path = filepath.Join(f.path, name)
	f.name = join(f.name, name)
	return f
}

// join joins two parts of a path as shown, either of which may be empty.
func join(dir, name string) string {
	switch {
	case dir == "" || dir == ".":
		return name
	case name == "":
		return dir
	}
	return strings.TrimSuffix(dir, "/") + "/" + name
}

// walk returns the job of reading a folder: its files, and a further job for
// each folder in it.
func (r *run) walk(f folder) job {
	return func(ctx context.Context, w *worker) error {
		entries, err := os.ReadDir(f.path)
		if err != nil {
			r.addUnread(shownOr(f.name, "."), reason(err))
		}
		if f.enter != nil && holdsRepository(entries) {
			tree, walk := f.enter(f.path)
			if !walk {
				return nil
			}
			if tree != nil {
				f.tree = tree
			}
		}
		for _, e := range entries {
			if err := ctx.Err(); err != nil {
				return err
			}
			r.entry(ctx, w, f.child(e.Name()), e)
		}
		return nil
	}
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
func (r *run) entry(ctx context.Context, w *worker, f folder, e fs.DirEntry) {
	if f.skip != nil && f.skip(f) || f.enter != nil && e.IsDir() && e.Name() == ".git" {
		return
	}
	if e.IsDir() {
		if r.paths.entersDir(f.name) {
			r.searchName(f)
			r.nameLostObjects(f)
			r.pool.add(r.walk(f))
		}
		return
	}
	if !r.paths.keeps(f.name, f.top) {
		return
	}
	r.searchName(f)
	switch {
	case e.Type().IsRegular():
		r.file(ctx, w, f)
	case e.Type()&fs.ModeSymlink != 0: // git keeps the link's text, and so does the disk
		to, err := os.Readlink(f.path)
		if err != nil {
			r.addUnread(f.name, reason(err))
			return
		}
		if f.link != nil {
			f.link(f)
		}
		r.files.Add(1)
		r.text(ctx, w, strings.NewReader(to), nil, f)
	default:
		r.addUnread(f.name, "it is a "+regular.Kind(e.Type())+", which is not opened")
	}
}

// file reads one regular file.
func (r *run) file(ctx context.Context, w *worker, f folder) {
	file, info, err := regular.Listed(f.path)
	if err != nil {
		r.addUnread(f.name, reason(err))
		return
	}
	defer file.Close()
	if !f.uncounted {
		r.files.Add(1)
	}
	if info.Size() > 0 { // 0 is also what files in /proc say
		r.text(ctx, w, io.LimitReader(file, info.Size()), file, f) // a log that grows ends where it ended
		return
	}
	limited := &io.LimitedReader{R: file, N: windowLen}
	r.text(ctx, w, limited, nil, f)
	if n, _ := file.Read(make([]byte, 1)); limited.N == 0 && n > 0 {
		r.addUnread(f.name, fmt.Sprintf("it has 0 bytes by its own account and gives more than %d; the rest was not read: pipe it in and name it -", windowLen))
	}
}

// text searches the content of the file f; at gives its bytes again, if they
// can be had.
func (r *run) text(ctx context.Context, w *worker, content io.Reader, at io.ReaderAt, f folder) {
	c := w.contents(ctx, r, f.name)
	name := path.Base(f.name)
	if name == "-" { // standard input has none
		name = ""
	}
	n, err := c.read(content, at, name)
	if !f.uncounted {
		r.bytes.Add(n + c.bytes)
		r.members.Add(c.members)
	}
	for _, h := range c.hits {
		r.addFileHit(fileHit{h.match, f.location(h), f.tree})
	}
	c.done()
	if err != nil {
		r.addUnread(f.name, fmt.Sprintf("%s after %d bytes", reason(err), n))
	}
}

// searchName searches the last element of a file's or folder's name. Its
// location is in the name itself: line 1.
func (r *run) searchName(f folder) {
	name := filepath.Base(f.path)
	if !r.opts.Rules.Holds(name) {
		return
	}
	for _, m := range r.opts.Rules.FindName(nil, []byte(name)) {
		from := start.after([]byte(name[:m.Start]))
		r.addFileHit(fileHit{m, f.location(hit{m, from, from.after([]byte(name[m.Start:m.End])), ""}), f.tree})
	}
}

func (f folder) location(h hit) Location {
	kind := KindFile
	if f.kind != nil {
		kind = f.kind(f.name, h.member)
	}
	return Location{Path: f.name, Member: h.member, Line: h.from.line, Column: h.from.column, EndColumn: h.to.column, Kind: kind}
}

func shownOr(name, other string) string {
	if name == "" {
		return other
	}
	return name
}

// reason says why without repeating the path, which coverage names beside it.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) && !errors.Is(err, regular.ErrOther) {
		return fmt.Sprintf("%s: %v", p.Op, p.Err)
	}
	return cause(err)
}

// cause is reason without what was tried.
func cause(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// Files scans files and folders; "-" is stdin. A path that does not exist is
// an error before anything is read.
func Files(ctx context.Context, paths []string, stdin io.Reader, opts Options) (*Result, error) {
	r, err := newRun(opts)
	if err != nil {
		return nil, err
	}
	if len(paths) == 1 { // the file of one of several folders would judge them all
		if err := r.readOwnConfigAt(paths[0]); err != nil {
			return nil, err
		}
	}
	var jobs []job
	for _, path := range paths {
		j, err := r.pathJob(path, stdin)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, j)
	}
	if err := r.do(ctx, jobs...); err != nil {
		return nil, err
	}
	kind := "files"
	if len(paths) == 1 && paths[0] == "-" {
		kind = "stdin"
	}
	root, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	return r.result(ctx, Target{Kind: kind, Path: strings.Join(paths, " ")}, root)
}

// notThere says why a path that the user named cannot be scanned.
func notThere(path, kind string, err error) error {
	switch {
	case path == "":
		return fmt.Errorf("a path is empty: name a %s", kind)
	case strings.Contains(path, "://") || strings.HasPrefix(path, "git@"):
		return fmt.Errorf("a URL is given, and nothing is fetched: git clone --mirror it, and name the clone") // it may hold a password
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s does not exist: name a %s that does", path, kind)
	}
	return fmt.Errorf("%s: %s", path, reason(err))
}

// pathJob returns the job of scanning a path that the user named.
func (r *run) pathJob(path string, stdin io.Reader) (job, error) {
	if path == "-" {
		return func(ctx context.Context, w *worker) error {
			r.files.Add(1)
			r.text(ctx, w, stdin, nil, folder{name: "-"})
			return nil
		}, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, notThere(path, "file or folder", err)
	}
	real, err := filepath.EvalSymlinks(path) // a link that the user names is followed
	if err != nil {
		return nil, fmt.Errorf("%s: %s", path, reason(err))
	}
	f := folder{path: real, name: filepath.ToSlash(filepath.Clean(path))}
	if info.IsDir() {
		if f.name != "." {
			f.top = f.name
		}
		f.skip = r.skipGitObjects
		return r.walk(f), nil
	}
	return func(ctx context.Context, w *worker) error {
		if info.Mode().IsRegular() {
			r.searchName(f)
			r.file(ctx, w, f)
		} else {
			r.addUnread(f.name, "it is a "+regular.Kind(info.Mode())+", which is not opened: pipe it in and name it -")
		}
		return nil
	}, nil
}

// nameLostObjects names a folder of git's objects around which there is no
// repository: a damaged one, most likely. As files they are compressed, and
// finding nothing in them would mean nothing.
func (r *run) nameLostObjects(f folder) {
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
	r.addUnread(f.name, "it holds git's objects, and the folder around it is no repository: restore its HEAD (git init there makes one) and scan it again")
}

// skipGitObjects leaves out what audit reads object by object: as files they
// are compressed, and finding nothing in them would mean nothing.
func (r *run) skipGitObjects(f folder) bool {
	if filepath.Base(f.path) != "objects" || !repo.IsGitDir(filepath.Dir(f.path)) {
		return false
	}
	dir := strings.TrimSuffix(strings.TrimSuffix(f.name, "objects"), "/")
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, fmt.Sprintf("the git objects in %s are not files and were not scanned: use r8scan history %s", f.name, shownOr(dir, ".")))
	return true
}
