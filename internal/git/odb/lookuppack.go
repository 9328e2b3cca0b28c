package odb

import (
	"fmt"
	"path/filepath"
	"sync"
)

// lookupPack is a pack from which single entries are read.
type lookupPack struct {
	*table
	path       string // without .pack and .idx
	unmapTable func() error

	once sync.Once // the pack is mapped when its first object is read
	file *packfile
	err  error
}

// openLookupPack maps the index of the pack at path.pack.
func openLookupPack(path string, hash int) (*lookupPack, error) {
	data, unmap, err := MapFile(path + ".idx")
	if err != nil {
		return nil, err
	}
	p := &lookupPack{path: path, unmapTable: unmap}
	err = CatchFault(func() (err error) {
		p.table, err = parseTable(data, hash)
		return err
	})
	if err != nil {
		_ = unmap() // a read-only mapping loses nothing
		return nil, err
	}
	return p, nil
}

// find returns the offset of the object with an id. The offset is 0, where no
// entry starts, if the index does not have it.
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
	_ = p.unmapTable() // read-only mappings lose nothing
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
	l := link{packed: packed{size: h.size, src: p.file.data[uint64(place)+uint64(h.len) : p.file.end()]}, kind: h.kind, base: noDelta}
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
