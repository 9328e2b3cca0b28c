package odb

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"r8scan/internal/git/wire"
)

// Store combines object directories: it numbers each object of their packs and
// loose files once.
type Store struct {
	Stray   []string // files in the object directories that are not git's
	Workers int      // how many goroutines may read the headers of a pack

	hash   int
	limits Limits
	packs  []*pack
	numbering

	mu       sync.Mutex
	problems []Problem
}

// OpenFolders reads the indexes of all packs in object directories and lists
// the loose objects. hash is the length of ids in bytes. Unreadable parts are
// left out and reported by Problems. Close the store after use.
func OpenFolders(f Folders, hash int, limits Limits) *Store {
	l := listFolders(f, hash)
	s := &Store{Stray: l.stray, problems: l.problems, hash: hash, limits: limits}
	for _, path := range l.packs {
		s.openPack(path)
	}
	s.numbering = number(s.packs, l.loose, hash)
	return s
}

// openPack adds the pack at path to the store.
func (s *Store) openPack(path string) {
	index := strings.TrimSuffix(path, ".pack") + ".idx"
	xdata, unmapIdx, err := MapFile(index)
	if err != nil {
		s.problem(index, pathless(err).Error())
		return
	}
	var x *idx
	err = CatchFault(func() error {
		x, err = parseIdx(xdata, s.hash)
		return err
	})
	_ = unmapIdx() // a read-only map loses nothing
	if err != nil {
		s.problem(path, "its index cannot be used: "+err.Error()+": run git index-pack on the pack")
		return
	}
	f, err := openPackfile(path, s.hash)
	if err != nil {
		s.problem(path, pathless(err).Error())
		return
	}
	s.addPack(f, x)
}

// addPack adds a pack and its index to the store.
func (s *Store) addPack(f *packfile, x *idx) {
	p := &pack{packfile: *f, idx: x, number: int32(len(s.packs))}
	var warnings []Problem
	err := CatchFault(func() error {
		warnings = p.warnings()
		return nil
	})
	if err != nil {
		s.problem(p.path, err.Error())
		_ = p.unmap() // a read-only map loses nothing
		return
	}
	s.problems = append(s.problems, warnings...)
	s.packs = append(s.packs, p)
}

// Close unmaps the packs. Bytes that were read from them are invalid
// afterwards.
func (s *Store) Close() {
	for _, p := range s.packs {
		_ = p.unmap() // read-only maps lose nothing
	}
}

// Problems returns what could not be read so far.
func (s *Store) Problems() []Problem {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.problems)
	for _, p := range s.packs {
		if gap, ok := p.gaps.problem(p.path); ok {
			out = append(out, gap)
		}
	}
	return out
}

func (s *Store) problem(what, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problems = append(s.problems, Problem{what, reason})
}

// Len returns the number of objects.
func (s *Store) Len() int { return len(s.where) }

// looseSize is what a loose object counts for in PackedSize: its file takes a
// block of the disk at least, and to look it up costs a system call.
const looseSize = 4 << 10

// PackedSize returns how many bytes the store takes: the packs as they are, and
// an estimate of the loose objects.
func (s *Store) PackedSize() int64 {
	n := int64(len(s.loose)) * looseSize
	for i := range s.packs {
		n += s.PackSize(i)
	}
	return n
}

// PackSize returns how many bytes the objects of the i-th pack take in it.
func (s *Store) PackSize(i int) int64 { return int64(s.packs[i].end()) - packHeader }

// ID returns the raw id of o. The caller must not change it.
func (s *Store) ID(o Obj) []byte { return s.ids[int(o)*s.hash : (int(o)+1)*s.hash] }

// Hex returns the id of o in hex.
func (s *Store) Hex(o Obj) string { return wire.Hex(s.ID(o)) }

// HashLen returns the length of ids in bytes.
func (s *Store) HashLen() int { return s.hash }

// Find returns the object with a raw id.
func (s *Store) Find(id []byte) (Obj, bool) {
	if len(id) != s.hash {
		return None, false
	}
	i, ok := s.sorted.find(id)
	if ok && s.positional {
		return s.order[i], true
	}
	return Obj(i), ok
}

// label names o in a reason: by its id or, if that is not known, by its place in the
// pack.
func (s *Store) label(o Obj) string {
	switch {
	case o == None:
		return "(an object that cannot be read)"
	case s.positional:
		return fmt.Sprintf("object at byte %d", s.packs[0].entries[o].off)
	}
	return s.Hex(o)
}

// FindAll appends to dst the objects with the concatenated raw ids, None for
// missing ones.
func (s *Store) FindAll(ids []byte, dst []Obj) []Obj { return s.sorted.findAll(ids, dst) }

// FindHex returns the object with an id in hex.
func (s *Store) FindHex(id string) (Obj, bool) {
	raw, ok := wire.Unhex(id)
	if !ok {
		return None, false
	}
	return s.Find(raw)
}

// WithPrefix returns at most two objects whose id in hex starts with prefix,
// which must have at least four digits.
func (s *Store) WithPrefix(prefix string) []Obj {
	low := make([]byte, s.hash)
	if _, ok := wire.UnhexInto(low, []byte(prefix[:len(prefix)&^1])); !ok {
		return nil
	}
	at, _ := s.sorted.find(low)
	var out []Obj
	for o := at; o < s.Len() && len(out) < 2; o++ {
		id := s.Hex(Obj(o))
		if strings.HasPrefix(id, prefix) {
			out = append(out, Obj(o))
		} else if id[:len(prefix)] > prefix {
			break
		}
	}
	return out
}

// idOf returns the raw id of an object with a type and content.
func (s *Store) idOf(t Type, data []byte) []byte {
	sum := newID(s.hash, t, int64(len(data)))
	sum.Write(data)
	return sum.Sum(nil)
}

// CheckID reports whether the node's content matches its id. It fills gaps in
// the content.
func (s *Store) CheckID(n *Node) bool {
	n.Complete()
	return bytes.Equal(s.idOf(n.Type, n.Data), s.ID(n.Obj))
}

// CheckedStream returns the node's stream, which ends with ErrID instead of
// io.EOF if its content does not match the node's id.
func (s *Store) CheckedStream(n *Node) io.Reader {
	return &checkedReader{n.Stream, newID(s.hash, n.Type, n.Size), s.ID(n.Obj)}
}

// Packs returns the number of packs.
func (s *Store) Packs() int { return len(s.packs) }

// PackPath returns the path of the i-th pack.
func (s *Store) PackPath(i int) string { return s.packs[i].path }

// PackKey returns the pack's checksum according to the i-th pack's index. The
// index may lie.
func (s *Store) PackKey(i int) []byte { return s.packs[i].idx.pack }

// LeftToOthers returns a digest of the objects of the i-th pack that another
// pack reports, "" if there are none.
func (s *Store) LeftToOthers(i int) string {
	p, sum := s.packs[i], sha256.New()
	n := 0
	for e, o := range p.objs {
		if s.where[o] != (place{p.number, int32(e)}) {
			sum.Write(s.ID(o))
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return wire.Hex(sum.Sum(nil))
}

// InPack reports whether o is reported by the i-th pack.
func (s *Store) InPack(o Obj, i int) bool { return s.where[o].pack == int32(i) }

// Holds reports whether the i-th pack has o, even if another place reports it.
func (s *Store) Holds(i int, o Obj) bool {
	_, ok := s.packs[i].idx.find(s.ID(o))
	return ok
}

// IsLoose reports whether a loose file reports o.
func (s *Store) IsLoose(o Obj) bool { return s.where[o].pack < 0 }

// Families returns the work of walking every object of the store, in file
// order.
func (s *Store) Families() []Family {
	var out []Family
	for i := range s.packs {
		out = append(out, s.PackFamilies(i)...)
	}
	return append(out, s.LooseFamilies()...)
}

// PackFamilies returns the work of walking the i-th pack.
func (s *Store) PackFamilies(i int) []Family {
	p := s.packs[i]
	p.load(s)
	return packFamilies(p)
}

// FamilyOf returns the work of walking o, which a pack reports, and the deltas on it.
func (s *Store) FamilyOf(o Obj) Family {
	p := s.packs[s.where[o].pack]
	p.load(s)
	pos := p.position(s.where[o].entry)
	return Family{pack: p, from: pos, to: pos + 1}
}

// LooseFamilies returns the work of reading the loose objects.
func (s *Store) LooseFamilies() []Family { return looseFamilies(len(s.loose)) }
