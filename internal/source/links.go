package source

import (
	"encoding/binary"

	"r8scan/internal/git/odb"
	"r8scan/internal/git/wire"
)

// lookUps is how many objects are looked up at a time: the processor overlaps their
// cache misses.
const lookUps = 64

// knownLen is how many existing ids a worker remembers. Trees name the same objects
// again and again: on git/git this saves half of the lookups.
const knownLen = 1 << 14

// links are the ids that the objects of a worker name. They make sure that the store
// has them. They are of one repository, and of one pack if a whole pack is read.
type links struct {
	env    *Env
	repo   *repository
	pack   *packScan // nil if what is read is not all of a pack
	header odb.Header
	known  []id128 // ids that exist; only in pack, if it is not nil

	// The ids to look up.
	ids   []byte
	kinds []string
	names []byte
	ends  []int // in names
}

// id128 is the first 16 bytes of an id.
type id128 [2]uint64

func beginning(id []byte) id128 {
	return id128{binary.BigEndian.Uint64(id), binary.BigEndian.Uint64(id[8:])}
}

// use sets the repository, and the pack, of the objects.
func (l *links) use(env *Env, repo *repository, pack *packScan) {
	if l.env != env || l.repo != repo || l.pack != pack {
		*l = links{env: env, repo: repo, pack: pack, known: make([]id128, knownLen)}
	}
}

// of takes the ids that an object names. The error says that the object is
// malformed.
func (l *links) of(n *odb.Node) error {
	store := l.repo.Store
	switch n.Type {
	case odb.Tree:
		return n.TreeDiff(store.HashLen(), func(e odb.TreeEntry) {
			if e.Mode == odb.ModeModule {
				return
			}
			l.add(e.ID, entryKind(e.Mode), e.Name)
			l.unsigned(e)
		}, nil)
	case odb.Commit, odb.Tag:
		if err := odb.ParseHeader(n.Data, &l.header); err != nil {
			return err
		}
		l.addHex(l.header.Tree, "tree")
		l.addHex(l.header.Object, "object")
		if !l.repo.shallow[string(store.ID(n.Obj))] {
			for _, p := range l.header.Parents {
				l.addHex(p, "commit")
			}
		}
	}
	return nil
}

// unsigned records an entry whose name alone may say what it holds.
func (l *links) unsigned(e odb.TreeEntry) {
	if !isUnsigned(e) {
		return
	}
	l.repo.addUnsigned(e.ID, string(e.Name))
	if l.pack != nil {
		l.pack.noteUnsigned(e)
	}
}

func entryKind(mode uint32) string {
	if mode == odb.ModeDir {
		return "tree"
	}
	return "blob"
}

// addHex is add for an id in hex, which may be empty.
func (l *links) addHex(id []byte, kind string) {
	if len(id) == 0 {
		return
	}
	var buf [32]byte
	raw := buf[:l.repo.Store.HashLen()]
	if n, ok := wire.UnhexInto(raw, id); !ok || n != len(raw) {
		l.env.Sink.Unread(l.repo.Label(kind), "an object names it by something that is not an id")
		return
	}
	l.add(raw, kind, nil)
}

// add records a raw id that an object names, for lookUp.
func (l *links) add(id []byte, kind string, name []byte) {
	if key := beginning(id); l.known[key[1]%knownLen] == key && key != (id128{}) { // known starts with zeros
		return
	}
	l.ids, l.kinds = append(l.ids, id...), append(l.kinds, kind)
	l.names = append(l.names, name...)
	l.ends = append(l.ends, len(l.names))
	if len(l.kinds) == lookUps {
		l.lookUp()
	}
}

// lookUp makes sure that the recorded ids exist. It ends each job that reads
// objects.
func (l *links) lookUp() {
	if len(l.kinds) == 0 {
		return
	}
	var objs [lookUps]odb.Obj
	store, from := l.repo.Store, 0
	for i, o := range store.FindAll(l.ids, objs[:0]) {
		id, name := l.ids[i*store.HashLen():(i+1)*store.HashLen()], l.names[from:l.ends[i]]
		from = l.ends[i]
		if o == odb.None {
			l.repo.Miss(id, l.kinds[i], string(name))
		}
		if l.pack != nil && (o == odb.None || !store.InPack(o, l.pack.number)) {
			l.pack.linkOutside(id, l.kinds[i], string(name))
		} else if o != odb.None {
			key := beginning(id)
			l.known[key[1]%knownLen] = key
		}
	}
	l.ids, l.kinds, l.names, l.ends = l.ids[:0], l.kinds[:0], l.names[:0], l.ends[:0]
}
