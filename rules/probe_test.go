package rules

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestProbes compares each pass that this machine supports with a check of every
// place.
func TestProbes(t *testing.T) {
	for _, s := range []*probeSet{tokenProbes, wordProbes} {
		var parts []string
		for _, p := range s.list {
			parts = append(parts, p.bytes, p.bytes[:2], p.bytes[1:])
		}
		r := rand.New(rand.NewPCG(1, 2))
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
			var want []int
			for at := from; at < min(to, len(text)-probeLen+1); at++ {
				if slices.ContainsFunc(s.list, func(p probe) bool { return strings.HasPrefix(string(text[at:]), p.bytes) }) {
					want = append(want, at)
				}
			}
			for _, p := range passes {
				testProbes(t, s, p, text, from, to, want)
			}
		}
	}
}

// testProbes compares one pass with the wanted places, also if the search stops
// early.
func testProbes(t *testing.T, s *probeSet, p pass, text []byte, from, to int, want []int) {
	t.Helper()
	for _, stop := range []int{1, 2, 3, len(want) + 1} {
		var got []int
		s.eachBy(p, text, from, to, func(at int, _ form) bool {
			got = append(got, at)
			return len(got) != stop
		})
		if want := want[:min(len(want), stop)]; !slices.Equal(got, want) {
			t.Fatalf("%q from %d to %d by pass %d, stopped after %d: %v, want %v", text, from, to, p, stop, got, want)
		}
	}
}

// TestProbeSetsAreQuickToMake limits the multipliers that are tried, because every
// start of the program makes the sets.
func TestProbeSetsAreQuickToMake(t *testing.T) {
	for name, s := range map[string]*probeSet{"tokens": tokenProbes, "words": wordProbes} {
		if tries := (s.mul - newProbeSet(nil).mul) / 2; tries > 200 {
			t.Errorf("%s: %d multipliers were tried: give the table more slots", name, tries)
		}
	}
}
