package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"sync"

	"r8scan/internal/collect"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
	"r8scan/internal/git/wire"
	"r8scan/internal/regular"
	"r8scan/internal/search"
	"r8scan/result"
	"r8scan/rules"
)

// stagedNews searches what is new in the index, and leaves out the tokens that the
// parents have.
type stagedNews struct {
	env   *Env
	blobs blobReader
	found *stagedDiff

	mu    sync.Mutex
	moved tokens // in removed files; set by goneTokens
}

// stagedBatch is how many files a job reads.
const stagedBatch = 16

// jobs returns the jobs of reading what is new.
func (n *stagedNews) jobs() []job {
	var jobs []job
	for files := range slices.Chunk(n.found.files, stagedBatch) {
		jobs = append(jobs, func(ctx context.Context, w *worker) error {
			for _, f := range files {
				n.file(ctx, w, f)
				if err := ctx.Err(); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if len(n.found.names) > 0 {
		jobs = append(jobs, func(ctx context.Context, w *worker) error {
			known := n.goneTokens(ctx, w)
			for _, h := range n.found.names {
				if !known.has(&h.Match) {
					n.env.Sink.Hit(h)
				}
			}
			return ctx.Err()
		})
	}
	return jobs
}

// file searches one file and keeps the tokens that are new.
func (n *stagedNews) file(ctx context.Context, w *worker, f stagedFile) {
	hits := n.blobs.search(ctx, w, f.path, f.id)
	if len(hits) == 0 {
		return
	}
	var known tokens
	if len(f.before) == 0 {
		known = n.goneTokens(ctx, w)
	} else {
		known = tokens{}
		past := n.past()
		for _, id := range f.before {
			known.add(past.search(ctx, w, f.path, id))
		}
	}
	object := wire.Hex(f.id)
	for _, h := range hits {
		if !known.has(&h.Match) {
			n.env.Sink.Hit(collect.Hit{Hit: h, Kind: result.KindIndex, Path: f.path, ID: object})
		}
	}
}

// past returns a reader for blobs of the parents. Faults there do not count: if a
// parent's file cannot be read, its tokens count as new.
func (n *stagedNews) past() blobReader {
	past := n.blobs
	past.sink, past.pointed = collect.NewSink(n.env.Budget), newPointed()
	return past
}

// entryLen is the memory for an entry of a tree, with its part of the tree.
const entryLen = 128

// goneTokens returns the tokens in files that the parents have and the index does
// not.
func (n *stagedNews) goneTokens(ctx context.Context, w *worker) tokens {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.moved != nil {
		return n.moved
	}
	n.moved = tokens{}
	seen, room, past := map[string]bool{}, n.env.Budget.Work/2, n.past()
	for left := n.found.gone; len(left) > 0 && ctx.Err() == nil; {
		e := left[len(left)-1]
		left = left[:len(left)-1]
		q := w.searcher.Quota()
		names, _ := search.Name(nil, n.env.Rules, string(e.Name), "", &q)
		n.moved.add(names)
		q.Done()
		if seen[string(e.ID)] {
			continue
		}
		seen[string(e.ID)] = true
		switch e.Mode {
		case odb.ModeModule:
		case odb.ModeDir:
			below, _ := n.blobs.store.Tree(e.ID) // a folder that cannot be read is skipped
			if room -= entryLen * int64(len(below)); room < 0 {
				return n.moved // tokens in the other removed files count as new
			}
			left = append(left, below...)
		default:
			n.moved.add(past.search(ctx, w, string(e.Name), e.ID))
		}
	}
	return n.moved
}

// tokens are known tokens with their confidence.
type tokens map[search.Key]rules.Confidence

func (t tokens) add(hits []search.Hit) {
	for i := range hits {
		key := hits[i].Key()
		if best, ok := t[key]; !ok || hits[i].Match.Confidence > best {
			t[key] = hits[i].Match.Confidence
		}
	}
}

// has reports whether a match is known with at least its confidence.
func (t tokens) has(m *rules.Match) bool {
	best, ok := t[search.KeyOf(m)]
	return ok && best >= m.Confidence
}

// blobReader looks up single objects. What it reads counts for the sink.
type blobReader struct {
	store   *odb.Lookup
	git     *repo.Repo
	lfs     repo.LFS
	sink    *collect.Sink
	pointed *collect.Firsts[odb.Obj] // LFS pointers whose files are not here, by the raw SHA-256 of these
}

// search searches the blob with a raw id, which is at a path.
func (b blobReader) search(ctx context.Context, w *worker, at string, id []byte) []search.Hit {
	o, err := b.store.Read(id, w.memory)
	if err == nil && o.Type != odb.Blob {
		err = fmt.Errorf("it is a %s", o.Type)
	}
	if err != nil {
		if b.git.Config.Promisor && errors.Is(err, odb.ErrMissing) {
			err = errors.New("it is not in this partial clone")
		}
		b.sink.Unread(at, fmt.Sprintf("object %x: %v", id, err))
		return nil
	}
	defer o.Close()
	content, again := o.Stream, io.ReaderAt(nil)
	if content == nil {
		whole := bytes.NewReader(o.Data)
		content, again = whole, whole
	}
	b.sink.Objects.Add(1)
	b.sink.Meter.Objects.Add(1)
	hits := searchText(ctx, w, b.sink, at, fmt.Sprintf("object %x", id), content, again, odb.Held(o.Data))
	if id, ok := pointedTo(o.Data); ok {
		hits = append(hits, b.followPointer(ctx, w, at, id)...)
	}
	return hits
}

// followPointer searches the LFS file that the pointer at a path names, if it is
// here: git-lfs keeps what is staged.
func (b blobReader) followPointer(ctx context.Context, w *worker, at string, id []byte) []search.Hit {
	file, info, err := b.lfs.Open(id)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		b.pointed.Set(id, odb.None, func(_, _ odb.Obj) bool { return false })
		return nil
	case err != nil:
		b.sink.Unread(at, inLFS+": "+regular.Reason(err))
		return nil
	}
	defer file.Close()
	return searchText(ctx, w, b.sink, at, inLFS, io.LimitReader(file, info.Size()), file, 0)
}

// searchText searches the content at a path; what is its name in a reason. again
// reads the content again, nil if that is not possible, and held of its bytes are in
// memory. The sink counts what is read.
func searchText(ctx context.Context, w *worker, sink *collect.Sink, at, what string, content io.Reader, again io.ReaderAt, held int64) []search.Hit {
	text := w.searcher.Text(func(member, reason string) { sink.Unread(inside(at, member), reason) })
	defer text.Done()
	text.Held = held
	n, err := text.Read(ctx, content, again, path.Base(at))
	sink.Bytes.Add(n + text.Bytes)
	sink.Members.Add(text.Members)
	if err != nil {
		sink.Unread(at, fmt.Sprintf("%s: %s after %d bytes", what, regular.Reason(err), n))
	}
	return slices.Clone(text.Hits)
}

// treeOf returns the raw id of the tree of the commit with an id in hex.
func (b blobReader) treeOf(commit string) ([]byte, error) {
	id, ok := wire.Unhex(commit)
	if !ok {
		return nil, fmt.Errorf("%q is not an id", commit)
	}
	return b.store.TreeOf(id)
}
