package odb

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkApplyDelta applies deltas that are typical of trees: a few bytes
// inserted into 25 KB of copies.
func BenchmarkApplyDelta(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	base := make([]byte, 25_000)
	for i := range base {
		base[i] = byte(rng.Uint32())
	}
	at := len(base) / 3
	d := []byte{0x80 | 0x10 | 0x20, byte(at), byte(at >> 8)} // copy from 0
	d = append(d, 20)
	d = append(d, base[:20]...)
	rest := len(base) - at - 20
	from := at + 20
	d = append(d, 0x80|0x01|0x02|0x10|0x20, byte(from), byte(from>>8), byte(rest), byte(rest>>8))
	dst := make([]byte, len(base))
	var copies []copied
	b.SetBytes(int64(len(dst)))
	for b.Loop() {
		var err error
		if copies, err = applyDelta(dst, base, d, copies[:0], len(dst)); err != nil {
			b.Fatal(err)
		}
	}
}
