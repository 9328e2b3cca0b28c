package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"r8scan/internal/collect"
	"r8scan/internal/git/repo"
	"r8scan/internal/regular"
	"r8scan/result"
)

// Walk is files and folders that are read one after the other, in an order that only
// their names decide. So a walk that was stopped can go on where it was. It follows no
// link, and reads no objects of git.
//
// Its functions get absolute paths. Many goroutines may call them at a time.
type Walk struct {
	Roots []string // absolute, through no link, and none in another
	After string   // a path that an earlier walk has Reached: what comes before is not read; "" for nothing
	Again []string // absolute paths that are read before the roots, because an earlier walk was Told of them

	First   func(path string) bool                // comes before the rest of its folder; nil: nothing does
	Leave   func(dir string) (reason string)      // why a folder is left out, "" if it is not; nil: none is
	Refuse  func(*regular.File) (reason string)   // why an opened file is left out, "" if it is not; nil: none is
	Left    func(path, reason string)             // is told of what was left out on purpose
	Told    func(path string) (kept bool)         // is told of a path with a match or something unread, before the walk has Reached it; if it is not kept for Again, the walk is Reached no further
	Reached func(path string, files, bytes int64) // is told what was read since the last call, and up to which path; "" if that was read again

	Limits WalkLimits
	Ended  bool // Read sets it: a limit has ended the walk
}

// WalkLimits bound one walk. What is behind a limit is named as unread.
type WalkLimits struct {
	Files, Bytes int64         // of all files
	Entries      int           // of folders that are held at a time
	FileTime     time.Duration // for one file
}

// Why a walk leaves something out, beside the reasons of Leave and Refuse.
const (
	LeftObjects = "the history of a git repository" // its path is the work tree, or the git directory
	LeftLink    = "a link to something outside"
	LeftSpecial = "a pipe, device or other special file, which is not opened"
)

// Tree returns nothing: what is walked does not decide about the walk.
func (*Walk) Tree() (root, top string) { return "", "" }

// Read reads all of it, up to the limits.
func (s *Walk) Read(ctx context.Context, env *Env) (*Read, error) {
	w := newWalker(s, files{env: env})
	env.Sink.Meter.Unlisted.Add(1) // the total is known at the end
	defer env.Sink.Meter.Unlisted.Add(-1)
	jobs := make([]job, env.Goroutines)
	for i := range jobs {
		jobs[i] = w.work
	}
	if err := env.run(ctx, jobs...); err != nil {
		return nil, err
	}
	target := result.Target{Kind: "files", Path: strings.Join(s.Roots, " ")}
	return &Read{Target: target}, nil
}

// work is a job: it reads batch after batch until there is none.
func (w *walker) work(ctx context.Context, wk *worker) error {
	for {
		b := w.next()
		if b == nil {
			return nil
		}
		for _, it := range b.items {
			if err := ctx.Err(); err != nil {
				return err
			}
			w.read(ctx, wk, b, it)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		w.finish(b)
	}
}

// read reads one entry of a folder.
func (w *walker) read(ctx context.Context, wk *worker, b *batch, it item) {
	f := it.folder
	f.told = func() { w.tell(b, f.path) }
	f.admit = func(file *regular.File) bool {
		if w.walk.Refuse != nil {
			if reason := w.walk.Refuse(file); reason != "" {
				w.walk.Left(f.path, reason)
				return false
			}
		}
		w.bytes.Add(file.Size())
		if !it.again {
			b.files++
			b.bytes += file.Size()
		}
		return true
	}
	w.searchName(f)
	switch {
	case it.mode.IsDir():
		w.nameLostObjects(f)
	case it.mode.IsRegular():
		w.file(ctx, wk, f)
	case it.mode&fs.ModeSymlink != 0:
		w.link(ctx, wk, f)
	case it.mode&fs.ModeSocket != 0: // it holds nothing
	default:
		w.walk.Left(f.path, LeftSpecial)
	}
}

// file reads a file for no longer than the limit.
func (w *walker) file(ctx context.Context, wk *worker, f folder) {
	limited, cancel := context.WithTimeout(ctx, w.walk.Limits.FileTime)
	defer cancel()
	w.files.file(limited, wk, f)
	if limited.Err() != nil && ctx.Err() == nil {
		w.unread(f, f.name, fmt.Sprintf("reading it took longer than %s, and was ended: r8scan files has no such limit", w.walk.Limits.FileTime))
	}
}

// link searches the text of a link, and names the link if it leads out of the roots.
func (w *walker) link(ctx context.Context, wk *worker, f folder) {
	to, err := os.Readlink(f.path)
	if err != nil {
		w.unread(f, f.name, regular.Reason(err))
		return
	}
	w.text(ctx, wk, strings.NewReader(to), nil, f)
	if !filepath.IsAbs(to) {
		to = filepath.Join(filepath.Dir(f.path), to)
	}
	for _, root := range w.walk.Roots {
		if regular.Contains(root, to) {
			return
		}
	}
	if _, err := os.Stat(to); err == nil {
		w.walk.Left(f.path, LeftLink)
	}
}

// list lists a folder that the walk comes to. It returns nil if the folder is left out
// or cannot be listed.
func (w *walker) list(f folder) []entry {
	if w.walk.Leave != nil {
		if reason := w.walk.Leave(f.path); reason != "" {
			w.walk.Left(f.path, reason)
			return nil
		}
	}
	if filepath.Base(f.path) == "objects" && repo.IsGitDir(filepath.Dir(f.path)) {
		w.walk.Left(workTree(filepath.Dir(f.path)), LeftObjects)
		return nil
	}
	found, err := regular.List(f.path, w.walk.Limits.Entries-w.held)
	if err != nil {
		reason := regular.Reason(err)
		if errors.Is(err, regular.ErrTooLarge) {
			reason = "it has too many entries: the rest was not read"
		}
		w.tell(w.building, f.path)
		w.env.Sink.Unread(cmp.Or(f.name, "."), reason)
	}
	all, isFirst := make([]entry, 0, len(found)), w.firstIn(f.path)
	for _, first := range []bool{true, false} {
		for _, e := range found {
			if isFirst(e.Name()) == first {
				all = append(all, entry{e.Name(), e.Type()})
			}
		}
	}
	return all
}

// firstIn tells which entries of a folder come first.
func (w *walker) firstIn(dir string) func(name string) bool {
	first := w.walk.First
	if first == nil || !first(dir) && !slices.Contains(w.walk.Roots, dir) {
		return func(string) bool { return false }
	}
	return func(name string) bool { return first(filepath.Join(dir, name)) }
}

// workTree returns the folder that a git directory is in, for one in a .git.
func workTree(gitDir string) string {
	top, _, _ := strings.Cut(gitDir+string(filepath.Separator), string(filepath.Separator)+".git"+string(filepath.Separator))
	return strings.TrimSuffix(top, string(filepath.Separator))
}

// rootFolder returns the folder or file at an absolute path as one that is read.
func rootFolder(path string, isDir bool) folder {
	name := filepath.ToSlash(path)
	return folder{path: path, name: name, top: name, root: &collect.Root{Shown: name, Disk: path, Folder: isDir}}
}
