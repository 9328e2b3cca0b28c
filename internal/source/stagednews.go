package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
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

// stagedNews searches what a comparison has found to be new, and leaves out the
// tokens that the parents have.
type stagedNews struct {
	env   *Env
	blobs blobReader
	found *stagedDiff

	mu    sync.Mutex
	moved tokens // in what is gone, once it was asked for
}

// stagedBatch is how many files make a job.
const stagedBatch = 16

// jobs returns the jobs of reading what was found to be new.
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
	hits := n.blobs.search(ctx, w, n.env.Sink, f.path, f.id)
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
			known.add(n.blobs.search(ctx, w, past, f.path, id))
		}
	}
	object := wire.Hex(f.id)
	for _, h := range hits {
		if !known.has(&h.Match) {
			n.env.Sink.Hit(collect.Hit{Hit: h, Kind: result.KindIndex, Path: f.path, ID: object})
		}
	}
}

// past returns a sink for what is read of the parents. What of that cannot be
// read is nothing that a commit adds: a token in it then counts as new.
func (n *stagedNews) past() *collect.Sink { return collect.NewSink(n.env.Budget) }

// entryLen is what an entry of a tree takes in memory, with its part of the tree.
const entryLen = 128

// goneTokens returns the tokens in what the parents have and the index has not.
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
			below, _ := n.blobs.tree(e.ID) // of what cannot be read nothing is known
			if room -= entryLen * int64(len(below)); room < 0 {
				return n.moved // then what else is gone is not known, and tokens from there count as new
			}
			left = append(left, below...)
		default:
			n.moved.add(n.blobs.search(ctx, w, past, string(e.Name), e.ID))
		}
	}
	return n.moved
}

// tokens are those that are known, and how surely.
type tokens map[search.Key]rules.Confidence

func (t tokens) add(hits []search.Hit) {
	for i := range hits {
		key := hits[i].Key()
		if best, ok := t[key]; !ok || hits[i].Match.Confidence > best {
			t[key] = hits[i].Match.Confidence
		}
	}
}

// has reports whether a match is known, and as surely.
func (t tokens) has(m *rules.Match) bool {
	best, ok := t[search.KeyOf(m)]
	return ok && best >= m.Confidence
}

// blobReader looks up single objects.
type blobReader struct {
	store *odb.Lookup
	git   *repo.Repo
}

// search searches the blob with a raw id, which stands at a path. What it reads
// counts for the sink.
func (b blobReader) search(ctx context.Context, w *worker, sink *collect.Sink, at string, id []byte) []search.Hit {
	o, err := b.store.Read(id, w.memory)
	if err == nil && o.Type != odb.Blob {
		err = fmt.Errorf("it is a %s", o.Type)
	}
	if err != nil {
		if b.git.Config.Promisor && errors.Is(err, odb.ErrMissing) {
			err = errors.New("it is not in this partial clone")
		}
		sink.Unread(at, fmt.Sprintf("object %x: %v", id, err))
		return nil
	}
	defer o.Close()
	content, again := o.Stream, io.ReaderAt(nil)
	if content == nil {
		whole := bytes.NewReader(o.Data)
		content, again = whole, whole
	}
	sink.Objects.Add(1)
	sink.Meter.Objects.Add(1)
	hits := searchText(ctx, w, sink, at, fmt.Sprintf("object %x", id), content, again, odb.Held(o.Data))
	if id, ok := pointedTo(o.Data); ok && len(o.Data) <= maxPointer {
		hits = append(hits, b.pointed(ctx, w, sink, at, id)...)
	}
	return hits
}

// pointed searches the file of Git LFS for which a blob stands, if it is here:
// git-lfs keeps what is staged.
func (b blobReader) pointed(ctx context.Context, w *worker, sink *collect.Sink, at string, id []byte) []search.Hit {
	file := pointedFile(b.git, id)
	err := b.git.Reach(file)
	var content *os.File
	var info fs.FileInfo
	if err == nil {
		content, info, err = regular.Open(file)
	}
	if errors.Is(err, fs.ErrNotExist) {
		sink.Note("staged are pointers of Git LFS to files that are not here: these were not scanned")
		return nil
	}
	if err != nil {
		sink.Unread(at, inLFS+": "+regular.Reason(err))
		return nil
	}
	defer content.Close()
	return searchText(ctx, w, sink, at, inLFS, io.LimitReader(content, info.Size()), content, 0)
}

// inLFS is what a file of Git LFS is called.
const inLFS = "its content in Git LFS"

// searchText searches what stands at a path, and is called what; again gives its
// bytes again, if they can be had, and held of them are in memory. What it reads
// counts for the sink.
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

// tree reads the entries of the tree with a raw id.
func (b blobReader) tree(id []byte) ([]odb.TreeEntry, error) {
	if odb.IsEmptyTree(id) {
		return nil, nil
	}
	data, err := b.store.ReadAll(id, odb.Tree, nil)
	if err == nil {
		var entries []odb.TreeEntry
		if entries, err = odb.Entries(data, len(id)); err == nil {
			return entries, nil
		}
	}
	return nil, fmt.Errorf("tree %x: %w", id, err)
}

// treeOf returns the raw id of the tree of the commit with an id in hex.
func (b blobReader) treeOf(commit string) ([]byte, error) {
	id, ok := wire.Unhex(commit)
	if !ok {
		return nil, fmt.Errorf("%q is no id", commit)
	}
	data, err := b.store.ReadAll(id, odb.Commit, nil)
	if err != nil {
		return nil, err
	}
	var h odb.Header
	if err := odb.ParseHeader(data, &h); err != nil {
		return nil, err
	}
	tree := make([]byte, len(id))
	if n, ok := wire.UnhexInto(tree, h.Tree); !ok || n != len(tree) {
		return nil, errors.New("what it names as its tree is no id")
	}
	return tree, nil
}
