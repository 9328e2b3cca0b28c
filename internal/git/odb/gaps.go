package odb

import "fmt"

// A pack is its entries, one behind the other, and what stands between two of
// them, or behind the last one, is no object: git reads none of it.

// gap notes n bytes of a pack that belong to none of its entries.
func (p *pack) gap(n int) {
	if n > 0 {
		p.gaps.Add(int64(n))
	}
}

// gap notes n bytes behind a stream of p, if that is asked for.
func (w *Walker) gap(p *pack, n int) {
	if w.Thorough {
		p.gap(n)
	}
}

// gaps returns what notes bytes behind a stream of p, nil if that is not asked
// for.
func (w *Walker) gaps(p *pack) func(n int) {
	if !w.Thorough {
		return nil
	}
	return p.gap
}

// gapProblem names what of the pack is no part of an entry, as far as it is
// known.
func (p *pack) gapProblem() (Problem, bool) {
	n := p.gaps.Load()
	why := "it has a byte that belongs to none of its objects and was not read"
	if n > 1 {
		why = fmt.Sprintf("it has %d bytes that belong to none of its objects and were not read", n)
	}
	return Problem{p.path, why}, n > 0
}
