package rules

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestProbes compares both ways to find probes with looking at every place.
func TestProbes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var parts []string
	for _, p := range probes {
		parts = append(parts, p.bytes, p.bytes[:2], p.bytes[1:])
	}
	for n := range 3000 {
		var b strings.Builder
		for b.Len() < n%400 {
			if r.IntN(3) == 0 {
				b.WriteString(parts[r.IntN(len(parts))])
			} else {
				b.WriteByte(byte(r.Uint32()))
			}
		}
		text := []byte(b.String())
		text = text[:len(text):len(text)]
		from := r.IntN(len(text) + 1)
		to := from + r.IntN(len(text)-from+1)
		var want, vector, passes []int
		for at := from; at < min(to, len(text)-probeLen+1); at++ {
			if slices.ContainsFunc(probes, func(p probe) bool { return strings.HasPrefix(string(text[at:]), p.bytes) }) {
				want = append(want, at)
			}
		}
		eachProbe(text, from, to, func(at int, _ form) { vector = append(vector, at) })
		eachProbePasses(text, from, to, func(at int, _ form) { passes = append(passes, at) })
		slices.Sort(vector)
		slices.Sort(passes)
		if !slices.Equal(vector, want) || !slices.Equal(passes, want) {
			t.Fatalf("%q from %d to %d: %v and %v, want %v", text, from, to, vector, passes, want)
		}
	}
}

func BenchmarkProbes(b *testing.B) {
	text := []byte(strings.Repeat("static int parse_mode(struct repo *r, int flags) { return r->len; }\n", 4000))
	for name, f := range map[string]func([]byte, int, int, func(int, form)){"best": eachProbe, "passes": eachProbePasses} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				f(text, 0, len(text), func(int, form) {})
			}
		})
	}
}
