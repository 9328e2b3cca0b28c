package rules

import (
	"bytes"
	"cmp"
	"slices"
)

// A sibling is found from an anchor, a word in front of it. What an anchor
// leads to depends on near bytes before the anchor and siblingAhead from it on,
// and starts within anchorReach of it.
const (
	near         = 512
	anchorReach  = 768
	siblingAhead = 1536 // a Kubernetes secret with the logins of four registries is 1.2 kB

	siblingBehind = anchorReach + near
)

// How far a match of any rule looks around its first byte. A match that starts
// at s depends on text[s-Behind : s+Ahead] and on nothing else, so a text may
// be searched piecewise with that much overlap.
const (
	Behind = max(TokenBehind, siblingBehind)
	Ahead  = max(TokenAhead, siblingAhead)
)

// Find appends to dst the matches of all rules that start in text[from:to], in
// order. Bytes of text outside that range count as context; the ends of text
// count as edges.
func Find(dst []Match, text []byte, from, to int) []Match {
	first := len(dst)
	dst = FindTokens(dst, text, from, to)
	tokens := len(dst)
	dst = FindSiblings(dst, text, from, to)
	if len(dst) > tokens {
		Sort(dst[first:])
	}
	return dst
}

// Sort puts matches in order: by their start, and where several start at one
// place, by rule and end.
func Sort(ms []Match) { slices.SortStableFunc(ms, compareMatches) }

func compareMatches(a, b Match) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.Rule.ID, b.Rule.ID), cmp.Compare(a.End, b.End))
}

// FindSiblings is Find without API tokens. In a text without a Hint it finds
// nothing.
func FindSiblings(dst []Match, text []byte, from, to int) []Match {
	f := &finder{text: text, from: from, to: to, anchors: max(0, from-anchorReach)}
	f.words(max(0, from-siblingBehind), min(len(text), to+siblingAhead))
	f.around(webhookPrefix, near+maxWebhook, nil, f.webhook)
	f.around("uthorization", near+maxHeader, isAPI, f.header)
	f.around("nput", anchorReach+near, isCall, f.input)
	Sort(f.found)
	for i, m := range f.found {
		// Two anchors may lead to one place; the first rule has it.
		if i == 0 || m.Start != f.found[i-1].Start || m.Rule == f.found[i-1].Rule && m.Secret.Reveal() != f.found[i-1].Secret.Reveal() {
			dst = append(dst, m)
		}
	}
	return dst
}

// finder collects the siblings that start in text[from:to].
type finder struct {
	text     []byte
	from, to int
	anchors  int   // where the first anchor may be that leads there
	names    []int // where Replicate's names start, in all that such anchors may look at
	found    []Match
}

// view is what an anchor may look at: a part of the text, which begins at off
// there, with the anchor at an offset into the part.
type view struct {
	b       []byte
	at, off int
}

func (f *finder) view(anchor int) view {
	low := max(0, anchor-near)
	return view{f.text[low:min(len(f.text), anchor+siblingAhead)], anchor - low, low}
}

// words goes through the words that start in text[low:high], and looks at
// those that are anchors.
func (f *finder) words(low, high int) {
	eachWord(f.text, low, high, func(at int, word string) bool {
		if word == wordReplicate {
			if !isReplicate(f.text, at) {
				return true // it is no hint
			}
			f.names = append(f.names, at)
		}
		if at < f.anchors || at >= f.to {
			return true
		}
		switch v := f.view(at); word {
		case wordReplicate:
			f.name(v)
		case wordCogToken:
			f.cogName(v)
		case wordDocker:
			f.kubernetes(v)
		case wordRegistry:
			f.registry(v)
		}
		return true
	})
}

// around calls look with a view of each anchor that has one of Replicate's
// names within near before it or within behind after it. Names for which is,
// given what follows them, returns false do not count. Elsewhere nothing is
// searched: names are rare even in texts that have some.
func (f *finder) around(anchor string, behind int, is func(follows []byte) bool, look func(view)) {
	done := f.anchors
	for _, name := range f.names {
		if is != nil && !is(f.text[name+len(wordReplicate):]) {
			continue
		}
		from, to := max(done, name-behind), min(f.to, name+near+1)
		for at := from; at < to; at++ {
			i := bytes.Index(f.text[at:min(len(f.text), to+len(anchor)-1)], []byte(anchor))
			if i < 0 {
				break
			}
			at += i
			look(f.view(at))
		}
		done = max(done, to)
	}
}

// crowded reports whether so many anchors stand before a view's own that the
// text is made to cost time: each may lead through hundreds of bytes.
func (v view) crowded(anchor string) bool {
	return bytes.Count(v.b[:v.at], []byte(anchor)) >= maxAnchors
}

// maxAnchors in near bytes are one in 32 bytes, which no real text has of
// anchors that an object follows.
const maxAnchors = near / 32

// candidate is a value that a rule takes for a credential.
type candidate struct {
	rule       *Rule
	start, end int // in the view
	secret     string
	shown      int // bytes of the secret that its mask may keep
	confidence Confidence
	encoding   []string
	why        string
}

// add keeps a candidate. What holds an API token is left to that rule.
func (f *finder) add(v view, c candidate) {
	start, end := c.start+v.off, c.end+v.off
	if start < f.from || start >= f.to || c.start-v.at > anchorReach || holdsPrefix(c.secret) {
		return
	}
	if c.why != "" {
		c.confidence = Low
	}
	f.found = append(f.found, Match{Rule: c.rule, Start: start, End: end, Confidence: c.confidence,
		Encoding: c.encoding, Why: c.why, Secret: NewSecret(c.secret, c.shown)})
}

// holdsPrefix reports whether a value has an API token in it, of any
// confidence.
func holdsPrefix(value string) bool {
	return len(FindTokens(nil, []byte(value), 0, len(value))) > 0
}
