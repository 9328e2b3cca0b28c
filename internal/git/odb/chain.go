package odb

import (
	"fmt"
	"slices"
)

// link is an entry of a pack, as needed to read a single object.
type link struct {
	packed
	kind   Type   // type, unless the entry is a delta
	base   int64  // place of a delta's base in the pack, or one of the values below
	baseID []byte // raw id of a base outside the pack
}

// Values of link.base that are not places.
const (
	noDelta int64 = -1
	outside int64 = -2 // the base is not in the pack
)

// linked is a pack whose entries have places. What a place is depends on the
// implementation.
type linked interface {
	link(place int64) (link, error)
}

// chain reads single objects of a pack: it follows deltas down to an object
// that is not a delta, and then applies them in reverse order.
type chain struct {
	pack     linked
	unpacker *unpacker
	left     *reading
	most     int // maximum length of a chain of deltas
	// base reads a delta's base that is outside the pack.
	base func(id []byte, left *reading) (Type, []byte, error)
	// instead reads another copy of an entry that cannot be read; nil if no
	// copies are known. It is not called for the entry that was asked for.
	instead func(place int64, left *reading) (Type, []byte, bool)
}

// step is a delta to apply, with its place.
type step struct {
	packed
	place int64
}

// read reads the entry at a place. Afterwards memory is held only for its
// content.
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

// down returns the first object of the chain that can be read without another
// one of the pack, and the deltas above it.
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
