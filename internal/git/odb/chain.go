package odb

import (
	"fmt"
	"slices"
)

// link is an entry of a pack, as the reading of a single object meets it.
type link struct {
	packed
	kind   Type   // of an object that is no delta
	base   int64  // the place of a delta's base in the pack, or one of the values below
	baseID []byte // of a base that is outside
}

// Values of link.base that are no place.
const (
	noDelta int64 = -1
	outside int64 = -2 // the base is not in the pack
)

// linked is a pack whose entries are known by places; what these are is its own
// business.
type linked interface {
	link(place int64) (link, error)
}

// chain reads single objects of a pack: it goes from delta to delta down to an
// object that is none, and applies the deltas on the way back.
type chain struct {
	pack     linked
	unpacker *unpacker
	left     *reading
	most     int // deltas that may build on each other
	// base reads a delta's base that is not in the pack.
	base func(id []byte, left *reading) (Type, []byte, error)
	// instead reads another copy of the entry at a place, which cannot be read;
	// nil if none is known. It is not asked about the entry that is to be read.
	instead func(place int64, left *reading) (Type, []byte, bool)
}

// step is a delta on the way back up, and its place.
type step struct {
	packed
	place int64
}

// read reads the entry at a place. Memory is held for the bytes alone then.
func (c *chain) read(place int64) (Type, []byte, error) {
	kind, data, deltas, err := c.down(place)
	if err != nil {
		return 0, nil, err
	}
	for i, d := range slices.Backward(deltas) {
		c.unpacker.exact = i == 0
		result, err := c.unpacker.apply(data, d.packed, c.left.under)
		if err != nil && i > 0 {
			held := Held(data)
			c.left.under += held
			if t, copied, ok := c.copyOf(d.place); ok {
				kind, result, err = t, copied, nil
			}
			c.left.under -= held
		}
		c.unpacker.recycle(data)
		if err != nil {
			return 0, nil, err
		}
		data = result
	}
	return kind, data, nil
}

// down returns the first object on the way down that can be read without
// another one of the pack, and the deltas that lead to it.
func (c *chain) down(place int64) (kind Type, data []byte, deltas []step, err error) {
	for {
		l, err := c.pack.link(place)
		switch {
		case err != nil:
		case l.base >= 0:
			if deltas = append(deltas, step{l.packed, place}); len(deltas) > c.most {
				return 0, nil, nil, fmt.Errorf("more than %d deltas build on each other: %w", c.most, ErrLimit)
			}
			place = l.base
			continue
		case l.base == outside:
			kind, data, err = c.base(l.baseID, c.left)
			return kind, data, append(deltas, step{l.packed, place}), err
		default:
			kind, c.unpacker.exact = l.kind, len(deltas) == 0
			data, _, err = c.unpacker.whole(l.packed, c.left.under)
		}
		if err != nil && len(deltas) > 0 {
			if t, copied, ok := c.copyOf(place); ok {
				kind, data, err = t, copied, nil
			}
		}
		return kind, data, deltas, err
	}
}

// copyOf reads another copy of the entry at a place.
func (c *chain) copyOf(place int64) (Type, []byte, bool) {
	if c.instead == nil {
		return 0, nil, false
	}
	return c.instead(place, c.left)
}
