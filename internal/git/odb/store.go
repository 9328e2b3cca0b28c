package odb

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"r8scan/internal/budget"
	"r8scan/internal/git/wire"
	"r8scan/internal/regular"
)

// Store is a set of object directories read as one: the objects of their packs
// and their loose objects, each numbered once.
type Store struct {
	Stray   []string // files in the object directories that are none of git's
	Workers int      // how many goroutines may read the headers of a pack side by side

	dirs   []string
	reach  func(path string) error // see Folders
	lent   bool                    // the directory that is being listed is
	hash   int
	limits Limits
	packs  []*pack
	loose  []looseObject
	ids    []byte  // sorted
	sorted idList  // ids
	where  []place // of each id
	found  []found // loose objects while the store is opened

	duplicates []duplicate // by object

	mu       sync.Mutex
	problems []Problem
}

// place says who reports an object: the pack and the number of the entry in its
// index, or pack -1 and the number of a loose object.
type place struct{ pack, entry int32 }

type found struct{ id, path string }

// Folders are object directories that are read as one.
type Folders struct {
	Dirs []string
	Lent []bool // of each: only its objects are read, and what else is in it is not our business
	// Reach is asked about links and says why what one leads to may not be read.
	// With nil, all are followed.
	Reach func(path string) error
}

// OpenFolders reads the indexes of all packs in the object directories and lists
// the loose objects. hash is the length of ids in bytes. What cannot be read
// is left out and listed by Problems. Close the store after use.
func OpenFolders(f Folders, hash int, limits Limits) *Store {
	s := &Store{hash: hash, limits: limits, reach: f.Reach}
	for _, dir := range f.Dirs {
		s.dirs = append(s.dirs, filepath.Clean(dir))
	}
	var packs []string
	for i, dir := range f.Dirs {
		s.lent = f.Lent[i]
		packs = append(packs, s.list(dir)...)
	}
	for _, path := range packs {
		s.openPack(path)
	}
	s.number()
	return s
}

// Close unmaps the packs. Nothing that was read from them may be used after.
func (s *Store) Close() {
	for _, p := range s.packs {
		_ = p.unmap() // read-only maps lose nothing
	}
}

// Problems lists what could not be read, so far.
func (s *Store) Problems() []Problem {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.problems)
	for _, p := range s.packs {
		if gap, ok := p.gapProblem(); ok {
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

// ID returns the raw id of o. It must not be changed.
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
	return Obj(i), ok
}

// FindAll appends to dst the objects with raw ids that stand behind each other,
// None for those that are not there.
func (s *Store) FindAll(ids []byte, dst []Obj) []Obj { return s.sorted.findAll(ids, dst) }

// FindHex returns the object with an id in hex.
func (s *Store) FindHex(id string) (Obj, bool) {
	raw, ok := wire.Unhex(id)
	if !ok {
		return None, false
	}
	return s.Find(raw)
}

// WithPrefix returns the objects, two at most, whose id in hex starts with
// prefix, which has at least four digits.
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

// Packs returns the number of packs.
func (s *Store) Packs() int { return len(s.packs) }

// PackPath returns the path of the i-th pack.
func (s *Store) PackPath(i int) string { return s.packs[i].path }

// PackKey returns the checksum that the i-th pack's index gives for the pack.
// It is a claim of the index, not a proof.
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

// list finds the packs and loose objects of one object directory.
func (s *Store) list(dir string) (packs []string) {
	for _, e := range s.entries(dir) {
		strays := len(s.Stray)
		switch name := e.Name(); {
		case s.leadsOut(dir, e):
		case isLooseDir(name) && isDir(dir, e):
			s.listLoose(dir, name)
		case name == "pack" && isDir(dir, e):
			packs = s.listPacks(filepath.Join(dir, name))
		case s.lent:
		case name == "info" && isDir(dir, e):
			s.listInfo(filepath.Join(dir, name))
		case e.IsDir() && slices.Contains(s.dirs, filepath.Join(dir, name)): // a push in quarantine
		case e.IsDir():
			s.problem(filepath.Join(dir, name), "it is no folder of objects and was not read")
		default:
			s.stray(dir, e)
		}
		if e.Type()&os.ModeSymlink != 0 && len(s.Stray) > strays {
			s.Stray = s.Stray[:strays]
			s.problem(filepath.Join(dir, e.Name()), "it is a link to a folder with other files than objects: those were not read")
		}
	}
	return packs
}

// maxListed is how many entries of a folder are looked at.
const maxListed = 1 << 20

// entries lists a folder; what is wrong with it is a problem.
func (s *Store) entries(dir string) []os.DirEntry {
	entries, err := regular.List(dir, maxListed)
	if err != nil {
		s.problem(dir, pathless(err).Error())
	}
	return entries
}

// stray notes a file that is no object and no pack. One that git was writing
// is compressed, so reading it as text would mean nothing.
func (s *Store) stray(dir string, e os.DirEntry) {
	if s.lent {
		return
	}
	path := filepath.Join(dir, e.Name())
	switch {
	case !e.Type().IsRegular():
		s.problem(path, "it is a "+regular.Kind(e.Type())+", and no object: it was not opened")
	case strings.HasPrefix(e.Name(), "tmp_") || strings.HasPrefix(e.Name(), ".tmp-"):
		s.problem(path, "git left it half written, or is writing it now; it was not read: git gc removes old ones")
	default:
		s.Stray = append(s.Stray, path)
	}
}

// leadsOut reports whether an entry of dir is a link that is not followed, which
// is named.
func (s *Store) leadsOut(dir string, e os.DirEntry) bool {
	if e.Type()&os.ModeSymlink == 0 || s.reach == nil {
		return false
	}
	path := filepath.Join(dir, e.Name())
	err := s.reach(path)
	if err != nil {
		s.problem(path, err.Error())
	}
	return err != nil
}

// isDir reports whether an entry of dir is a folder or, as some tools make
// them, a link to one.
func isDir(dir string, e os.DirEntry) bool {
	if e.Type()&os.ModeSymlink == 0 {
		return e.IsDir()
	}
	info, err := os.Stat(filepath.Join(dir, e.Name()))
	return err == nil && info.IsDir()
}

// listInfo lists the files in objects/info, and in folders there. Commit graphs,
// which say nothing but what the objects say, are searched like texts: what has
// their name need not be one.
func (s *Store) listInfo(dir string) {
	for _, e := range s.entries(dir) {
		switch name := e.Name(); {
		case s.leadsOut(dir, e):
		case e.IsDir():
			s.listInfo(filepath.Join(dir, name))
		default:
			s.stray(dir, e)
		}
	}
}

// multiIndexes is the folder where git keeps indexes of many packs, if it adds
// to them.
const multiIndexes = "multi-pack-index.d"

// listPacks lists packs. All else, of which git reads most as tables of what the
// packs say (.rev, .bitmap, .mtimes, multi-pack-index), is searched like a text:
// whatever its name is, it may be one.
func (s *Store) listPacks(dir string) (packs []string) {
	entries := s.entries(dir)
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { return s.leadsOut(dir, e) })
	names := map[string]bool{}
	for _, e := range entries {
		names[e.Name()] = true
	}
	for _, e := range entries {
		name := e.Name()
		path := filepath.Join(dir, name)
		stem, isPack := strings.CutSuffix(name, ".pack")
		of, isIndex := strings.CutSuffix(name, ".idx")
		switch {
		case isPack && names[stem+".idx"]:
			packs = append(packs, path)
		case isPack:
			s.problem(path, "it has no index: run git index-pack on it")
		case isIndex && names[of+".pack"]:
		case isIndex:
			s.problem(filepath.Join(dir, of+".pack"), "its index is here and the pack is not")
			s.stray(dir, e)
		case name == multiIndexes && e.IsDir():
			s.listInfo(path)
		default:
			s.stray(dir, e)
		}
	}
	return packs
}

func (s *Store) openPack(path string) {
	index := strings.TrimSuffix(path, ".pack") + ".idx"
	xdata, unmapIdx, err := MapFile(index)
	if err != nil {
		s.problem(index, pathless(err).Error())
		return
	}
	var x *idx
	err = Guarded(func() error {
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

// addPack makes a pack with its index a part of the store.
func (s *Store) addPack(f *packfile, x *idx) {
	p := &pack{packfile: *f, idx: x, number: int32(len(s.packs))}
	var warnings []Problem
	err := Guarded(func() error {
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

var errCut = errors.New("the file was cut short while it was read")

// Guarded runs f. A mapped file that is cut short while it is read faults; that
// becomes an error, not the end of the process.
func Guarded(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			if !isFault(r) {
				panic(r)
			}
			err = errCut
		}
	}()
	return f()
}

// isFault reports whether a recovered panic is a fault of memory access. A nil
// pointer, which is a mistake of ours, is none.
func isFault(r any) bool {
	_, fault := r.(interface{ Addr() uintptr })
	return fault
}

// number merges the ids of all packs and loose objects into one sorted list.
// The first pack that has an object reports it.
func (s *Store) number() {
	loose := s.sortLoose()
	if len(s.packs) == 1 && len(loose) == 0 {
		s.ids = s.packs[0].idx.rows
	} else {
		lists := [][]byte{loose}
		for _, p := range s.packs {
			lists = append(lists, p.idx.rows)
		}
		s.ids = mergeIDs(lists, s.hash)
	}
	s.sorted = newIDList(s.ids, s.hash)
	s.where = make([]place, len(s.ids)/s.hash)
	for i := range s.where {
		s.where[i].pack = -2
	}
	for _, p := range s.packs {
		s.place(p)
	}
	for i := range s.loose {
		at := int(s.loose[i].obj)
		o, _ := s.sorted.find(loose[at*s.hash : (at+1)*s.hash])
		s.loose[i].obj = Obj(o)
		if s.where[o].pack == -2 {
			s.where[o] = place{-1, int32(i)}
		} else {
			s.duplicates = append(s.duplicates, duplicate{Obj(o), place{-1, int32(i)}})
		}
	}
	s.sortDuplicates()
}

// place numbers the objects of p.
func (s *Store) place(p *pack) {
	p.objs = make([]Obj, p.idx.n)
	at := 0
	for e := range p.objs {
		for id := p.idx.id(e); !bytes.Equal(s.ids[at*s.hash:(at+1)*s.hash], id); {
			at++
		}
		p.objs[e] = Obj(at)
		if s.where[at].pack == -2 {
			s.where[at] = place{p.number, int32(e)}
		} else {
			s.duplicates = append(s.duplicates, duplicate{Obj(at), place{p.number, int32(e)}})
		}
	}
}

func (s *Store) ownsLoose(i int) bool {
	return s.where[s.loose[i].obj] == place{-1, int32(i)}
}

// sortLoose fills s.loose from what was found and returns the sorted raw ids,
// each once; the objects are numbered by their places among these. An alternate
// may have the same one.
func (s *Store) sortLoose() []byte {
	slices.SortFunc(s.found, func(a, b found) int { return cmp.Or(strings.Compare(a.id, b.id), strings.Compare(a.path, b.path)) })
	ids := make([]byte, 0, len(s.found)*s.hash)
	for i, f := range s.found {
		raw, ok := wire.Unhex(f.id)
		if !ok {
			continue // listLoose takes none of these
		}
		if i == 0 || f.id != s.found[i-1].id {
			ids = append(ids, raw...)
		}
		s.loose = append(s.loose, looseObject{f.path, Obj(len(ids)/s.hash - 1)})
	}
	s.found = nil
	return ids
}

// mergeIDs merges sorted lists of ids and drops duplicates.
func mergeIDs(lists [][]byte, hash int) []byte {
	for len(lists) > 1 { // the two shortest first: each id is copied log(n) times
		slices.SortStableFunc(lists, func(a, b []byte) int { return len(b) - len(a) })
		n := len(lists)
		lists = append(lists[:n-2], mergeTwo(lists[n-2], lists[n-1], hash))
	}
	return lists[0]
}

func mergeTwo(a, b []byte, hash int) []byte {
	out := make([]byte, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch c := bytes.Compare(a[:hash], b[:hash]); {
		case c < 0:
			out, a = append(out, a[:hash]...), a[hash:]
		case c > 0:
			out, b = append(out, b[:hash]...), b[hash:]
		default:
			out, a, b = append(out, a[:hash]...), a[hash:], b[hash:]
		}
	}
	return append(append(out, a...), b...)
}

// Read returns the type and bytes of any object. It does not use the walk's
// memory and is safe for concurrent use.
func (s *Store) Read(o Obj) (t Type, data []byte, err error) {
	return s.ReadHeld(o, nil)
}

// ReadHeld is Read for a worker of a run: its memory holds the bytes until it is
// given Held(data).
func (s *Store) ReadHeld(o Obj, memory *budget.Account) (t Type, data []byte, err error) {
	before := memory.Held()
	err = Guarded(func() error {
		t, data, err = s.read(o, newReading(0, memory))
		return err
	})
	if err != nil {
		memory.Back(before)
	}
	return t, data, err
}

// reading bounds the reading of one object: how many more chains of deltas may
// be followed, and the memory. A chain may go on in another pack, or with
// another copy of what is damaged; only hostile stores go in circles.
type reading struct {
	chains  int
	lenient bool  // wrong checksums do not count
	under   int64 // bytes that are held meanwhile and count towards Limits.Held
	memory  *budget.Account
}

const maxChains = 64

func newReading(under int64, memory *budget.Account) *reading {
	return &reading{chains: maxChains, under: under, memory: memory}
}

// read reads o from the copy that counts, or another, or as it is, though its
// checksum is wrong.
func (s *Store) read(o Obj, left *reading) (Type, []byte, error) {
	t, data, err := s.readAt(s.where[o], left)
	if err == nil {
		return t, data, nil
	}
	if t, data, ok := s.readCopy(o, s.where[o], left); ok {
		return t, data, nil
	}
	if errors.Is(err, errChecksum) {
		left.lenient = true
		return s.readAt(s.where[o], left)
	}
	return t, data, err
}

// readAt is read for one copy of an object.
func (s *Store) readAt(at place, left *reading) (Type, []byte, error) {
	if left.chains--; left.chains < 0 {
		return 0, nil, fmt.Errorf("deltas lead through more than %d packs: %w", maxChains, ErrLimit)
	}
	if at.pack >= 0 {
		p := s.packs[at.pack]
		p.load(s)
		return s.readPacked(p, p.position(at.entry), left)
	}
	r, err := openLoose(s.loose[at.entry].path, nil)
	if err != nil {
		return 0, nil, pathless(err)
	}
	defer r.Close()
	data, err := s.limits.readWhole(r, r.size, left.under, left.memory)
	return r.kind, data, err
}

// readPacked reads the entry at pos of a pack.
func (s *Store) readPacked(p *pack, pos int32, left *reading) (Type, []byte, error) {
	u := borrowUnpacker(s.limits, left.memory)
	defer u.giveBack()
	u.z.Checksum = p.idx.crc == nil
	c := chain{pack: linkedPack{p, left.lenient}, unpacker: u, left: left, most: p.idx.n,
		base: func(id []byte, left *reading) (Type, []byte, error) {
			_, t, data, err := s.readBase(id, left)
			return t, data, err
		},
		instead: func(place int64, left *reading) (Type, []byte, bool) {
			return s.readCopy(p.obj(int32(place)), p.place(int32(place)), left)
		}}
	return c.read(int64(pos))
}

// readBase reads a delta's base that is not in the delta's pack.
func (s *Store) readBase(id []byte, left *reading) (Obj, Type, []byte, error) {
	o, ok := s.Find(id)
	if !ok {
		return None, 0, nil, fmt.Errorf("its delta base %s is missing", wire.Hex(id))
	}
	t, data, err := s.read(o, left)
	if err != nil {
		err = fmt.Errorf("its delta base %s cannot be read: %w", wire.Hex(id), err)
	}
	return o, t, data, err
}

// linkedPack is a pack whose entries are known by their positions.
type linkedPack struct {
	*pack
	lenient bool // an entry's checksum may be wrong
}

func (p linkedPack) link(place int64) (link, error) {
	pos := int32(place)
	e := &p.entries[pos]
	switch {
	case e.base == broken:
		return link{}, p.fault(pos)
	case !p.lenient && !p.checkCRC(pos):
		return link{}, errChecksum
	}
	l := link{packed: p.packed(pos), kind: e.kind, base: int64(e.base)}
	switch e.base {
	case whole:
		l.base = noDelta
	case external:
		h, err := p.headerAt(int(pos))
		if err != nil {
			return link{}, err
		}
		l.base, l.baseID = outside, h.baseID
	}
	return l, nil
}
