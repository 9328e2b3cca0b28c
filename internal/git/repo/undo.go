package repo

import (
	"bytes"
	"strconv"

	"r8scan/internal/git/odb"
)

// IDs calls use with the raw ids of all known trees in t.
func (t *CacheTree) IDs(use func(id []byte)) {
	if t == nil {
		return
	}
	for sub, ok := *t, true; ok; _, sub, ok = parseCachedFolder(sub.below, t.hash) {
		if sub.ID != nil {
			use(sub.ID)
		}
	}
}

// resolveUndo calls use with the raw ids in a REUC extension: the versions of a
// file before its conflict was resolved. It stops at invalid bytes.
func resolveUndo(b []byte, hash int, use func(id []byte)) {
	for len(b) > 0 {
		_, rest, ok := bytes.Cut(b, []byte{0})
		var ids []bool // for each existing version of three, whether it is an object
		for range 3 {
			var digits []byte
			var more bool
			digits, rest, more = bytes.Cut(rest, []byte{0})
			mode, err := strconv.ParseUint(string(digits), 8, 32)
			ok = ok && more && err == nil
			if mode != 0 {
				ids = append(ids, mode != odb.ModeModule)
			}
		}
		if !ok || len(rest) < len(ids)*hash {
			return
		}
		for _, object := range ids {
			if object {
				use(rest[:hash])
			}
			rest = rest[hash:]
		}
		b = rest
	}
}
