package rules

import "golang.org/x/sys/cpu"

const (
	avx2 pass = 32
	vbmi pass = 64
)

func vectorPasses() []pass {
	var out []pass
	if cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VBMI {
		out = append(out, vbmi)
	}
	if cpu.X86.HasAVX2 {
		out = append(out, avx2)
	}
	return out
}

// vectorProbes looks for probes that may start at from, from+p and so on up to
// to, p places at a time. It returns the first such place with a candidate, and
// which of the p are: the lowest bit for the first. Without one mask is 0. Text
// must be readable up to to+p+1.
func vectorProbes(p pass, t *vectorTable, text *byte, from, to int) (at int, mask uint64) {
	if p == vbmi {
		return probesVBMI(t, text, from, to)
	}
	return probesAVX2(t, text, from, to)
}

//go:noescape
func probesAVX2(t *vectorTable, text *byte, from, to int) (at int, mask uint64)

//go:noescape
func probesVBMI(t *vectorTable, text *byte, from, to int) (at int, mask uint64)
