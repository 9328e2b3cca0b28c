package rules

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
)

// Match is one place where a rule matches.
type Match struct {
	Rule       *Rule
	Start, End int // byte offsets into the searched text; End is exclusive
	Secret     Secret
	Confidence Confidence
	Encoding   []string // outermost first; nil for plain text
	Why        string   // what lowers the confidence; "" if nothing does
	Allowed    bool     // its line says so; Find leaves it false, because a line is longer than what it looks at
	Variable   string   // the name that its line gives it; likewise ""
}

// Set holds the rules of a search. A nil *Set is the Default one. A Set never
// changes. Several goroutines may use it.
type Set struct {
	rules []*Rule
	token *Rule // the one with a search of its own; may be nil

	words    [len(words)]Texts // by a word's number: where rules apply that need it
	led      [len(words)][]look
	besides  []look // anchors beside Replicate's name
	plain    []look // all other anchors
	plainIn  Texts  // where the rules of plain apply
	named    Texts  // Names, if a rule with anchors is for names; else 0
	shortest int    // bytes of the shortest text with a match
}

// look is an anchor of a rule.
type look struct {
	rule *Rule
	in   Texts // where the anchor applies
	Anchor
}

// shortest is less than the length of any match of the Default set, with the
// word that the match needs.
const shortest = 16

// NewSet returns a set of rules. To add a rule to those of this package:
//
//	NewSet(append(rules.All(), mine)...)
//
// It fails if two rules have the same id, or if a rule lacks a field that the
// search or the reports need.
func NewSet(list ...*Rule) (*Set, error) {
	s := &Set{rules: slices.Clone(list), shortest: shortest}
	slices.SortFunc(s.rules, func(a, b *Rule) int { return cmp.Compare(a.ID, b.ID) })
	for i, r := range s.rules {
		if i > 0 && s.rules[i-1].ID == r.ID {
			return nil, fmt.Errorf("two rules have the id %s", r.ID)
		}
		if err := r.check(); err != nil {
			return nil, err
		}
		if r.find != nil {
			s.token = r
		}
		for _, a := range r.Anchors {
			in := r.in()
			if r.find != nil {
				in &= Contents // what is only near its form has no name around it in a name
			}
			s.add(look{r, in, a})
		}
	}
	return s, nil
}

func (s *Set) add(l look) {
	in := l.in
	s.named |= in & Names
	switch {
	case l.word != nil:
		n := l.word.number()
		s.words[n] |= in
		s.led[n] = append(s.led[n], l)
	case l.beside != nil:
		s.words[wordReplicate.number()] |= in
		s.besides = append(s.besides, l)
	default:
		s.plainIn |= in
		s.plain = append(s.plain, l)
		s.shortest = min(s.shortest, len(l.Text))
	}
}

// builtIn are this package's rules in the order of their ids.
var builtIn = [...]*Rule{APIToken, CogToken, LegacyToken, SecretInput, WebhookSecret}

var standard = mustSet(builtIn[:])

func mustSet(list []*Rule) *Set {
	s, err := NewSet(list...)
	if err != nil {
		panic(err) // a test looks at all rules
	}
	return s
}

// Default returns the set of this package's rules.
func Default() *Set { return standard }

// orDefault returns the Default set for nil.
func (s *Set) orDefault() *Set {
	if s == nil {
		return standard
	}
	return s
}

// All returns the rules of the set, in the order of their ids.
func (s *Set) All() []*Rule { return slices.Clone(s.orDefault().rules) }

// ByID returns the rule with an id, nil if the set has none.
func (s *Set) ByID(id string) *Rule {
	for _, r := range s.orDefault().rules {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// A match that starts at s depends on text[s-Behind : s+Ahead] only. So a text
// may be searched in pieces that overlap by that much.
const (
	Behind = max(TokenBehind, siblingBehind)
	Ahead  = max(TokenAhead, siblingAhead)
)

// Find appends to dst the matches of all rules for contents that start in
// text[from:to], in order. Bytes outside that range are context. The ends of
// text count as edges. Secrets are copies: no match keeps text.
func (s *Set) Find(dst []Match, text []byte, from, to int) []Match {
	first := len(dst)
	dst = s.FindTokens(dst, text, from, to)
	tokens := len(dst)
	dst = s.FindSiblings(dst, text, from, to)
	if len(dst) > tokens {
		Sort(dst[first:])
	}
	return dst
}

// FindName appends to dst the matches of all rules for names in a name, in
// order.
func (s *Set) FindName(dst []Match, name []byte) []Match {
	first := len(dst)
	dst = s.FindTokens(dst, name, 0, len(name))
	tokens := len(dst)
	if s = s.orDefault(); s.named != 0 {
		dst = anchored(s, dst, name, 0, len(name), Names)
	}
	if len(dst) > tokens {
		Sort(dst[first:])
	}
	return dst
}

// FindTokens is Find for API tokens only. It looks TokenBehind and TokenAhead
// bytes around a match.
func (s *Set) FindTokens(dst []Match, text []byte, from, to int) []Match {
	s = s.orDefault()
	if s.token == nil {
		return dst
	}
	first := len(dst)
	dst = s.token.find(dst, text, from, to)
	for i := range dst[first:] {
		dst[first+i].Rule = s.token
	}
	return dst
}

// FindSiblings is Find without API tokens. In a text without a Hint it finds
// nothing.
func (s *Set) FindSiblings(dst []Match, text []byte, from, to int) []Match {
	return anchored(s.orDefault(), dst, text, from, to, Contents)
}

// Sort sorts matches by start, then by rule, then by end.
func Sort(ms []Match) { slices.SortStableFunc(ms, compareMatches) }

func compareMatches(a, b Match) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.Rule.ID, b.Rule.ID), cmp.Compare(a.End, b.End))
}

// A hint that starts at s depends on text[s-HintBehind : s+HintAhead] only.
const (
	HintBehind = 2 * maxProbeAt
	HintAhead  = 2 * (len(replicate) + 1)
)

// Hint reports whether text[from:to] may lead to a match of a rule for contents
// other than the rule for API tokens. It looks for the start of a word or an
// anchor that such a rule needs. A text without a hint holds no credential but
// API tokens.
func (s *Set) Hint(text []byte, from, to int) bool {
	return s.orDefault().hint(text, from, to, Contents)
}

// HintName is Hint for the rules for names. The text may hold many names.
func (s *Set) HintName(text []byte, from, to int) bool {
	s = s.orDefault()
	return s.named != 0 && s.hint(text, from, to, Names)
}

func (s *Set) hint(text []byte, from, to int, in Texts) bool {
	if s.plainIn&in != 0 && s.plainHint(text, from, to, in) {
		return true
	}
	hint := false
	eachHint(text, from, to, func(at int, w *word) bool {
		hint = s.words[w.number()]&in != 0 && (w.is == nil || w.is(text, at))
		return !hint
	}, func(int, form) bool {
		hint = in == Contents
		return !hint
	})
	return hint
}

// plainHint is hint for anchors that are not words. It compares the start of a
// long anchor only, because a hint is short.
func (s *Set) plainHint(text []byte, from, to int, in Texts) bool {
	for _, l := range s.plain {
		start := l.Text[:min(len(l.Text), HintAhead)]
		end := min(len(text), to+len(start)-1)
		if l.in&in != 0 && from < end && bytes.Contains(text[from:end], []byte(start)) {
			return true
		}
	}
	return false
}

// All returns the rules of the Default set.
func All() []*Rule { return standard.All() }

// ByID is Set.ByID of the Default set.
func ByID(id string) *Rule { return standard.ByID(id) }

// Find is Set.Find of the Default set.
func Find(dst []Match, text []byte, from, to int) []Match { return standard.Find(dst, text, from, to) }

// Hint is Set.Hint of the Default set.
func Hint(text []byte, from, to int) bool { return standard.Hint(text, from, to) }
