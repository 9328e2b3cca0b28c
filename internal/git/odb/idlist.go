package odb

import (
	"bytes"
	"cmp"
	"encoding/binary"
)

// idList is a sorted list of ids with a table of where each pair of leading
// bytes begins: lookups are the most frequent thing a scan does.
type idList struct {
	ids  []byte
	hash int
	fan  []uint32 // 65537 numbers
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

// find returns the number of id in the list, or where it would stand. An id
// has as many bytes as those of the list.
func (l *idList) find(id []byte) (int, bool) {
	lo, mid, hi := l.guess(id)
	key := binary.BigEndian.Uint64(id)
	for step := 1; lo < hi; step *= 2 {
		at := l.ids[mid*l.hash:]
		c := cmp.Compare(binary.BigEndian.Uint64(at), key)
		if c == 0 { // ids that share eight bytes and differ are made by hand
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

// guess returns the range of the ids with the first two bytes of id, and about
// where it stands in there: ids are spread evenly, so that next to always one
// fetch from memory is enough.
func (l *idList) guess(id []byte) (lo, mid, hi int) {
	key := binary.BigEndian.Uint32(id)
	lo, hi = int(l.fan[key>>16]), int(l.fan[key>>16+1])
	return lo, lo + (hi-lo)*int(key&0xffff)>>16, hi
}

// findAll is find for ids that stand behind each other. It looks at all guesses
// first, since none of them waits for another.
func (l *idList) findAll(ids []byte, dst []Obj) []Obj {
	const batch = 64
	var guesses [batch]struct {
		at   int
		head uint64 // of the id there
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
