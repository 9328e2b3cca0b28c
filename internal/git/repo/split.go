package repo

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strings"
)

// split is the link extension: the index holds only the differences from a
// shared index.
type split struct {
	base    []byte // raw id that names the shared index
	bitmaps []byte // two bitmaps, of the shared entries that are deleted and replaced; or none
}

var errLink = errors.New("it is split, and says of entries that its shared part lacks that they changed")

// addShared merges the entries of x with the shared ones. The first entries of
// x, which have no name, replace shared entries and take their names. The
// others are new, or replace the one with the same name. It modifies shared.
func (x *Index) addShared(shared []Entry) error {
	gone := make([]bool, len(shared))
	own, err := x.applyBitmaps(shared, gone)
	if err != nil {
		return err
	}
	replaced := map[string]bool{}
	for _, e := range own {
		if e.Path == "" {
			return errLink
		}
		replaced[entryName(e)] = true
	}
	for i, e := range shared {
		if !gone[i] && !replaced[entryName(e)] {
			own = append(own, e)
		}
	}
	slices.SortStableFunc(own, func(a, b Entry) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Stage, b.Stage))
	})
	x.Entries, x.link = own, nil
	return nil
}

// applyBitmaps marks the deleted shared entries, replaces others, and returns
// the remaining entries of x.
func (x *Index) applyBitmaps(shared []Entry, gone []bool) ([]Entry, error) {
	own, bad := x.Entries, false
	if len(x.link.bitmaps) == 0 {
		return own, nil
	}
	rest, err := ewahBits(x.link.bitmaps, func(i uint64) bool {
		if i >= uint64(len(gone)) {
			bad = true
			return false
		}
		gone[i] = true
		return true
	})
	if err != nil {
		return nil, err
	}
	_, err = ewahBits(rest, func(i uint64) bool {
		if i >= uint64(len(shared)) || len(own) == 0 || own[0].Path != "" {
			bad = true
			return false
		}
		path := shared[i].Path
		shared[i], own = own[0], own[1:]
		shared[i].Path = path
		return true
	})
	if bad {
		err = errLink
	}
	return own, err
}

func entryName(e Entry) string { return string(rune('0'+e.Stage)) + e.Path }

// readLink reads the link extension. A zero id means that there is no shared
// index.
func (x *Index) readLink(body []byte, hash int) {
	if base := body[:hash]; !bytes.Equal(base, make([]byte, hash)) {
		x.link = &split{base: base, bitmaps: body[hash:]}
	}
}
