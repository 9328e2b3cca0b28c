package repo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"

	"r8scan/internal/git/odb"
	"r8scan/internal/git/wire"
)

// Entry is one entry of the index.
type Entry struct {
	Path        string // slashes; a sparse folder ends in one
	Mode        uint32 // as in trees: 0100644, 0120000, 0160000, 040000 for a sparse folder
	Stage       int    // 0, or 1 to 3 while a merge is unfinished
	ID          []byte // raw
	IntentToAdd bool
}

// Index is the content of an index file.
type Index struct {
	Entries []Entry
	Tree    *CacheTree // of the root; nil if the index has none, or a damaged one
	Undo    [][]byte   // raw ids of what stood in conflict before it was resolved

	link *split // nil if the index is whole
}

// indexFile is the file of an index.
type indexFile struct {
	path  string
	dir   string // where the part is that it may share with others
	hash  int
	reach func(path string) error // says why what is at a path may not be read
}

// read is Repo.ReadIndex.
func (f *indexFile) read() (*Index, error) {
	data, unmap, err := f.open(f.path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unmap() }() // a read-only map loses nothing
	var x *Index
	err = odb.CatchFault(func() error {
		if x, err = parseIndex(data, f.hash); err == nil && x.link != nil {
			err = f.merge(x)
		}
		if x != nil { // a damaged one is used as far as it goes
			ownIDs(x.Entries, f.hash)
		}
		if err == nil {
			err = checkSum(data, f.hash)
		}
		return err
	})
	return x, err
}

// Limits on an index. The one of a work tree with a million files has some
// hundred megabytes, a tenth of that in ids.
const (
	indexMax   = 512 << 20 // bytes of the file
	maxEntries = 4 << 20   // of them, where all are held at once
	maxPaths   = 256 << 20 // bytes of all paths: in version 4, two bytes can stand for a long one
	maxPath    = 16 << 10  // bytes of one: Linux takes 4096
	maxTree    = 64 << 20  // bytes of a TREE extension
)

// open maps an index, which may be a shared one, into memory.
func (f *indexFile) open(path string) (data []byte, unmap func() error, err error) {
	if err := f.reach(path); err != nil {
		return nil, nil, err
	}
	if data, unmap, err = odb.MapFile(path); err != nil || len(data) <= indexMax {
		return data, unmap, err
	}
	return nil, nil, errors.Join(fmt.Errorf("it has %d bytes, more than the limit of %d", len(data), indexMax), unmap())
}

// merge adds the shared index's entries to those of x, which came with the
// link extension.
func (f *indexFile) merge(x *Index) error {
	name := "sharedindex." + wire.Hex(x.link.base)
	base, err := f.shared(filepath.Join(f.dir, name))
	if err != nil { // not wrapped: that this file is not there does not mean that there is no index
		return fmt.Errorf("it is split, and its shared part %s cannot be read: %s", name, err)
	}
	if base.link != nil {
		return fmt.Errorf("it is split, and its shared part %s is split itself", name)
	}
	return x.addShared(base.Entries)
}

// shared reads a shared index.
func (f *indexFile) shared(path string) (*Index, error) {
	data, unmap, err := f.open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unmap() }() // a read-only map loses nothing
	var x *Index
	err = odb.CatchFault(func() error {
		if err := checkSum(data, f.hash); err != nil { // which is its name
			return err
		}
		if x, err = parseIndex(data, f.hash); err == nil {
			ownIDs(x.Entries, f.hash)
		}
		return err
	})
	return x, err
}

// ownIDs gives entries ids of their own, so that what they were read from can go.
func ownIDs(entries []Entry, hash int) {
	ids := make([]byte, 0, len(entries)*hash)
	for i := range entries {
		if id := entries[i].ID; id != nil {
			ids = append(ids, id...)
			entries[i].ID = ids[len(ids)-hash : len(ids) : len(ids)]
		}
	}
}

var (
	errNoIndex    = errors.New("it is no index file")
	errIndexShort = errors.New("the index ends too early")
)

const (
	statLen      = 40 // times, device, inode, mode, owner and size before the id
	flagLength   = 1<<12 - 1
	flagExtended = 1 << 14
	flagIntent   = 1 << 13
)

// parseIndex reads an index file of version 2, 3 or 4 whose ids have hash
// bytes. The entries' ids are parts of data. Of a split index it reads only the
// file at hand; ReadIndex reads both.
func parseIndex(data []byte, hash int) (*Index, error) {
	p, n, rest, err := indexHeader(data, hash)
	if err != nil {
		return nil, err
	}
	if n > maxEntries {
		return nil, fmt.Errorf("it has %d entries, more than the limit of %d", n, maxEntries)
	}
	x := &Index{Entries: make([]Entry, n)}
	for i := range x.Entries {
		if rest, err = p.next(rest, &x.Entries[i]); err != nil {
			return nil, err
		}
	}
	return x, x.extensions(rest, hash)
}

// indexHeader returns what parses the entries of an index, their number, and
// what stands between the header and the checksum.
func indexHeader(data []byte, hash int) (p entryParser, n int, rest []byte, err error) {
	if len(data) < hash {
		return p, 0, nil, errNoIndex
	}
	r := wire.NewReader(data[:len(data)-hash])
	magic, version, count := r.Bytes(4), r.Uint32(), uint64(r.Uint32())
	if r.Bad() || string(magic) != "DIRC" {
		return p, 0, nil, errNoIndex
	}
	p = entryParser{version: version, hash: hash, paths: maxPaths}
	if p.version < 2 || p.version > 4 {
		return p, 0, nil, fmt.Errorf("index version %d is unknown", p.version)
	}
	rest = r.Rest()
	if count*uint64(statLen+hash+2) > uint64(len(rest)) {
		return p, 0, nil, errIndexShort
	}
	return p, int(count), rest, nil
}

// entryParser parses entries one behind the other.
type entryParser struct {
	version uint32
	hash    int
	path    []byte // version 4: of the entry before
	paths   int    // bytes of paths that may still come
}

// next parses the entry at the start of b into e, or passes it by if e is nil.
// It returns what follows it.
func (p *entryParser) next(b []byte, e *Entry) ([]byte, error) {
	fixed := statLen + p.hash + 2
	if len(b) < fixed {
		return nil, errIndexShort
	}
	flags := binary.BigEndian.Uint16(b[fixed-2:])
	var more uint16
	if flags&flagExtended != 0 {
		if p.version < 3 || len(b) < fixed+2 {
			return nil, errors.New("an index entry has flags of a later version")
		}
		more = binary.BigEndian.Uint16(b[fixed:])
		fixed += 2
	}
	name, rest, err := p.name(b, fixed, int(flags&flagLength))
	if p.paths -= len(name); err == nil && (len(name) > maxPath || p.paths < 0) {
		return nil, fmt.Errorf("the index has a path of more than %d bytes, or more than %d bytes of paths", maxPath, maxPaths)
	}
	if e != nil && err == nil {
		*e = Entry{Path: string(name), Mode: binary.BigEndian.Uint32(b[24:]), Stage: int(flags >> 12 & 3), ID: b[statLen : statLen+p.hash],
			IntentToAdd: more&flagIntent != 0}
	}
	return rest, err
}

// name returns the path of the entry at the start of b, behind fixed bytes, and
// what follows the entry. length is what the entry says of the path's.
func (p *entryParser) name(b []byte, fixed, length int) (path, rest []byte, err error) {
	if p.version == 4 {
		return p.shortName(b[fixed:])
	}
	end := fixed + length
	if length == flagLength {
		end += bytes.IndexByte(b[min(end, len(b)):], 0) // short of end if there is none
	}
	size := (end + 8) &^ 7 // one to eight NULs
	if size > len(b) || end < fixed+length {
		return nil, nil, errIndexShort
	}
	if path = b[fixed:end]; b[end] != 0 || bytes.IndexByte(path, 0) >= 0 {
		return nil, nil, errors.New("an index entry's path does not have the length that it says")
	}
	return path, b[size:], nil
}

// shortName reads a path of version 4, of which the beginning is that of the
// path before.
func (p *entryParser) shortName(b []byte) (path, rest []byte, err error) {
	strip, n := wire.OffsetVarint(b)
	if n == 0 || strip > uint64(len(p.path)) {
		return nil, nil, errors.New("an index entry shortens a longer path than there is")
	}
	after := b[n:]
	end := bytes.IndexByte(after, 0)
	if end < 0 {
		return nil, nil, errIndexShort
	}
	p.path = append(p.path[:len(p.path)-int(strip)], after[:end]...)
	return p.path, after[end+1:], nil
}

// extensions looks through the extensions for the ones that change entries.
func (x *Index) extensions(b []byte, hash int) error {
	for len(b) > 0 {
		r := wire.NewReader(b)
		name := string(r.Bytes(4))
		body := r.Bytes(uint64(r.Uint32()))
		if r.Bad() {
			return errIndexShort
		}
		b = r.Rest()
		switch {
		case name == "link" && len(body) >= hash:
			x.readLink(body, hash)
		case name == "TREE" && len(body) <= maxTree:
			x.Tree = parseCacheTree(bytes.Clone(body), hash)
		case name == "REUC":
			resolveUndo(body, hash, func(id []byte) { x.Undo = append(x.Undo, bytes.Clone(id)) })
		case (name[0] < 'A' || name[0] > 'Z') && name != "sdir":
			return fmt.Errorf("the index needs the unknown extension %q", name)
		}
	}
	return nil
}
