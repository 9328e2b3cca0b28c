package scanner

import (
	"encoding/binary"
	"encoding/hex"

	"r8scan/internal/git/odb"
)

// references checks that the store has what the object names.
func (s *search) references(n *odb.Node) {
	store := s.repo.store
	var err error
	switch n.Type {
	case odb.Tree:
		err = n.TreeDiff(store.HashLen(), func(e odb.TreeEntry) {
			if e.Mode == odb.ModeModule {
				return
			}
			s.refers(e.ID, entryKind(e.Mode), e.Name)
			s.noteNamed(e)
		}, nil)
	case odb.Commit, odb.Tag:
		if err = odb.ParseHeader(n.Data, &s.header); err != nil {
			break
		}
		s.refersTo(s.header.Tree, "tree")
		s.refersTo(s.header.Object, "object")
		if !s.repo.shallow[string(store.ID(n.Obj))] {
			for _, p := range s.header.Parents {
				s.refersTo(p, "commit")
			}
		}
	}
	if err != nil {
		s.Failed(n.Obj, n.Type, err)
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
func (s *search) refersTo(id []byte, kind string) {
	if len(id) == 0 {
		return
	}
	var buf [32]byte
	raw := buf[:s.repo.store.HashLen()]
	if !decodeID(raw, id) {
		s.run.addUnread(s.repo.label(kind), "an object names it by something that is no id")
		return
	}
	s.refers(raw, kind, nil)
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

// references are those that a worker has met. They are of one store, and of one
// pack if it is read for what is worth remembering of it.
type references struct {
	store *odb.Store
	pack  *packScan
	known [][2]uint64 // the first 16 bytes of ids that are there; of the pack's own, if there is one

	// Those that are still to be looked up.
	ids   []byte
	kinds []string
	names []byte
	ends  []int // in names
}

// knownKey returns what references.known keeps of an id.
func knownKey(id []byte) [2]uint64 {
	return [2]uint64{binary.BigEndian.Uint64(id), binary.BigEndian.Uint64(id[8:])}
}

// refers notes that an object names the one with a raw id, for lookUp.
func (s *search) refers(id []byte, kind string, name []byte) {
	r := &s.w.references
	if r.store != s.repo.store || r.pack != s.pack {
		*r = references{store: s.repo.store, pack: s.pack, known: make([][2]uint64, knownLen)}
	}
	if key := knownKey(id); r.known[key[1]%knownLen] == key {
		return
	}
	r.ids, r.kinds = append(r.ids, id...), append(r.kinds, kind)
	r.names = append(r.names, name...)
	r.ends = append(r.ends, len(r.names))
	if len(r.kinds) == lookUps {
		s.lookUp()
	}
}

// lookUp checks that what refers has noted is there. It ends each job that
// reads objects.
func (s *search) lookUp() {
	r := &s.w.references
	if len(r.kinds) == 0 {
		return
	}
	var objs [lookUps]odb.Obj
	hash, from := s.repo.store.HashLen(), 0
	for i, o := range s.repo.store.FindAll(r.ids, objs[:0]) {
		id, name := r.ids[i*hash:(i+1)*hash], r.names[from:r.ends[i]]
		from = r.ends[i]
		if o == odb.None {
			s.repo.miss(id, r.kinds[i], string(name))
		}
		if s.pack != nil && (o == odb.None || !s.repo.store.InPack(o, s.pack.number)) {
			s.pack.refersOutside(id, r.kinds[i], string(name))
		} else if o != odb.None {
			key := knownKey(id)
			r.known[key[1]%knownLen] = key
		}
	}
	r.ids, r.kinds, r.names, r.ends = r.ids[:0], r.kinds[:0], r.names[:0], r.ends[:0]
}

// emptyTrees are the ids of the tree without entries, which git knows without
// having it.
var emptyTrees = []string{
	"4b825dc642cb6eb9a060e54bf8d69288fbee4904",
	"6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}

// miss notes that an object is named and not there. Of several names that it
// goes by the first in the alphabet is kept, so that the result is stable.
func (repo *repository) miss(id []byte, kind, name string) {
	repo.mu.Lock()
	defer repo.mu.Unlock()
	if !repo.missing.admits(string(id)) {
		return
	}
	if m, ok := repo.missing.m[string(id)]; !ok || name < m.name {
		repo.missing.m[string(id)] = missing{kind, name}
	}
}
