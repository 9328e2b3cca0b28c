package odb

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"r8scan/internal/budget"
	"r8scan/internal/git/wire"
	"r8scan/internal/regular"
)

// ErrMissing means that no object directory has an object.
var ErrMissing = errors.New("the object is missing")

// Lookup reads single objects by id. Unlike a Store it has no list of objects:
// a loose object costs only its own file, and packs are opened when an object
// is not loose. It is safe for concurrent use. Close it after use.
type Lookup struct {
	folders Folders
	hash    int
	limits  Limits

	once    sync.Once
	packs   []*lookupPack
	problem error // error of an unusable pack, which may have a missing object
}

// NewLookup returns a Lookup of the objects in object directories. hash is the
// length of ids in bytes.
func NewLookup(f Folders, hash int, limits Limits) *Lookup {
	return &Lookup{folders: f, hash: hash, limits: limits}
}

// Close unmaps the packs.
func (l *Lookup) Close() {
	for _, p := range l.packs {
		p.close()
	}
}

// Read returns the object with a raw id from the first place where it can be
// read. Its memory is taken from an account. Close the object after use.
func (l *Lookup) Read(id []byte, memory *budget.Account) (*Content, error) {
	before := memory.Held()
	c, err := l.read(id, newReading(0, memory))
	if err != nil {
		memory.Back(before)
	}
	return c, err
}

// ReadAll is Read for objects that are parsed whole and that the caller keeps
// for longer. Afterwards no account holds their memory.
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
	name := wire.Hex(id)
	for _, dir := range l.folders.Dirs {
		c, err := l.readLoose(filepath.Join(dir, name[:2]), name[2:], left)
		if c, err = checked(c, err, id); err == nil {
			return c, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			failed = pathless(err)
		}
	}
	l.once.Do(l.openPacks)
	for _, p := range l.packs {
		c, err := l.readIn(p, id, left)
		if c, err = checked(c, err, id); err != nil {
			failed = err
		} else if c != nil {
			return c, nil
		}
	}
	if failed == ErrMissing && l.problem != nil {
		failed = fmt.Errorf("%w, and not all packs can be read: %w", failed, l.problem)
	}
	return nil, failed
}

// readIn reads the object with an id from a pack; nil if the pack does not have
// it.
func (l *Lookup) readIn(p *lookupPack, id []byte, left *reading) (c *Content, err error) {
	before := left.memory.Held()
	err = CatchFault(func() (err error) {
		if at, ok := p.find(id); ok {
			c, err = l.readPacked(p, at, left)
		}
		return err
	})
	if err != nil {
		left.memory.Back(before)
	}
	return c, err
}

// readLoose reads the loose object name in the folder dir.
func (l *Lookup) readLoose(dir, name string, left *reading) (*Content, error) {
	path := filepath.Join(dir, name)
	if err := cmp.Or(l.folders.follow(dir), l.folders.follow(path)); err != nil {
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
	for _, dir := range l.folders.Dirs {
		dir = filepath.Join(dir, "pack")
		if err := l.folders.follow(dir); err != nil {
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
			err := cmp.Or(l.folders.follow(path+".idx"), l.folders.follow(path+".pack"))
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

// maxDeltas is the maximum length of a chain of deltas. Git makes chains of at
// most 4095.
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

// readBase reads a delta's base that is outside the delta's pack.
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
