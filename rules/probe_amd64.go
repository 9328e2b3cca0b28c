package rules

import (
	"math/bits"

	"golang.org/x/sys/cpu"
)

// vectorTable holds, for each of a probe's three bytes, a table for the lower
// and one for the upper half of the byte, each twice as shuffles want it, and a
// mask. A bit in them stands for a group of probes.
type vectorTable struct {
	halves [probeLen][2][32]byte
	low    [32]byte
}

var vector = newVectorTable()

func newVectorTable() *vectorTable {
	t := &vectorTable{}
	for i := range t.low {
		t.low[i] = 0x0f
	}
	for _, p := range probes {
		group := byte(1) << p.group
		for i := range probeLen {
			b := p.bytes[i]
			for _, lane := range []byte{0, 16} {
				t.halves[i][0][lane+b&15] |= group
				t.halves[i][1][lane+b>>4] |= group
			}
		}
	}
	return t
}

// vectorProbes looks for probes that may start at from, from+32 and so on up
// to to, 32 places at a time. It returns the first such place with a candidate,
// and which of the 32 are: the lowest bit for the first. Without one mask is 0.
// Text must be readable up to to+34.
//
//go:noescape
func vectorProbes(t *vectorTable, text *byte, from, to int) (at int, mask uint32)

// eachProbe calls f for each probe that starts in text[from:to].
func eachProbe(text []byte, from, to int, f func(at int, kind form)) {
	if !cpu.X86.HasAVX2 {
		eachProbePasses(text, from, to, f)
		return
	}
	to = min(to, len(text)-probeLen+1)
	const step, read = 32, 32 + probeLen - 1
	for last := min(to-1, len(text)-read); from <= last; {
		at, mask := vectorProbes(vector, &text[0], from, last)
		from = at
		if mask != 0 {
			from += step
		}
		for ; mask != 0; mask &= mask - 1 {
			p := at + bits.TrailingZeros32(mask)
			if p >= to {
				break
			}
			if kind := formAt(text[p:]); kind != formNone {
				f(p, kind)
			}
		}
	}
	for ; from < to; from++ {
		if kind := formAt(text[from:]); kind != formNone {
			f(from, kind)
		}
	}
}
