package odb

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestIDList looks up ids of a list and their neighbors, in ordinary lists and
// in lists that are made to be slow or misleading.
func TestIDList(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(n int, prefix ...byte) (ids [][]byte) {
		for range n {
			id := make([]byte, 20)
			for i := range id {
				id[i] = byte(rng.Uint32())
			}
			copy(id, prefix)
			ids = append(ids, id)
		}
		return ids
	}
	for name, ids := range map[string][][]byte{
		"none":               nil,
		"one":                {make([]byte, 20)},
		"even":               random(3000),
		"two bytes the same": random(3000, 0xab, 0xcd),
		"four the same":      append(random(100, 0xff, 0xff, 0xff, 0xff), random(100, 0xff, 0xff)...),
		"eight the same":     append(random(500, 1, 2, 3, 4, 5, 6, 7, 8), random(500)...),
		"last":               {bytes.Repeat([]byte{0xff}, 20)},
	} {
		slices.SortFunc(ids, bytes.Compare)
		l := newIDList(bytes.Join(ids, nil), 20)
		asked := slices.Concat(ids, random(200), [][]byte{make([]byte, 20), bytes.Repeat([]byte{0xff}, 20)})
		for _, id := range ids {
			near := bytes.Clone(id)
			near[19]++
			asked = append(asked, near)
		}
		all := l.findAll(bytes.Join(asked, nil), nil)
		for i, id := range asked {
			at, ok := slices.BinarySearchFunc(ids, id, bytes.Compare)
			if got, found := l.find(id); got != at || found != ok {
				t.Errorf("%s: %x is at %d, %t, want %d, %t", name, id, got, found, at, ok)
			}
			want := None
			if ok {
				want = Obj(at)
			}
			if all[i] != want {
				t.Errorf("%s: %x of all is at %d, want %d", name, id, all[i], want)
			}
		}
	}
}
