package repo

import (
	"bytes"
	"strconv"
)

// CacheTree is a folder in the TREE extension of an index: the tree object that
// git has for the folder's entries.
type CacheTree struct {
	count int    // entries of the folder in the index; -1 if one has changed since
	ID    []byte // raw id of the tree; nil if an entry has changed

	hash  int
	in    int    // number of subfolders
	below []byte // the bytes of the subfolders, and what follows them
	left  *int   // how many folders may still be parsed in total
	subs  map[string]*CacheTree
}

// parseCacheTree reads the root of a TREE extension. It returns nil for a
// damaged one, because the entries hold the same information.
func parseCacheTree(b []byte, hash int) *CacheTree {
	_, t, ok := parseCachedFolder(b, hash)
	if !ok {
		return nil
	}
	left := 1000 + len(b) // a folder is parsed again for each folder around it
	t.left = &left
	return &t
}

// Sub returns the subfolder of t with a name, or nil if it is unknown. t may be
// nil.
func (t *CacheTree) Sub(name string) *CacheTree {
	if t == nil {
		return nil
	}
	if t.subs == nil {
		t.subs = map[string]*CacheTree{}
		rest := t.below
		for range t.in {
			name, sub, ok := t.parse(rest)
			if !ok {
				break
			}
			t.subs[string(name)] = &sub
			if rest, ok = sub.behind(); !ok {
				break
			}
		}
	}
	return t.subs[name]
}

// behind returns the bytes after t and everything in it.
func (t *CacheTree) behind() (rest []byte, ok bool) {
	rest = t.below
	for left := t.in; left > 0; left-- {
		_, sub, ok := t.parse(rest)
		if !ok || sub.in > len(rest)-left { // each subfolder takes more than a byte
			return nil, false
		}
		rest = sub.below
		left += sub.in
	}
	return rest, true
}

// parse reads a folder below t, unless too many were parsed: in a damaged
// extension folders can be nested deeper than it has bytes.
func (t *CacheTree) parse(b []byte) (name []byte, sub CacheTree, ok bool) {
	if *t.left--; *t.left < 0 {
		return nil, sub, false
	}
	name, sub, ok = parseCachedFolder(b, t.hash)
	sub.left = t.left
	return name, sub, ok
}

// parseCachedFolder reads one folder at the start of b: its name, the number of
// its entries, the number of its subfolders, and its id.
func parseCachedFolder(b []byte, hash int) (name []byte, t CacheTree, ok bool) {
	name, b, ok = bytes.Cut(b, []byte{0})
	counts, b, ok2 := bytes.Cut(b, []byte("\n"))
	number, folders, ok3 := bytes.Cut(counts, []byte(" "))
	count, err := strconv.Atoi(string(number))
	in, err2 := strconv.Atoi(string(folders))
	if !ok || !ok2 || !ok3 || err != nil || err2 != nil || in < 0 || in > len(b) {
		return nil, t, false
	}
	t = CacheTree{count: count, hash: hash, in: in, below: b}
	if count >= 0 {
		if len(b) < hash {
			return nil, t, false
		}
		t.ID, t.below = b[:hash:hash], b[hash:]
	}
	return name, t, true
}
