//go:build !amd64 && !arm64

package rules

func vectorPasses() []pass { return nil }

// eachVector is for machines with vectors.
func (s *probeSet) eachVector(_ pass, text []byte, from, to int, f func(at int, kind form) bool) {
	s.eachPair(text, from, to, f)
}
