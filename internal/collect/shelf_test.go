package collect

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"r8scan/internal/git/gittest"
	"r8scan/internal/search"
	"r8scan/rules"
)

// TestShelves adds the same matches in different orders. The same ones are kept,
// within the limit, and many places of one token do not displace another token.
func TestShelves(t *testing.T) {
	const found = 1 << 20
	var all []Hit
	for i := range 3000 {
		m := rules.Find(nil, []byte(gittest.Token(i/2)), 0, 40)[0]
		if i%3 == 0 {
			m.Confidence = rules.Low
		}
		all = append(all, Hit{Hit: search.Hit{Match: m}, Path: fmt.Sprintf("%0*d", i%50+5, i)})
	}
	flood := rules.Find(nil, []byte(gittest.Token(1)), 0, 40)[0]
	for i := range 5000 {
		all = append(all, Hit{Hit: search.Hit{Match: flood}, Path: fmt.Sprint("flood", i)})
	}
	var want []string
	var wantLost int64
	for seed := range uint64(5) {
		rng := rand.New(rand.NewPCG(seed, 1))
		rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		kept := newHits(found)
		for _, h := range all {
			kept.add(h)
			for _, s := range []*tokenShelf{&kept.high, &kept.low} {
				if s.bytes > s.most() {
					t.Fatalf("%d bytes are held, with room for %d", s.bytes, s.most())
				}
			}
		}
		list, lost := kept.all()
		var got []string
		tokens := map[string]bool{}
		for _, h := range list {
			got = append(got, h.Match.Secret.ID()+h.Path)
			tokens[h.Match.Secret.ID()] = true
		}
		if int(lost)+len(list) != len(all) || lost == 0 || len(tokens) < 300 {
			t.Fatalf("%d of %d matches, %d lost, %d tokens", len(list), len(all), lost, len(tokens))
		}
		if want == nil {
			want, wantLost = got, lost
		}
		if !slices.Equal(got, want) || lost != wantLost {
			t.Errorf("seed %d: different matches are kept", seed)
		}
	}
}

// TestFirsts sets the same keys in different orders.
func TestFirsts(t *testing.T) {
	for seed := range uint64(5) {
		f := Firsts[int]{Most: 10}
		for _, i := range rand.New(rand.NewPCG(seed, 1)).Perm(1000) {
			f.Set(fmt.Appendf(nil, "%04d", i), i, func(a, b int) bool { return a < b })
			if len(f.m) > 21 {
				t.Fatalf("%d keys are held", len(f.m))
			}
		}
		f.cut()
		for i := range 10 {
			if _, ok := f.m[fmt.Sprintf("%04d", i)]; !ok || len(f.m) != 10 || !f.full {
				t.Errorf("seed %d: kept %v", seed, f.m)
			}
		}
	}
}
