package scanner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"sync"

	"r8scan/internal/git/history"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
	"r8scan/rules"
)

// staging compares an index with the trees of the next commit's parents, folder
// by folder, and leaves out those that a parent has as they are.
type staging struct {
	run      *run
	store    *odb.Lookup
	hash     int  // bytes of an id
	promisor bool // objects may be missing by design

	files    []stagedFile // with content that no parent has at their path
	names    []fileHit    // in names that no parent has at their path
	gone     []odb.TreeEntry
	unmerged int      // files
	last     string   // of them
	before   [][]byte // of one file, to be used again

	once   sync.Once
	parent *run // counts what is read of the parents, which is no part of the result
	mu     sync.Mutex
	moved  tokens // in what is gone, once it was asked for
}

// stagedFile is a file whose content is to be searched.
type stagedFile struct {
	path   string
	id     []byte
	before [][]byte // raw ids of what the parents have at the path
}

// cursor goes through a parent's tree in the order of its entries. What it
// passes by without being asked for is gone from the index.
type cursor struct{ left []odb.TreeEntry }

// seek returns the entry with a name, of a folder or of anything else, which
// stands behind those that were asked for before.
func (s *staging) seek(c *cursor, name string, folder bool) (odb.TreeEntry, bool) {
	for len(c.left) > 0 {
		e := c.left[0]
		order := 0
		if isFolder := e.Mode == odb.ModeDir; string(e.Name) != name || isFolder != folder { // most are equal
			order = compareNames(string(e.Name), isFolder, name, folder)
		}
		if order > 0 {
			break
		}
		c.left = c.left[1:]
		if order == 0 {
			return e, true
		}
		s.gone = append(s.gone, e)
	}
	return odb.TreeEntry{}, false
}

// compareNames orders names as trees and the index do: a folder's as if there
// were a slash behind it.
func compareNames(a string, aFolder bool, b string, bFolder bool) int {
	n := min(len(a), len(b))
	if c := strings.Compare(a[:n], b[:n]); c != 0 {
		return c
	}
	next := func(s string, folder bool) int {
		switch {
		case len(s) > n:
			return int(s[n])
		case folder:
			return '/'
		}
		return 0
	}
	return next(a, aFolder) - next(b, bFolder)
}

// cursors reads trees, each once.
func (s *staging) cursors(trees [][]byte) ([]*cursor, error) {
	var out []*cursor
	for i, id := range trees {
		if slices.ContainsFunc(trees[:i], func(other []byte) bool { return bytes.Equal(id, other) }) {
			continue
		}
		entries, err := s.tree(id)
		if err != nil {
			return nil, err
		}
		out = append(out, &cursor{entries})
	}
	return out, nil
}

// tree reads the entries of the tree with a raw id.
func (s *staging) tree(id []byte) ([]odb.TreeEntry, error) {
	name := fmt.Sprintf("%x", id)
	if slices.Contains(emptyTrees, name) {
		return nil, nil
	}
	data, err := s.store.ReadAll(id, odb.Tree, nil)
	entries := make([]odb.TreeEntry, 0, len(data)/(s.hash+16)) // a mode and a name of medium length
	if err == nil {
		err = odb.EachEntry(data, s.hash, func(_ int, e odb.TreeEntry) bool {
			entries = append(entries, e)
			return true
		})
	}
	if err != nil {
		return nil, fmt.Errorf("tree %s: %w", name, err)
	}
	return entries, nil
}

// entries compares the index's next entries, those in the folder with the path
// prefix, which ends in a slash unless it is empty, with the parents' trees
// there.
func (s *staging) entries(prefix string, x *repo.IndexReader, cached *repo.CacheTree, parents []*cursor, depth int) {
	for {
		e := x.Peek()
		if e == nil || !strings.HasPrefix(e.Path, prefix) {
			break
		}
		name, below, deeper := strings.Cut(e.Path[len(prefix):], "/")
		switch {
		case !deeper:
			s.entry(prefix, name, *e, parents)
			x.Pass(1)
		case below == "" && e.Mode == odb.ModeDir:
			s.folder(prefix, folderNews{name: name, id: e.ID}, parents, depth)
			x.Pass(1)
		default:
			s.folder(prefix, folderNews{name: name, index: x, cached: cached.Sub(name)}, parents, depth)
		}
	}
	s.passBy(parents)
}

// passBy notes what the parents have behind all that was asked for.
func (s *staging) passBy(parents []*cursor) {
	for _, c := range parents {
		s.gone = append(s.gone, c.left...)
	}
}

// folderNews is a folder of the next commit: one that the index has as one
// entry, or whose files are the next ones in it.
type folderNews struct {
	name   string
	id     []byte            // raw, of its tree
	index  *repo.IndexReader // nil if there is an id
	cached *repo.CacheTree   // nil if nothing is known
}

// same reports whether a parent's tree is the folder's, and then passes its
// entries by.
func (f *folderNews) same(prefix string, tree []byte) bool {
	if f.index == nil {
		return bytes.Equal(f.id, tree)
	}
	return f.cached != nil && bytes.Equal(f.cached.ID, tree) && f.index.PassFolder(prefix, f.cached)
}

// folder compares a folder in the one at prefix with those of the parents.
func (s *staging) folder(prefix string, f folderNews, parents []*cursor, depth int) {
	at := prefix + f.name
	var trees [][]byte
	for _, c := range parents {
		if e, ok := s.seek(c, f.name, true); ok {
			trees = append(trees, e.ID)
		}
	}
	if slices.ContainsFunc(trees, func(tree []byte) bool { return f.same(at+"/", tree) }) {
		return
	}
	if len(trees) == 0 && !matchesAny(s.run.paths.exclude, at, "") {
		s.name(at, f.name)
	}
	below, err := s.cursors(trees)
	if err != nil {
		s.run.addUnread(at, "what was committed of it is not known: "+err.Error())
	}
	switch {
	case depth > history.MaxDepth:
		s.tooDeep(at, f)
	case f.index != nil:
		s.entries(at+"/", f.index, f.cached, below, depth+1)
	default:
		s.subtree(at, f.id, below, depth+1)
	}
}

// tooDeep names a folder that is not compared.
func (s *staging) tooDeep(at string, f folderNews) {
	s.run.addUnread(at, fmt.Sprintf("it is in more than %d folders: %v", history.MaxDepth, odb.ErrLimit))
	if f.index == nil {
		return
	}
	for e := f.index.Peek(); e != nil && strings.HasPrefix(e.Path, at+"/"); e = f.index.Peek() {
		f.index.Pass(1)
	}
}

// subtree compares the tree of a folder that the index has as one entry.
func (s *staging) subtree(at string, id []byte, parents []*cursor, depth int) {
	entries, err := s.tree(id)
	if err != nil {
		s.run.addUnread(at, err.Error())
		return
	}
	for _, e := range entries {
		if e.Mode == odb.ModeDir {
			s.folder(at+"/", folderNews{name: string(e.Name), id: e.ID}, parents, depth)
		} else {
			s.entry(at+"/", string(e.Name), repo.Entry{Mode: e.Mode, ID: e.ID}, parents)
		}
	}
	s.passBy(parents)
}

// entry compares one file, link or submodule with the parents'.
func (s *staging) entry(prefix, name string, e repo.Entry, parents []*cursor) {
	if e.IntentToAdd {
		return // the commit will not have it
	}
	known, same := false, false
	before := s.before[:0]
	for _, c := range parents {
		if old, ok := s.seek(c, name, false); ok {
			known = true
			if old.Mode != odb.ModeModule {
				same = same || bytes.Equal(old.ID, e.ID)
				before = append(before, old.ID)
			}
		}
	}
	s.before = before
	if same && e.Stage == 0 {
		return
	}
	at := prefix + name
	switch {
	case e.Stage > 0:
		s.unmerge(at)
		return
	case !s.run.paths.keeps(at, ""):
		return
	case !known:
		s.name(at, name)
	}
	if e.Mode != odb.ModeModule {
		s.files = append(s.files, stagedFile{at, bytes.Clone(e.ID), slices.Clone(before)})
	}
}

// unmerge counts an unmerged file, which has up to three entries.
func (s *staging) unmerge(at string) {
	if at != s.last {
		s.unmerged++
	}
	s.last = at
}

// name searches the name of the new file or folder at a path.
func (s *staging) name(at, name string) {
	if !s.run.opts.Rules.Holds(name) {
		return
	}
	for _, m := range s.run.opts.Rules.FindName(nil, []byte(name)) {
		from := start.after([]byte(name[:m.Start]))
		to := from.after([]byte(name[m.Start:m.End]))
		s.names = append(s.names, fileHit{m, Location{Path: at, Line: from.line, Column: from.column, EndColumn: to.column, Kind: KindIndex}, nil})
	}
}

// file searches one file and keeps the tokens that are new.
func (s *staging) file(ctx context.Context, w *worker, f stagedFile) {
	hits := s.search(ctx, w, s.run, f.path, f.id)
	if len(hits) == 0 {
		return
	}
	var known tokens
	if len(f.before) == 0 {
		known = s.goneTokens(ctx, w)
	} else {
		known = tokens{}
		for _, id := range f.before {
			known.add(s.search(ctx, w, s.past(), f.path, id))
		}
	}
	object := fmt.Sprintf("%x", f.id)
	for _, h := range hits {
		if !known.has(h.match) {
			s.run.addFileHit(fileHit{h.match, Location{Path: f.path, Member: h.member, Line: h.from.line, Column: h.from.column,
				EndColumn: h.to.column, Object: object, Kind: KindIndex}, nil})
		}
	}
}

// search searches the blob with a raw id. What it reads counts for r.
func (s *staging) search(ctx context.Context, w *worker, r *run, at string, id []byte) []hit {
	o, err := s.store.Read(id, w.memory)
	if err == nil && o.Type != odb.Blob {
		err = fmt.Errorf("it is a %s", o.Type)
	}
	if err != nil {
		if s.promisor && errors.Is(err, odb.ErrMissing) {
			err = errors.New("it is not in this partial clone")
		}
		r.addUnread(at, fmt.Sprintf("object %x: %v", id, err))
		return nil
	}
	defer o.Close()
	c := w.contents(ctx, r, at)
	c.held = odb.Held(o.Data)
	content, again := o.Stream, io.ReaderAt(nil)
	if content == nil {
		whole := bytes.NewReader(o.Data)
		content, again = whole, whole
	}
	n, err := c.read(content, again, path.Base(at))
	r.objects.Add(1)
	r.bytes.Add(n + c.bytes)
	r.members.Add(c.members)
	if err != nil {
		r.addUnread(at, fmt.Sprintf("object %x: %s after %d bytes", id, reason(err), n))
	}
	defer c.done()
	return slices.Clone(c.hits)
}

// past returns the run to read the parents' content with. What of that cannot
// be read is nothing that a commit adds: a token in it then counts as new.
func (s *staging) past() *run {
	s.once.Do(func() { s.parent = &run{opts: s.run.opts, budget: s.run.budget, limits: s.run.limits} })
	return s.parent
}

// tokens are those that are known, and how surely.
type tokens map[findingKey]rules.Confidence

func (t tokens) add(hits []hit) {
	for _, h := range hits {
		t.match(h.match)
	}
}

func (t tokens) match(m rules.Match) {
	key := findingKey{m.Rule.ID, m.Secret.Reveal()}
	if best, ok := t[key]; !ok || m.Confidence > best {
		t[key] = m.Confidence
	}
}

// has reports whether a match is known, and as surely.
func (t tokens) has(m rules.Match) bool {
	best, ok := t[findingKey{m.Rule.ID, m.Secret.Reveal()}]
	return ok && best >= m.Confidence
}

// entryLen is what an entry of a tree takes in memory, with its part of the tree.
const entryLen = 128

// goneTokens returns the tokens in what the parents have and the index has not.
func (s *staging) goneTokens(ctx context.Context, w *worker) tokens {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.moved != nil {
		return s.moved
	}
	s.moved = tokens{}
	seen, room := map[string]bool{}, s.run.budget.Work/2
	for left := s.gone; len(left) > 0 && ctx.Err() == nil; {
		e := left[len(left)-1]
		left = left[:len(left)-1]
		for _, m := range s.run.opts.Rules.FindName(nil, e.Name) {
			s.moved.match(m)
		}
		if seen[string(e.ID)] {
			continue
		}
		seen[string(e.ID)] = true
		switch e.Mode {
		case odb.ModeModule:
		case odb.ModeDir:
			below, _ := s.tree(e.ID) // of what cannot be read nothing is known
			if room -= entryLen * int64(len(below)); room < 0 {
				return s.moved // then what else is gone is not known, and tokens from there count as new
			}
			left = append(left, below...)
		default:
			s.moved.add(s.search(ctx, w, s.past(), string(e.Name), e.ID))
		}
	}
	return s.moved
}
