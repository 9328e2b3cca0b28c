package gitdir

import (
	"bytes"
	"cmp"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Entry is one entry of the index.
type Entry struct {
	Path         string // slashes; a sparse folder ends in one
	Mode         uint32 // as in trees: 0100644, 0120000, 0160000, 040000 for a sparse folder
	Stage        int    // 0, or 1 to 3 while a merge is unfinished
	ID           []byte // raw
	IntentToAdd  bool
	SkipWorktree bool
}

// Index is the content of an index file.
type Index struct {
	Entries []Entry
	Tree    *CacheTree // of the root; nil if the index has none, or a damaged one

	link *split // nil if the index is whole
}

// ReadIndex reads the index of the repository or worktree. The error is
// fs.ErrNotExist if there is none: to git, that is an empty one.
func (r *Repo) ReadIndex() (*Index, error) { return r.readIndex(func([]byte) error { return nil }) }

// CheckedIndex is ReadIndex for who depends on every bit of it: a wrong
// checksum, which git looks at in some commands only, and entries that are not
// in the order of their paths are errors.
func (r *Repo) CheckedIndex() (*Index, error) {
	x, err := r.readIndex(func(text []byte) error { return checkSum(text, r.Hash) })
	if err == nil && !slices.IsSortedFunc(x.Entries, func(a, b Entry) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Stage, b.Stage))
	}) {
		err = errors.New("its entries are not in order")
	}
	return x, err
}

func (r *Repo) readIndex(check func(text []byte) error) (*Index, error) {
	x, err := r.readIndexFile(r.IndexFile, check)
	if err == nil && x.link != nil {
		err = r.merge(x, check)
	}
	return x, err
}

// readIndexFile reads one file, while it is checked.
func (r *Repo) readIndexFile(path string, check func(text []byte) error) (*Index, error) {
	text, err := readUpTo(path, indexMax)
	if err != nil {
		return nil, err
	}
	checked := make(chan error, 1)
	go func() { checked <- check(text) }()
	x, err := ParseIndex(text, r.Hash)
	return x, cmp.Or(<-checked, err) // damage explains the rest
}

var errSum = errors.New("it does not have the checksum that it ends with, so it is damaged")

// checkSum compares an index with the checksum at its end. Zeros there say
// that there is none: index.skipHash.
func checkSum(text []byte, hash int) error {
	if len(text) < hash {
		return errIndexShort
	}
	body, want := text[:len(text)-hash], text[len(text)-hash:]
	var got []byte
	if hash == sha256.Size {
		sum := sha256.Sum256(body)
		got = sum[:]
	} else {
		sum := sha1.Sum(body)
		got = sum[:]
	}
	if !bytes.Equal(want, got) && !bytes.Equal(want, make([]byte, hash)) {
		return errSum
	}
	return nil
}

// indexMax bounds index files: those of the largest work trees have some
// hundred megabytes.
const indexMax = 1 << 30

var errIndexShort = errors.New("the index ends too early")

const (
	statLen      = 40 // times, device, inode, mode, owner and size before the id
	flagExtended = 1 << 14
	flagIntent   = 1 << 13
	flagSkip     = 1 << 14
)

// ParseIndex reads an index file of version 2, 3 or 4 whose ids have hash
// bytes. The entries' ids are parts of data. Of a split index it reads only the
// file at hand; ReadIndex reads both.
func ParseIndex(data []byte, hash int) (*Index, error) {
	if len(data) < 12+hash || !bytes.HasPrefix(data, []byte("DIRC")) {
		return nil, errors.New("it is no index file")
	}
	version := binary.BigEndian.Uint32(data[4:])
	if version < 2 || version > 4 {
		return nil, fmt.Errorf("index version %d is unknown", version)
	}
	n := binary.BigEndian.Uint32(data[8:])
	x, rest := &Index{}, data[12:len(data)-hash]
	if uint64(n)*uint64(statLen+hash+2) > uint64(len(rest)) {
		return nil, errIndexShort
	}
	x.Entries = make([]Entry, 0, n)
	previous, text := "", string(data[:len(data)-hash]) // one copy for all paths
	for range n {
		e, after, err := parseEntry(rest, text[len(text)-len(rest):], version, hash, previous)
		if err != nil {
			return nil, err
		}
		previous, rest = e.Path, after
		x.Entries = append(x.Entries, e)
	}
	return x, x.extensions(rest, hash)
}

// parseEntry reads the entry at the start of b, which text is a copy of.
func parseEntry(b []byte, text string, version uint32, hash int, previous string) (Entry, []byte, error) {
	fixed := statLen + hash + 2
	if len(b) < fixed {
		return Entry{}, nil, errIndexShort
	}
	e := Entry{Mode: binary.BigEndian.Uint32(b[24:]), ID: b[statLen : statLen+hash]}
	flags := binary.BigEndian.Uint16(b[fixed-2:])
	e.Stage = int(flags >> 12 & 3)
	if flags&flagExtended != 0 {
		if version < 3 || len(b) < fixed+2 {
			return Entry{}, nil, errors.New("an index entry has flags of a later version")
		}
		more := binary.BigEndian.Uint16(b[fixed:])
		e.IntentToAdd, e.SkipWorktree = more&flagIntent != 0, more&flagSkip != 0
		fixed += 2
	}
	name := b[fixed:]
	keep := 0
	if version == 4 {
		strip, after, ok := offsetVarint(name)
		if !ok || strip > uint64(len(previous)) {
			return Entry{}, nil, errors.New("an index entry shortens a longer path than there is")
		}
		keep, fixed, name = len(previous)-int(strip), fixed+len(name)-len(after), after
	}
	end := bytes.IndexByte(name, 0)
	if end < 0 {
		return Entry{}, nil, errIndexShort
	}
	e.Path = text[fixed : fixed+end]
	if keep > 0 {
		e.Path = previous[:keep] + e.Path
	}
	size := fixed + end + 1
	if version < 4 {
		size = (fixed + end + 8) &^ 7 // one to eight NULs
	}
	if size > len(b) {
		return Entry{}, nil, errIndexShort
	}
	return e, b[size:], nil
}

// offsetVarint reads a number as packs write the distance to a delta's base.
func offsetVarint(b []byte) (uint64, []byte, bool) {
	var v uint64
	for i, c := range b {
		if v > 1<<56 {
			break
		}
		if i > 0 {
			v++
		}
		v = v<<7 | uint64(c&0x7f)
		if c&0x80 == 0 {
			return v, b[i+1:], true
		}
	}
	return 0, nil, false
}

// extensions looks through the extensions for the ones that change entries.
func (x *Index) extensions(b []byte, hash int) error {
	for len(b) > 0 {
		if len(b) < 8 {
			return errIndexShort
		}
		name, size := string(b[:4]), uint64(binary.BigEndian.Uint32(b[4:]))
		if size > uint64(len(b)-8) {
			return errIndexShort
		}
		body := b[8 : 8+size]
		switch {
		case name == "link" && len(body) >= hash:
			x.readLink(body, hash)
		case name == "TREE":
			x.Tree, _ = parseCacheTree(body, hash) // without it the entries themselves tell
		case (name[0] < 'A' || name[0] > 'Z') && name != "sdir":
			return fmt.Errorf("the index needs the unknown extension %q", name)
		}
		b = b[8+size:]
	}
	return nil
}
