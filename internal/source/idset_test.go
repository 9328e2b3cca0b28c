package source

import (
	"encoding/binary"
	"testing"
)

func TestIDSet(t *testing.T) {
	id := func(n int) []byte {
		b := make([]byte, 20)
		binary.BigEndian.PutUint64(b, uint64(n)*0x9e3779b97f4a7c15)
		return b
	}
	var s idSet
	for range 2 {
		for n := range 50_000 {
			s.add(id(n))
		}
	}
	without := func(from, to int) int {
		return s.without(func(f func(id []byte)) {
			for range 2 {
				for n := from; n < to; n++ {
					f(id(n))
				}
			}
		})
	}
	for _, c := range [][3]int{{0, 0, 50_000}, {0, 50_000, 0}, {10, 20, 49_990}, {49_000, 60_000, 49_000}, {60_000, 70_000, 50_000}} {
		if got := without(c[0], c[1]); got != c[2] {
			t.Errorf("without %d to %d: %d, want %d", c[0], c[1], got, c[2])
		}
	}
	var empty idSet
	if n := empty.without(func(f func(id []byte)) { f(id(1)) }); n != 0 {
		t.Error(n)
	}
}
