package source

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"

	"r8scan/internal/collect"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/outline"
	"r8scan/internal/git/repo"
	"r8scan/internal/git/wire"
	"r8scan/rules"
)

// visited is what is remembered of a repository on a server: what was found, what it
// takes to tell the stories of that, and which objects were read.
type visited struct {
	Head, Anchor string
	Refs         []repo.Ref        // names are masked
	Tips         []string          // ids in hex, of refs and of HEAD
	Read         collect.Progress  // of the whole repository
	Pointed      []string          // keys in hex of LFS pointers whose files are not there
	Unsigned     map[string]string // names of blobs that only these tell what they hold, by id in hex
	Hits         []collect.SavedHit

	outline *outline.Outline
	keys    []byte // the first eight bytes of the ids of all objects; see idSet
}

// keyLen is the length of a key in bytes.
const keyLen = 8

// encode returns it as a text for a file.
func (v *visited) encode() ([]byte, error) {
	head, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, len(head)+len(v.keys)+len(v.outline.IDs)*3)
	b = append(binary.AppendUvarint(b, uint64(len(head))), head...)
	b = v.outline.Append(b)
	return append(b, v.keys...), nil
}

var errVisited = errors.New("what is remembered is damaged")

// parseVisited parses what encode returned.
func parseVisited(b []byte, set *rules.Set) (*visited, error) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, errVisited
	}
	v := &visited{}
	if err := json.Unmarshal(b[size:size+int(n)], v); err != nil {
		return nil, errVisited
	}
	var err error
	if v.outline, v.keys, err = outline.Parse(b[size+int(n):]); err != nil || len(v.keys)%keyLen != 0 {
		return nil, errVisited
	}
	r := v.Read
	if r.Objects < 0 || r.Bytes < 0 || r.Commits < 0 || r.Members < 0 || !v.names() {
		return nil, errVisited
	}
	for i := range v.Hits {
		h := &v.Hits[i]
		if _, err := h.Hit(set); err != nil || objectType(h.Kind) == 0 || !v.holds(h.Object) {
			return nil, errVisited
		}
	}
	return v, nil
}

// names reports whether all ids are ids, and tips are there.
func (v *visited) names() bool {
	for id := range v.Unsigned {
		if !wire.IsID(id, v.outline.Hash) {
			return false
		}
	}
	return (v.Head == "" || slices.Contains(v.Tips, v.Head)) && !slices.ContainsFunc(v.Tips, func(id string) bool { return !v.holds(id) })
}

// holds reports whether the outline has the object with an id in hex.
func (v *visited) holds(id string) bool {
	raw, ok := wire.Unhex(id)
	if ok {
		_, ok = v.outline.Find(raw)
	}
	return ok
}

// objectType returns the type of the objects that hits of a kind are in.
func objectType(kind string) odb.Type {
	for _, t := range []odb.Type{odb.Commit, odb.Tree, odb.Blob, odb.Tag} {
		if t.String() == kind {
			return t
		}
	}
	return 0
}

// has marks those keys that it has.
func (v *visited) has(keys map[uint64]bool) {
	for at := 0; at < len(v.keys); at += keyLen {
		key := binary.BigEndian.Uint64(v.keys[at:])
		if _, ok := keys[key]; ok {
			keys[key] = true
		}
	}
}
