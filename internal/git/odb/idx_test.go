package odb

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestByOffset compares the order with that of a comparison sort, with equal,
// tiny and maximum offsets.
func TestByOffset(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 60 {
		x := &idx{idRows: idRows{n: n * 7}}
		want := make([]uint32, x.n)
		for i := range want {
			want[i] = uint32(i)
			x.offsets = append(x.offsets, rng.Uint64()>>rng.IntN(64))
		}
		slices.SortStableFunc(want, func(a, b uint32) int {
			if x.offsets[a] < x.offsets[b] {
				return -1
			}
			if x.offsets[a] > x.offsets[b] {
				return 1
			}
			return 0
		})
		if got := x.byOffset(); !slices.Equal(got, want) {
			t.Fatalf("%d offsets: %v, want %v", x.n, got, want)
		}
	}
}
