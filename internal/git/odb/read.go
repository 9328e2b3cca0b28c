package odb

import (
	"errors"
	"fmt"

	"r8scan/internal/budget"
	"r8scan/internal/git/wire"
)

// Read returns the type and content of any object. It does not use the memory
// of a walk, and is safe for concurrent use.
func (s *Store) Read(o Obj) (t Type, data []byte, err error) {
	return s.ReadHeld(o, nil)
}

// ReadHeld is Read for a worker of a run. The account memory holds the bytes
// until Give(Held(data)).
func (s *Store) ReadHeld(o Obj, memory *budget.Account) (t Type, data []byte, err error) {
	before := memory.Held()
	err = CatchFault(func() error {
		t, data, err = s.read(o, newReading(0, memory))
		return err
	})
	if err != nil {
		memory.Back(before)
	}
	return t, data, err
}

// ReadIn is ReadHeld for the copy of o in the i-th pack, if there is one.
func (s *Store) ReadIn(i int, o Obj, memory *budget.Account) (t Type, data []byte, err error) {
	p := s.packs[i]
	e, ok := p.idx.find(s.ID(o))
	if at := (place{p.number, int32(e)}); ok && s.where[o] != at {
		before := memory.Held()
		err = CatchFault(func() error {
			t, data, err = s.readAt(at, newReading(0, memory))
			return err
		})
		if err == nil {
			return t, data, nil
		}
		memory.Back(before)
	}
	return s.ReadHeld(o, memory)
}

// read reads o from the copy that reports it, else from another copy, else
// despite a wrong checksum.
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
	u.z.Checksum = p.unsummed()
	c := chain{pack: linkedPack{p, left.lenient}, unpacker: u, left: left, most: len(p.entries),
		base: func(id []byte, left *reading) (Type, []byte, error) {
			_, t, data, err := s.readBase(id, left)
			return t, data, err
		},
		instead: func(place int64, left *reading) (Type, []byte, bool) {
			return s.readCopy(p.obj(int32(place)), p.place(int32(place)), left)
		}}
	return c.read(int64(pos))
}

// readBase reads a delta's base that is outside the delta's pack.
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

// readCopy reads o from any copy other than the one at not.
func (s *Store) readCopy(o Obj, not place, left *reading) (t Type, data []byte, ok bool) {
	for _, c := range s.copies(o) {
		if c == not {
			continue
		}
		if t, data, err := s.readAt(c, left); err == nil {
			return t, data, true
		}
	}
	return 0, nil, false
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
