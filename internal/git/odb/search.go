package odb

import "r8scan/rules"

// What Search stores in Node.Mark for the nodes that build on it.
const (
	markMatch = 1 << iota // the node has a match, so nodes that build on it are searched whole
	markHint              // a rules.Hint may be in the node
)

// Matched reports whether Search found a match in n, even if it was not taken.
func (n *Node) Matched() bool { return n.Mark&markMatch != 0 }

// Search appends to dst, in order, the matches of a set's rules in n for which
// take returns true. It finds what a search of all of n would find, but where
// the base has no match it reads only what the delta adds. In a tree it finds
// only API tokens, because names are shorter than the context of the other
// rules; if a name may have another match, n is Matched. ranges is a buffer of
// the caller.
//
// API tokens depend on a few bytes around them, other credentials on a few
// thousand. So those are searched for only if there is a hint, which is short:
// in all of n if the hint is new, otherwise in what the delta adds.
func (n *Node) Search(set *rules.Set, dst []rules.Match, ranges *[]Range, take func(rules.Match) bool) []rules.Match {
	first, marks := len(dst), int32(markMatch)
	if n.Base != nil {
		marks = n.Base.Mark
	}
	if marks&markMatch != 0 {
		n.Complete()
	}
	news := n.news(ranges, marks&markMatch != 0, rules.TokenBehind, rules.TokenAhead)
	dst = n.collect(set, dst, news, (*rules.Set).FindTokens, take)
	tokens := len(dst)
	switch {
	case n.Type == Tree:
		if n.named(set, news) {
			n.Mark |= markMatch
		}
	case n.hinted(set, ranges, marks):
		whole := marks&markMatch != 0 || marks&markHint == 0
		n.Mark |= markHint
		n.Complete()
		dst = n.collect(set, dst, n.news(ranges, whole, rules.Behind, rules.Ahead), (*rules.Set).FindSiblings, take)
	}
	if len(dst) > tokens {
		rules.Sort(dst[first:])
	}
	if n.Matched() {
		n.Complete()
	}
	return dst
}

// hinted reports whether n may have a hint: its base has one, or the delta adds
// one.
func (n *Node) hinted(set *rules.Set, ranges *[]Range, marks int32) bool {
	if marks&markHint != 0 {
		return true
	}
	for _, g := range n.news(ranges, marks&markMatch != 0, rules.HintBehind, rules.HintAhead) {
		if set.Hint(n.Data, g.From, g.To) {
			return true
		}
	}
	return false
}

// named reports whether ranges of a tree have a hint for a rule that applies to
// names.
func (n *Node) named(set *rules.Set, ranges []Range) bool {
	for _, g := range ranges {
		if set.HintName(n.Data, g.From, g.To) {
			return true
		}
	}
	return false
}

// pieceLen is how many bytes are searched at a time. The matches in an object
// may take far more memory than the object.
const pieceLen = 256 << 10

// finder is one of a set's search functions.
type finder func(set *rules.Set, dst []rules.Match, text []byte, from, to int) []rules.Match

// collect searches ranges of n in pieces, and marks n if there is a match.
func (n *Node) collect(set *rules.Set, dst []rules.Match, ranges []Range, find finder, take func(rules.Match) bool) []rules.Match {
	for _, g := range ranges {
		for from := g.From; from < g.To; from += pieceLen {
			kept := len(dst)
			dst = find(set, dst, n.Data, from, min(from+pieceLen, g.To))
			if len(dst) > kept {
				n.Mark |= markMatch
			}
			for _, m := range dst[kept:] {
				if take(m) {
					dst[kept] = m
					kept++
				}
			}
			dst = dst[:kept]
		}
	}
	return dst
}

// news returns the ranges of n from dirty, or all of n if whole is set.
func (n *Node) news(buf *[]Range, whole bool, behind, ahead int) []Range {
	if whole {
		*buf = append((*buf)[:0], Range{0, len(n.Data)})
	} else {
		*buf = n.dirty((*buf)[:0], behind, ahead)
	}
	return *buf
}
