package odb

import (
	"bytes"
	"cmp"
	"encoding/binary"
)

// idList is a sorted list of ids with a fan-out table over their first two
// bytes. Lookups are the most frequent operation of a scan.
type idList struct {
	ids  []byte
	hash int
	fan  []uint32 // 65537 positions
}

const fanLen = 1 << 16

func newIDList(ids []byte, hash int) idList {
	l := idList{ids, hash, make([]uint32, fanLen+1)}
	for at := 0; at < len(ids); at += hash {
		l.fan[int(binary.BigEndian.Uint16(ids[at:]))+1]++
	}
	for i := range fanLen {
		l.fan[i+1] += l.fan[i]
	}
	return l
}

// find returns the position of id in the list, or where it would be. An id must
// have the length of those in the list.
func (l *idList) find(id []byte) (int, bool) {
	lo, mid, hi := l.guess(id)
	key := binary.BigEndian.Uint64(id)
	for step := 1; lo < hi; step *= 2 {
		at := l.ids[mid*l.hash:]
		c := cmp.Compare(binary.BigEndian.Uint64(at), key)
		if c == 0 { // only hand-made ids share eight bytes and differ
			c = bytes.Compare(at[:l.hash], id)
		}
		switch {
		case c == 0:
			return mid, true
		case c < 0:
			lo = mid + 1
			mid = min(mid+step, lo+(hi-lo)/2)
		default:
			hi = mid
			mid = max(mid-step, lo+(hi-lo)/2)
		}
	}
	return lo, false
}

// guess returns the range of ids with the first two bytes of id, and the
// probable position. Ids are uniformly distributed, so usually one memory
// access is enough.
func (l *idList) guess(id []byte) (lo, mid, hi int) {
	key := binary.BigEndian.Uint32(id)
	lo, hi = int(l.fan[key>>16]), int(l.fan[key>>16+1])
	return lo, lo + (hi-lo)*int(key&0xffff)>>16, hi
}

// findAll is find for concatenated ids. It first loads all probable positions,
// so that the memory accesses overlap.
func (l *idList) findAll(ids []byte, dst []Obj) []Obj {
	const batch = 64
	var guesses [batch]struct {
		at   int
		head uint64 // first bytes of the id there
	}
	for len(ids) > 0 {
		n := min(len(ids)/l.hash, batch)
		for i := range n {
			id := ids[i*l.hash:]
			guesses[i].head = ^binary.BigEndian.Uint64(id)
			if _, mid, hi := l.guess(id); mid < hi {
				guesses[i].at, guesses[i].head = mid, binary.BigEndian.Uint64(l.ids[mid*l.hash:])
			}
		}
		for i := range n {
			id, g := ids[i*l.hash:(i+1)*l.hash], guesses[i]
			o := None
			if g.head == binary.BigEndian.Uint64(id) && bytes.Equal(l.ids[g.at*l.hash:(g.at+1)*l.hash], id) {
				o = Obj(g.at)
			} else if at, ok := l.find(id); ok {
				o = Obj(at)
			}
			dst = append(dst, o)
		}
		ids = ids[n*l.hash:]
	}
	return dst
}
