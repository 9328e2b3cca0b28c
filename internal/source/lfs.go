package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"r8scan/internal/collect"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
	"r8scan/internal/git/wire"
	"r8scan/internal/regular"
)

// An LFS pointer is a small text that names a file which git-lfs keeps in a
// store of its own. Where a pointer is read, the file is read too, if it is
// here. The files that are not here are counted, and named at once.

// maxPointer is how many bytes git-lfs takes for a pointer.
const maxPointer = 1024

// maxPointers bounds the memory that pointers take.
const maxPointers = 1 << 16

// newPointed returns what takes pointers whose files are not here.
func newPointed() *collect.Firsts[odb.Obj] { return &collect.Firsts[odb.Obj]{Most: maxPointers} }

var pointerStarts = [][]byte{[]byte("version https://git-lfs.github.com/spec/"), []byte("version https://hawser.github.com/spec/"), []byte("version http://git-media.io/v/")}

// mayPoint reports whether a text begins like a pointer.
func mayPoint(text []byte) bool { return bytes.HasPrefix(text, []byte("version http")) }

// pointedTo returns the raw SHA-256 of the file that a pointer names; false if
// the text is no pointer.
func pointedTo(text []byte) (id []byte, ok bool) {
	if len(text) > maxPointer || !slices.ContainsFunc(pointerStarts, func(start []byte) bool { return bytes.HasPrefix(text, start) }) {
		return nil, false
	}
	_, rest, ok := bytes.Cut(text, []byte("\noid sha256:"))
	if !ok || len(rest) < 64 {
		return nil, false
	}
	id, ok = wire.Unhex(string(rest[:64]))
	return id, ok && (len(rest) == 64 || rest[64] == '\n' || rest[64] == '\r')
}

// followPointer reads the file that a blob points to, or leaves that to a worker
// that waits for a job.
func (v *visitor) followPointer(n *odb.Node) error {
	if n.Type != odb.Blob || len(n.Data) > maxPointer || outside(n) || !mayPoint(n.Data) {
		return nil
	}
	n.Complete()
	id, ok := pointedTo(n.Data)
	if !ok {
		return nil
	}
	if v.pack != nil {
		v.pack.searchAgain(n.Obj) // the next time the file may be here, or gone
	}
	env, repo, blob := v.env, v.repo, n.Obj
	read := func(ctx context.Context, w *worker) error {
		v := &visitor{ctx: ctx, env: env, repo: repo, w: w, part: true}
		v.pointed(blob, id)
		return ctx.Err()
	}
	if v.w.pool.AddIfIdle(read) {
		return nil
	}
	return read(v.ctx, v.w)
}

// pointed searches the LFS file that a blob points to. Its matches are the
// blob's.
func (v *visitor) pointed(blob odb.Obj, id []byte) {
	file, info, err := v.repo.lfs.Open(id)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		v.repo.Point(slices.Concat(id, v.repo.Store.ID(blob)), blob)
		return
	case err != nil:
		v.Failed(blob, odb.Blob, errors.New(inLFS+": "+regular.Reason(err)))
		return
	}
	defer file.Close()
	if v.repo.readsAsFile(file.Name()) {
		return
	}
	n := &odb.Node{Obj: blob, Type: odb.Blob, Leaf: true}
	text := v.text(n)
	read, err := text.Read(v.ctx, io.LimitReader(file, info.Size()), file, "")
	v.env.Sink.Bytes.Add(read + text.Bytes)
	v.env.Sink.Members.Add(text.Members)
	v.add(n, text)
	if err != nil {
		v.Failed(blob, odb.Blob, fmt.Errorf("%s: %s after %d bytes", inLFS, regular.Reason(err), read))
	}
}

// inLFS is what the file that a pointer names is called.
const inLFS = "its content in Git LFS"

// readsAsFile reports whether an LFS file is read with the git directory: it is
// in the default store, and there behind no link.
func (r *repository) readsAsFile(path string) bool {
	in, err := filepath.Rel(r.Git.Common, path)
	if err != nil || !r.asFiles {
		return false
	}
	real, err := filepath.EvalSymlinks(path)
	return err == nil && strings.HasPrefix(filepath.ToSlash(in), "lfs/") && real == filepath.Join(r.real, in)
}

// pointerReader reads a file of at most maxPointer bytes and tells take if it is
// a pointer.
type pointerReader struct {
	r    io.Reader
	text []byte
	take func(id []byte)
	not  bool
}

func (p *pointerReader) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	if p.not = p.not || len(p.text) == 0 && n > 0 && !mayPoint(b[:n]); p.not {
		return n, err
	}
	p.text = append(p.text, b[:n]...)
	if err != nil {
		if id, ok := pointedTo(p.text); ok {
			p.take(id)
		}
		p.not = true
	}
	return n, err
}

// pointerFiles are the files on disk that are pointers. Many goroutines may add
// some.
type pointerFiles struct {
	mu   sync.Mutex
	list []pointerFile
	more bool // than maxPointers
}

// pointerFile is a file on disk that is a pointer.
type pointerFile struct {
	folder
	id []byte // raw SHA-256 of the file that it names
}

func (p *pointerFiles) add(f folder, id []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.more = p.more || len(p.list) == maxPointers; !p.more {
		p.list = append(p.list, pointerFile{f, id})
	}
}

// readPointers searches, once all else is read, the files that pointers on disk
// name. open opens one, nil if nothing is to be read.
func (r files) readPointers(ctx context.Context, open func(p pointerFile) (*os.File, fs.FileInfo, error)) error {
	if r.pointers.more {
		r.env.Sink.Unread("other files of Git LFS", fmt.Sprintf("there are more than %d pointers to some", maxPointers))
	}
	var jobs []job
	for _, p := range r.pointers.list {
		jobs = append(jobs, func(ctx context.Context, w *worker) error {
			file, info, err := open(p)
			if err != nil {
				r.env.Sink.Unread(p.name, inLFS+": "+regular.Reason(err))
			} else if file != nil {
				defer file.Close()
				r.text(ctx, w, io.LimitReader(file, info.Size()), file, p.folder)
			}
			return ctx.Err()
		})
	}
	if len(jobs) == 0 {
		return nil
	}
	return r.env.run(ctx, jobs...)
}

// pointerFile opens the LFS file that a pointer in a work tree names, unless it
// is read elsewhere.
func (a *audit) pointerFile(p pointerFile) (*os.File, fs.FileInfo, error) {
	i := slices.IndexFunc(a.repos, func(r *repository) bool { return slices.Contains(r.Trees, p.tree) })
	r := a.repos[max(i, 0)]
	file, info, err := r.lfs.Open(p.id)
	if errors.Is(err, fs.ErrNotExist) {
		r.Point(p.id, odb.None)
		return nil, nil, nil
	}
	if err == nil && r.readsAsFile(file.Name()) {
		return nil, nil, file.Close()
	}
	return file, info, err
}

// readPointerFiles reads what pointers among files name, from the stores of the
// repositories that the files are in.
func readPointerFiles(ctx context.Context, r files) error {
	missing := newPointed()
	stores := map[string]repo.LFS{} // by folder
	for _, p := range r.pointers.list {
		dir := filepath.Dir(p.path)
		if _, ok := stores[dir]; !ok {
			stores[dir] = storesAt(dir, r.env.Sink)
		}
	}
	err := r.readPointers(ctx, func(p pointerFile) (*os.File, fs.FileInfo, error) {
		file, info, err := stores[filepath.Dir(p.path)].Open(p.id)
		if errors.Is(err, fs.ErrNotExist) {
			missing.Set(p.id, odb.None, func(_, _ odb.Obj) bool { return false })
			return nil, nil, nil
		}
		return file, info, err
	})
	collect.NamePointed(r.env.Sink, func(what string) string { return what }, missing)
	return err
}

// storesAt returns the LFS stores of the repository that holds a folder, none if
// it is in none.
func storesAt(dir string, sink *collect.Sink) repo.LFS {
	g, err := repo.Discover(dir, os.LookupEnv)
	if err != nil {
		return repo.LFS{}
	}
	stores, notes := g.LFS(g.ObjectDirs(nil), os.LookupEnv)
	for _, note := range notes {
		sink.Note(note)
	}
	return stores
}
