package gitdir

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
)

// CacheTree is a folder in the TREE extension of an index: what git knows of
// the tree object that the folder's entries make.
type CacheTree struct {
	Count int    // of the folder's entries in the index; -1 if one has changed since, and ID is nil
	ID    []byte // raw, of the tree

	names  []string
	subs   []*CacheTree
	byName map[string]*CacheTree // made when a folder is asked for
}

// Sub returns a folder in t by its name, nil if nothing is known of it. t may be
// nil.
func (t *CacheTree) Sub(name string) *CacheTree {
	if t == nil {
		return nil
	}
	if t.byName == nil {
		t.byName = make(map[string]*CacheTree, len(t.subs))
		for i, sub := range t.subs {
			t.byName[t.names[i]] = sub
		}
	}
	return t.byName[name]
}

// Covers returns how many of entries, which begin with the first one in the
// folder with the path prefix, the tree t stands for. It is false if t does not
// say, or something that is not so.
func (t *CacheTree) Covers(entries []Entry, prefix string) (n int, ok bool) {
	if t == nil || t.ID == nil || t.Count < 1 || t.Count > len(entries) {
		return 0, false
	}
	in := func(i int) bool { return strings.HasPrefix(entries[i].Path, prefix) }
	return t.Count, in(0) && in(t.Count-1) && (t.Count == len(entries) || prefix != "" && !in(t.Count))
}

var errCacheTree = errors.New("the index's cache of trees is damaged")

// maxDepth bounds how deep folders are in each other.
const maxDepth = 4096

// parseCacheTree reads the TREE extension.
func parseCacheTree(b []byte, hash int) (*CacheTree, error) {
	_, t, rest, err := parseCachedFolder(b, hash, 0)
	if err == nil && len(rest) > 0 {
		err = errCacheTree
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

// parseCachedFolder reads a folder, and those in it, from the start of b.
func parseCachedFolder(b []byte, hash, depth int) (name string, t *CacheTree, rest []byte, err error) {
	path, b, ok := bytes.Cut(b, []byte{0})
	counts, b, ok2 := bytes.Cut(b, []byte("\n"))
	number, subs, ok3 := bytes.Cut(counts, []byte(" "))
	if !ok || !ok2 || !ok3 || depth > maxDepth {
		return "", nil, nil, errCacheTree
	}
	count, err1 := strconv.Atoi(string(number))
	folders, err2 := strconv.Atoi(string(subs))
	if err1 != nil || err2 != nil || folders < 0 || folders > len(b) {
		return "", nil, nil, errCacheTree
	}
	t = &CacheTree{Count: count}
	if count >= 0 {
		if len(b) < hash {
			return "", nil, nil, errCacheTree
		}
		t.ID, b = b[:hash:hash], b[hash:]
	}
	for range folders {
		var sub *CacheTree
		var in string
		if in, sub, b, err = parseCachedFolder(b, hash, depth+1); err != nil {
			return "", nil, nil, err
		}
		t.names, t.subs = append(t.names, in), append(t.subs, sub)
	}
	return string(path), t, b, nil
}
