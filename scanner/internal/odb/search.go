package odb

import "github.com/r8scan/r8scan/rules"

// What Search leaves in Node.Mark for the nodes that build on it.
const (
	markMatch = 1 << iota // the node has a match: what builds on it is searched whole
	markHint              // a rules.Hint may be in the node
)

// Search appends to dst the matches of all rules in n, in order: what a search
// of all of n finds, though only of what its delta adds to a base without a
// match. A tree is searched for API tokens only, since its names are shorter
// than a sibling's context. ranges is a buffer of the caller's.
//
// API tokens look around by some bytes, siblings by some thousand. So siblings
// are searched for only where there is a hint, which is short again: in all of
// n where the hint is new, else in what the delta adds.
func (n *Node) Search(dst []rules.Match, ranges *[]Range) []rules.Match {
	first, marks := len(dst), int32(markMatch)
	if n.Base != nil {
		marks = n.Base.Mark
	}
	for _, g := range n.news(ranges, marks&markMatch != 0, rules.TokenBehind, rules.TokenAhead) {
		dst = rules.FindTokens(dst, n.Data, g.From, g.To)
	}
	tokens := len(dst)
	if n.Type != Tree {
		dst = n.siblings(dst, ranges, marks)
	}
	if len(dst) > tokens {
		rules.Sort(dst[first:])
	}
	if len(dst) > first {
		n.Mark |= markMatch
	}
	return dst
}

func (n *Node) siblings(dst []rules.Match, ranges *[]Range, marks int32) []rules.Match {
	whole := marks&markMatch != 0
	if marks&markHint == 0 {
		hint := false
		for _, g := range n.news(ranges, whole, 0, rules.HintLen) {
			if hint = rules.Hint(n.Data, g.From, g.To); hint {
				break
			}
		}
		if !hint {
			return dst
		}
		whole = true
	}
	n.Mark |= markHint
	for _, g := range n.news(ranges, whole, rules.Behind, rules.Ahead) {
		dst = rules.FindSiblings(dst, n.Data, g.From, g.To)
	}
	return dst
}

// news returns the ranges of n that Dirty returns, all of n if whole is set.
func (n *Node) news(buf *[]Range, whole bool, behind, ahead int) []Range {
	if whole {
		*buf = append((*buf)[:0], Range{0, len(n.Data)})
	} else {
		*buf = n.Dirty((*buf)[:0], behind, ahead)
	}
	return *buf
}
