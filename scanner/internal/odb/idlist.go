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
	first := binary.BigEndian.Uint16(id)
	lo, hi := int(l.fan[first]), int(l.fan[int(first)+1])
	key := binary.BigEndian.Uint64(id)
	// Ids are spread evenly, so that the bytes behind the first two tell about
	// where to look: next to always in the same few bytes of memory.
	mid := lo + (hi-lo)*int(key>>32&0xffff)>>16
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
