package repo

import (
	"bytes"
	"strconv"
)

// CacheTree is a folder in the TREE extension of an index: what git knows of
// the tree object that the folder's entries make.
type CacheTree struct {
	count int    // of the folder's entries in the index; -1 if one has changed since
	ID    []byte // raw, of the tree; nil if one has changed

	hash  int
	in    int    // folders in it
	below []byte // they, one behind the other, and more
	left  *int   // how many folders may still be parsed, in all
	subs  map[string]*CacheTree
}

// parseCacheTree reads the root of a TREE extension. It is nil if that is
// damaged: the entries themselves tell the same.
func parseCacheTree(b []byte, hash int) *CacheTree {
	_, t, ok := parseCachedFolder(b, hash)
	if !ok {
		return nil
	}
	left := 1000 + len(b) // one is parsed again for each that it is in, and has an id
	t.left = &left
	return &t
}

// Sub returns a folder in t by its name, nil if nothing is known of it. t may be
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

// behind returns what stands behind all that is in t.
func (t *CacheTree) behind() (rest []byte, ok bool) {
	rest = t.below
	for left := t.in; left > 0; left-- {
		_, sub, ok := t.parse(rest)
		if !ok || sub.in > len(rest)-left { // each takes more than a byte
			return nil, false
		}
		rest = sub.below
		left += sub.in
	}
	return rest, true
}

// parse reads a folder somewhere in t, until there were too many: what is damaged
// can have more in each other than there are bytes.
func (t *CacheTree) parse(b []byte) (name []byte, sub CacheTree, ok bool) {
	if *t.left--; *t.left < 0 {
		return nil, sub, false
	}
	name, sub, ok = parseCachedFolder(b, t.hash)
	sub.left = t.left
	return name, sub, ok
}

// parseCachedFolder reads one folder at the start of b: its name, the number of
// its entries, that of the folders in it, and its id.
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
