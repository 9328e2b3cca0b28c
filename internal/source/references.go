package source

import (
	"encoding/binary"
	"encoding/hex"

	"r8scan/internal/git/odb"
)

// references checks that the store has what the object names.
func (v *visitor) references(n *odb.Node) {
	store := v.repo.Store
	var err error
	switch n.Type {
	case odb.Tree:
		err = n.TreeDiff(store.HashLen(), func(e odb.TreeEntry) {
			if e.Mode == odb.ModeModule {
				return
			}
			v.refers(e.ID, entryKind(e.Mode), e.Name)
			v.noteUnsigned(e)
		}, nil)
	case odb.Commit, odb.Tag:
		if err = odb.ParseHeader(n.Data, &v.header); err != nil {
			break
		}
		v.refersTo(v.header.Tree, "tree")
		v.refersTo(v.header.Object, "object")
		if !v.repo.shallow[string(store.ID(n.Obj))] {
			for _, p := range v.header.Parents {
				v.refersTo(p, "commit")
			}
		}
	}
	if err != nil {
		v.Failed(n.Obj, n.Type, err)
	}
}

// noteUnsigned takes notice of an entry whose name alone may tell what it holds.
func (v *visitor) noteUnsigned(e odb.TreeEntry) {
	if !isUnsigned(e) {
		return
	}
	v.repo.addUnsigned(e.ID, string(e.Name))
	if v.pack != nil {
		v.pack.noteUnsigned(e)
	}
}

func entryKind(mode uint32) string {
	if mode == odb.ModeDir {
		return "tree"
	}
	return "blob"
}

// refersTo checks that the store has the object with the id in hex, if there
// is one.
func (v *visitor) refersTo(id []byte, kind string) {
	if len(id) == 0 {
		return
	}
	var buf [32]byte
	raw := buf[:v.repo.Store.HashLen()]
	if !decodeID(raw, id) {
		v.env.Sink.Unread(v.repo.Label(kind), "an object names it by something that is no id")
		return
	}
	v.refers(raw, kind, nil)
}

// decodeID fills raw from an id in hex.
func decodeID(raw, id []byte) bool {
	if len(id) != 2*len(raw) {
		return false
	}
	_, err := hex.Decode(raw, id)
	return err == nil
}

// knownLen is how many ids a worker remembers to be there. Trees name the same
// objects over and over: on git/git this saves half of the lookups.
const knownLen = 1 << 14

// lookUps is how many objects are looked up at a time: their memory comes from
// far away, and comes sooner if it is asked for together.
const lookUps = 64

// id128 is the first 16 bytes of an id.
type id128 [2]uint64

// references are those that a worker has met. They are of one store, and of one
// pack if it is read for what is worth remembering of it.
type references struct {
	store *odb.Store
	pack  *packScan
	known []id128 // ids that are there; of the pack's own, if there is one

	// Those that are still to be looked up.
	ids   []byte
	kinds []string
	names []byte
	ends  []int // in names
}

// knownKey returns what references.known keeps of an id.
func knownKey(id []byte) id128 {
	return id128{binary.BigEndian.Uint64(id), binary.BigEndian.Uint64(id[8:])}
}

// refers notes that an object names the one with a raw id, for lookUp.
func (v *visitor) refers(id []byte, kind string, name []byte) {
	r := &v.w.references
	if r.store != v.repo.Store || r.pack != v.pack {
		*r = references{store: v.repo.Store, pack: v.pack, known: make([]id128, knownLen)}
	}
	if key := knownKey(id); r.known[key[1]%knownLen] == key && key != (id128{}) { // which is what known begins as
		return
	}
	r.ids, r.kinds = append(r.ids, id...), append(r.kinds, kind)
	r.names = append(r.names, name...)
	r.ends = append(r.ends, len(r.names))
	if len(r.kinds) == lookUps {
		v.lookUp()
	}
}

// lookUp checks that what refers has noted is there. It ends each job that
// reads objects.
func (v *visitor) lookUp() {
	r := &v.w.references
	if len(r.kinds) == 0 {
		return
	}
	var objs [lookUps]odb.Obj
	hash, from := v.repo.Store.HashLen(), 0
	for i, o := range v.repo.Store.FindAll(r.ids, objs[:0]) {
		id, name := r.ids[i*hash:(i+1)*hash], r.names[from:r.ends[i]]
		from = r.ends[i]
		if o == odb.None {
			v.repo.Miss(id, r.kinds[i], string(name))
		}
		if v.pack != nil && (o == odb.None || !v.repo.Store.InPack(o, v.pack.number)) {
			v.pack.refersOutside(id, r.kinds[i], string(name))
		} else if o != odb.None {
			key := knownKey(id)
			r.known[key[1]%knownLen] = key
		}
	}
	r.ids, r.kinds, r.names, r.ends = r.ids[:0], r.kinds[:0], r.names[:0], r.ends[:0]
}
