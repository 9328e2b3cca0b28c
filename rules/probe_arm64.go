package rules

const neon pass = 16

// vectorPasses has NEON, which every arm64 has.
func vectorPasses() []pass { return []pass{neon} }

// vectorProbes looks for probes that may start at from, from+16 and so on up to
// to, 16 places at a time. It returns the first such place with a candidate,
// and which of the 16 are: the lowest bit for the first. Without one mask is 0.
// Text must be readable up to to+17.
func vectorProbes(_ pass, t *vectorTable, text *byte, from, to int) (at int, mask uint64) {
	return probesNEON(t, text, from, to)
}

//go:noescape
func probesNEON(t *vectorTable, text *byte, from, to int) (at int, mask uint64)
