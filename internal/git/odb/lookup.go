package odb

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"r8scan/internal/budget"
	"r8scan/internal/git/wire"
	"r8scan/internal/regular"
)

// ErrMissing says that no object directory has an object.
var ErrMissing = errors.New("the object is missing")

// Lookup reads single objects by their ids. Unlike a Store it numbers nothing
// and lists nothing: an object in a file of its own costs that file, and packs
// are opened when there is an object without one. It is safe for concurrent
// use. Close it after use.
type Lookup struct {
	dirs   []string
	reach  func(path string) error // see Folders
	hash   int
	limits Limits

	once    sync.Once
	packs   []*lookupPack
	problem error // a pack that cannot be used; an object that is missing may be there
}

// NewLookup returns a Lookup of objects in object directories, whose ids have
// hash bytes.
func NewLookup(f Folders, hash int, limits Limits) *Lookup {
	return &Lookup{dirs: f.Dirs, reach: f.Reach, hash: hash, limits: limits}
}

// Close unmaps the packs.
func (l *Lookup) Close() {
	for _, p := range l.packs {
		p.close()
	}
}

// Content is an object that was looked up.
type Content struct {
	Type   Type
	Size   int64
	Data   []byte    // nil if Stream is set
	Stream io.Reader // a blob too large to hold

	file   io.Closer // nil if there is none
	memory *budget.Account
}

// Close ends the reading of a stream and gives back the memory of Data.
func (c *Content) Close() {
	c.memory.Give(Held(c.Data))
	c.Data = nil
	if c.file != nil {
		_ = c.file.Close() // it was read only
	}
}

// ErrID says that an object is not what its id says.
var ErrID = errors.New("its bytes are those of another object, or damaged: git fsck")

// check compares the content with its id; that of a stream when it is read to
// its end.
func (c *Content) check(id []byte) error {
	sum := newID(len(id), c.Type, c.Size)
	if c.Stream != nil {
		c.Stream = &checkedReader{c.Stream, sum, id}
		return nil
	}
	sum.Write(c.Data)
	if !bytes.Equal(sum.Sum(nil), id) {
		return ErrID
	}
	return nil
}

// checkedReader reads an object and compares it with its id at the end.
type checkedReader struct {
	r   io.Reader
	sum hash.Hash
	id  []byte
}

func (c *checkedReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.sum.Write(b[:n])
	if err == io.EOF && !bytes.Equal(c.sum.Sum(nil), c.id) {
		return n, ErrID
	}
	return n, err
}

// Read returns the object with a raw id, from the first place where it can be
// read, in memory that is taken from an account. Close it after use.
func (l *Lookup) Read(id []byte, memory *budget.Account) (*Content, error) {
	before := memory.Held()
	c, err := l.read(id, newReading(0, memory))
	if err != nil {
		memory.Back(before)
	}
	return c, err
}

// ReadAll is Read for objects that are parsed whole, and that the caller holds
// for longer: no account has them.
func (l *Lookup) ReadAll(id []byte, t Type, memory *budget.Account) ([]byte, error) {
	c, err := l.Read(id, memory)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if c.Type != t {
		return nil, fmt.Errorf("it is a %s where a %s is named", c.Type, t)
	}
	return c.Data, nil
}

// read is Read.
func (l *Lookup) read(id []byte, left *reading) (*Content, error) {
	if left.chains--; left.chains < 0 {
		return nil, fmt.Errorf("deltas lead through more than %d packs: %w", maxChains, ErrLimit)
	}
	failed := ErrMissing
	for _, dir := range l.dirs {
		name := wire.Hex(id)
		c, err := l.readLoose(filepath.Join(dir, name[:2]), name[2:], left)
		if err == nil {
			if err = c.check(id); err != nil {
				c.Close()
			}
		}
		if err == nil {
			return c, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			failed = pathless(err)
		}
	}
	l.once.Do(l.openPacks)
	for _, p := range l.packs {
		var c *Content
		before := left.memory.Held()
		err := Guarded(func() (err error) {
			at, ok := p.find(id)
			if ok {
				c, err = l.readPacked(p, at, left)
			}
			return err
		})
		if err != nil {
			left.memory.Back(before)
		}
		if err == nil && c != nil {
			if err = c.check(id); err != nil {
				c.Close()
			}
		}
		switch {
		case err != nil:
			failed = err
		case c != nil:
			return c, nil
		}
	}
	if failed == ErrMissing && l.problem != nil {
		failed = fmt.Errorf("%w, and not all packs can be read: %w", failed, l.problem)
	}
	return nil, failed
}

// leadsOut returns why a link at path is not followed.
func (l *Lookup) leadsOut(path string) error {
	if l.reach == nil {
		return nil
	}
	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return nil
	}
	return l.reach(path)
}

func (l *Lookup) readLoose(dir, name string, left *reading) (*Content, error) {
	path := filepath.Join(dir, name)
	if err := cmp.Or(l.leadsOut(dir), l.leadsOut(path)); err != nil {
		return nil, err
	}
	r, err := openLoose(path, nil)
	if err != nil {
		return nil, err
	}
	if r.kind == Blob && r.size > l.limits.Stream {
		return &Content{Type: r.kind, Size: r.size, Stream: r, file: r.file}, nil
	}
	defer r.Close()
	data, err := l.limits.readWhole(r, r.size, left.under, left.memory)
	return &Content{Type: r.kind, Size: r.size, Data: data, memory: left.memory}, err
}

// openPacks maps the packs' indexes.
func (l *Lookup) openPacks() {
	for _, dir := range l.dirs {
		dir = filepath.Join(dir, "pack")
		if err := l.leadsOut(dir); err != nil {
			l.problem = err
			continue
		}
		entries, err := regular.List(dir, maxListed)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			l.problem = err
		}
		for _, e := range entries {
			stem, ok := strings.CutSuffix(e.Name(), ".idx")
			if !ok {
				continue
			}
			path := filepath.Join(dir, stem)
			err := cmp.Or(l.leadsOut(path+".idx"), l.leadsOut(path+".pack"))
			var p *lookupPack
			if err == nil {
				p, err = openLookupPack(path, l.hash)
			}
			if err != nil {
				l.problem = fmt.Errorf("%s: %w", e.Name(), pathless(err))
				continue
			}
			l.packs = append(l.packs, p)
		}
	}
}

// lookupPack is a pack of which single entries are read.
type lookupPack struct {
	*table
	path       string // without .pack and .idx
	unmapTable func() error

	once sync.Once // the pack is mapped when an object of it is read
	file *packfile
	err  error
}

// openLookupPack maps the index of the pack path.pack.
func openLookupPack(path string, hash int) (*lookupPack, error) {
	data, unmap, err := MapFile(path + ".idx")
	if err != nil {
		return nil, err
	}
	p := &lookupPack{path: path, unmapTable: unmap}
	err = Guarded(func() (err error) {
		p.table, err = parseTable(data, hash)
		return err
	})
	if err != nil {
		_ = unmap() // a read-only map loses nothing
		return nil, err
	}
	return p, nil
}

// find returns where the pack has the object with an id, 0 if the index does not
// say it: no entry starts there.
func (p *lookupPack) find(id []byte) (at uint64, ok bool) {
	i, ok := p.table.find(id)
	if ok {
		at, _ = p.offset(i)
	}
	return at, ok
}

// load maps the pack.
func (p *lookupPack) load() error {
	p.once.Do(func() { p.file, p.err = openPackfile(p.path+".pack", p.hash) })
	if p.err != nil {
		return fmt.Errorf("%s.pack: %w", filepath.Base(p.path), pathless(p.err))
	}
	return nil
}

func (p *lookupPack) close() {
	_ = p.unmapTable() // read-only maps lose nothing
	if p.file != nil {
		_ = p.file.unmap()
	}
}

// link returns the entry at an offset.
func (p *lookupPack) link(place int64) (link, error) {
	h, err := p.file.header(uint64(place), p.file.end())
	if err != nil {
		return link{}, err
	}
	l := link{packed: packed{h.size, p.file.data[uint64(place)+uint64(h.len) : p.file.end()]}, kind: h.kind, base: noDelta}
	switch h.kind {
	case ofsDelta:
		l.base = int64(h.baseOff)
	case refDelta:
		l.base, l.baseID = outside, h.baseID
		if at, ok := p.find(h.baseID); ok {
			l.base = int64(min(at, 1<<62))
		}
	}
	return l, nil
}

// maxDeltas is how many deltas may build on each other; git makes 4095 at most.
const maxDeltas = 1 << 16

// readPacked reads the entry at an offset.
func (l *Lookup) readPacked(p *lookupPack, at uint64, left *reading) (*Content, error) {
	if err := p.load(); err != nil {
		return nil, err
	}
	at = min(at, 1<<62)
	first, err := p.link(int64(at))
	if err != nil {
		return nil, err
	}
	c := &Content{Type: first.kind, Size: int64(first.size), memory: left.memory}
	if first.kind == Blob && first.size > uint64(l.limits.Stream) {
		c.Stream, err = first.stream(nil)
		c.Stream = guardedReader{c.Stream}
		return c, err
	}
	u := borrowUnpacker(l.limits, left.memory)
	defer u.giveBack()
	u.z.Checksum = true
	deltas := chain{pack: p, unpacker: u, left: left, most: maxDeltas, base: l.readBase}
	c.Type, c.Data, err = deltas.read(int64(at))
	c.Size = int64(len(c.Data))
	return c, err
}

// readBase reads a delta's base that is not in the delta's pack.
func (l *Lookup) readBase(id []byte, left *reading) (Type, []byte, error) {
	c, err := l.read(id, left)
	if err != nil {
		return 0, nil, fmt.Errorf("its delta base %s cannot be read: %w", wire.Hex(id), err)
	}
	if c.Stream == nil {
		return c.Type, c.Data, nil
	}
	defer c.Close()
	data, err := l.limits.readWhole(c.Stream, c.Size, left.under, left.memory)
	if err != nil {
		return 0, nil, fmt.Errorf("its delta base %s cannot be read: %w", wire.Hex(id), err)
	}
	return c.Type, data, nil
}

// guardedReader reads from a mapped file, which may be cut short meanwhile.
type guardedReader struct{ r io.Reader }

func (g guardedReader) Read(b []byte) (n int, err error) {
	cut := Guarded(func() error {
		n, err = g.r.Read(b)
		return nil
	})
	if cut != nil {
		return 0, cut
	}
	return n, err
}
