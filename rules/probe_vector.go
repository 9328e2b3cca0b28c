//go:build amd64 || arm64

package rules

import "math/bits"

// eachVector checks as many places at once as a vector has. A candidate may be
// no probe: groups are coarser than their probes.
func (s *probeSet) eachVector(p pass, text []byte, from, to int, f func(at int, kind form) bool) {
	step := int(p)
	last := len(text) - (step + probeLen - 1) // the last place for a vector
	if last < 0 {
		s.eachPlace(text, from, to, f)
		return
	}
	for from < to {
		start := min(from, last) // of the last vector some places were looked at
		at, mask := vectorProbes(p, &s.vector, &text[0], start, min(to-1, last))
		if mask == 0 {
			from = at
			continue
		}
		if at < from {
			mask &= ^uint64(0) << (from - at)
		}
		from = at + step
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
}
