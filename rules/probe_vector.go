//go:build amd64 || arm64

package rules

import "math/bits"

// eachVector looks at as many places at a time as a vector has. What it takes
// for a probe may be none: the groups are coarser than the probes in them.
func (s *probeSet) eachVector(p pass, text []byte, from, to int, f func(at int, kind form) bool) {
	step := int(p)
	read := step + probeLen - 1
	for last := min(to-1, len(text)-read); from <= last; {
		at, mask := vectorProbes(p, &s.vector, &text[0], from, last)
		from = at
		if mask != 0 {
			from += step
		}
		for ; mask != 0; mask &= mask - 1 {
			i := at + bits.TrailingZeros64(mask)
			if i >= to {
				return
			}
			if kind := s.at(text[i:]); kind != formNone && !f(i, kind) {
				return
			}
		}
	}
	s.eachPlace(text, from, to, f)
}
