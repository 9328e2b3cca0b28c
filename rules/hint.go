package rules

import (
	"bytes"
	"slices"
)

// A word is an anchor that several rules may share. One pass finds all words.
// Every rule of this package, except the one for API tokens, needs a word near
// its match. Most texts have none.
type word struct {
	text  string
	probe int  // where its three rarest bytes stand
	group int  // of its probes
	exact bool // in this case only; else text is in lower case

	is func(text []byte, at int) bool // whether one in a text counts; nil: all do
}

const replicate = "replicate"

// wordReplicate is Replicate's name.
var wordReplicate = &word{text: replicate, probe: 2, group: 5, is: isReplicate}

// words are all words. A word's number is its index here, and its form is
// formWord plus that number.
var words = [...]*word{wordReplicate, wordCogToken, wordRegistry, wordCogLogin}

// number returns the word's place among words.
func (w *word) number() int {
	for n, other := range words {
		if w == other {
			return n
		}
	}
	panic("rules: " + w.text + " is missing among the words") // a test looks at all rules
}

// leads returns the anchor that the word is.
func (w *word) leads(find func(view []byte, at int) []Found) Anchor {
	return Anchor{Text: w.text, Find: find, word: w}
}

// maxProbeAt is the largest offset of a probe in its word.
const maxProbeAt = 5

var wordProbes = newWordProbes()

// newWordProbes makes a probe for each spelling of a word in upper and lower
// case.
func newWordProbes() *probeSet {
	var list []probe
	for n, w := range words {
		spellings := []string{""}
		for _, c := range w.text[w.probe : w.probe+probeLen] {
			var longer []string
			for _, s := range spellings {
				longer = append(longer, s+string(c))
				if upper := c &^ 0x20; !w.exact && 'A' <= upper && upper <= 'Z' {
					longer = append(longer, s+string(upper))
				}
			}
			spellings = longer
		}
		for _, s := range spellings {
			list = append(list, probe{s, w.group, formWord + form(n)})
		}
	}
	return newProbeSet(slices.Concat(list, hiddenProbes, wide("pl", "PL", "co", "CO", "r8", "og")))
}

// eachWord calls f for each word that starts in text[from:to], in order, until
// it returns false. No two words overlap.
func eachWord(text []byte, from, to int, f func(at int, w *word) bool) {
	eachHint(text, from, to, f, func(int, form) bool { return true })
}

// eachHint is eachWord. It also calls hidden for each probe in text[from:to]
// that may belong to an encoded word.
func eachHint(text []byte, from, to int, f func(at int, w *word) bool, hidden func(at int, kind form) bool) {
	wordProbes.each(text, from, min(to+maxProbeAt, len(text)), func(p int, kind form) bool {
		if isHidden(kind) {
			return p >= to || !mayHide(text, p, kind) || hidden(p, kind)
		}
		w := words[kind-formWord]
		at := p - w.probe
		if at < from || at >= to || at+len(w.text) > len(text) {
			return true
		}
		if here := text[at : at+len(w.text)]; w.exact && string(here) != w.text || !foldedEqual(here, w.text) {
			return true
		}
		return f(at, w)
	})
}

// nameAhead is how far behind "replicate" isReplicate looks.
const nameAhead = 4

// isReplicate reports whether "replicate" at s is a name: part of the name of a
// credential, with a capital, or next to a character that joins words. As a
// verb the word is in every text about replication, and would make each of them
// a hint.
func isReplicate(b []byte, s int) bool {
	end := s + len(replicate)
	if end == len(b) {
		return isUpper(b[s]) || s > 0 && joins(b[s-1])
	}
	next := b[end:min(len(b), end+nameAhead)]
	switch c := next[0]; {
	case isLetter(c): // replicateToken, not replicated
		return isUpper(c) && !isUpper(b[end-1]) && (startsName(c) || startsClient(next))
	case c == '_' || c == '-' || c == '.':
		if len(next) > 1 && isLetter(next[1]) {
			return c == '.' || startsName(next[1]) || startsClient(next[1:])
		}
	case bytes.IndexByte([]byte("/(\"'`\\:=@"), c) >= 0, isEscaped(next):
		return true
	case c == '\n' || c == '\r' || c == ',': // provider: replicate
		if s > 1 && b[s-1] == ' ' && (b[s-2] == ':' || b[s-2] == '=') {
			return true
		}
	case c == ' ' && len(next) > 1 && isLetter(next[1]):
		return len(next) == 4 && startsTopic(next[1:])
	}
	return isUpper(b[s]) || s > 0 && joins(b[s-1])
}

// isEscaped reports whether b begins with a URL or HTML escape other than that
// of a space.
func isEscaped(b []byte) bool {
	if len(b) < 3 {
		return false
	}
	return b[0] == '%' && bytes.IndexByte([]byte("235"), b[1]) >= 0 && b[2] != '0' || b[0] == '&' && bytes.IndexByte([]byte("q#la"), b[1]) >= 0
}

// joins reports whether a byte before a word makes the word part of a name.
func joins(c byte) bool { return bytes.IndexByte([]byte("._-/@\"'`[:"), c) >= 0 }

// startsName reports whether what follows "replicate" may be: API, token, key,
// webhook, secret, signing, access, auth, bearer, AI.
func startsName(c byte) bool { return bytes.IndexByte([]byte("atkwsb"), lower(c)) >= 0 }

// startsClient reports whether b begins as CLI and client do.
func startsClient(b []byte) bool { return len(b) >= 3 && foldedEqual(b[:3], "cli") }

// startsTopic tells the noun in "Replicate webhook" from the verb in
// "Replicate the data".
func startsTopic(b []byte) bool {
	for _, t := range []string{"api", "tok", "web", "key", "sig", "tra", "run"} {
		if foldedEqual(b, t) {
			return true
		}
	}
	return false
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }

// foldedEqual compares b with a word in lower case, ignoring case.
func foldedEqual(b []byte, lower string) bool {
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
