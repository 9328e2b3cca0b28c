package rules

import "bytes"

// Every rule but the API token's needs one of these words near its match, and
// most text has none of them. They are compared without regard to case, but
// for the registry's.
const (
	wordReplicate = "replicate"
	wordCogToken  = "cog_token"
	wordDocker    = "configjso" // of .dockerconfigjson
	wordRegistry  = "r8.im"
)

// Whether a hint starts at s depends on text[s-HintBehind : s+HintAhead] only.
const (
	HintBehind = 1
	HintAhead  = len(wordReplicate) + 4
)

// hintWord is a word and the probe by which it is found: its three rarest
// bytes.
type hintWord struct {
	text  string
	probe int // where in the word the probe is
	exact bool
}

// hintWords are numbered as the forms from formWord on.
var hintWords = [...]hintWord{{wordReplicate, 2, false}, {wordCogToken, 0, false}, {wordDocker, 5, false}, {wordRegistry, 0, true}}

// maxProbeAt is the largest of the places of the probes.
const maxProbeAt = 5

var wordProbes = newWordProbes()

// newWordProbes makes a probe for each way to write a word's in upper and lower
// case.
func newWordProbes() *probeSet {
	var list []probe
	for n, w := range hintWords {
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
			list = append(list, probe{s, n, formWord + form(n)})
		}
	}
	return newProbeSet(list)
}

// Hint reports whether a word that a sibling needs starts in text[from:to]. A
// text without one holds no sibling.
func Hint(text []byte, from, to int) bool {
	hint := false
	eachWord(text, from, to, func(at int, word string) bool {
		hint = word != wordReplicate || isReplicate(text, at)
		return !hint
	})
	return hint
}

// eachWord calls f for each word that starts in text[from:to], in order, until
// it returns false. No two words overlap.
func eachWord(text []byte, from, to int, f func(at int, word string) bool) {
	wordProbes.each(text, from, min(to+maxProbeAt, len(text)), func(p int, kind form) bool {
		w := &hintWords[kind-formWord]
		at := p - w.probe
		if at < from || at >= to || at+len(w.text) > len(text) {
			return true
		}
		if here := text[at : at+len(w.text)]; w.exact && string(here) != w.text || !foldedEqual(here, w.text) {
			return true
		}
		return f(at, w.text)
	})
}

// isReplicate reports whether "replicate" at s is used as a name: as part of
// one that a credential may have, with a capital, or next to what joins it with
// another word. The verb is everywhere in what replicates data, and would make
// every text there a hint.
func isReplicate(b []byte, s int) bool {
	end := s + len(wordReplicate)
	if end == len(b) {
		return isUpper(b[s]) || s > 0 && joins(b[s-1])
	}
	next := b[end:min(len(b), end+HintAhead-len(wordReplicate))]
	switch c := next[0]; {
	case isLetter(c): // replicateToken, not replicated
		return isUpper(c) && !isUpper(b[end-1]) && startsName(c)
	case c == '_' || c == '-' || c == '.':
		if len(next) > 1 && isLetter(next[1]) {
			return c == '.' || startsName(next[1])
		}
	case bytes.IndexByte([]byte("/(\"'`\\:=@"), c) >= 0:
		return true
	case c == ' ' && len(next) > 1 && isLetter(next[1]):
		return len(next) == 4 && startsTopic(next[1:])
	}
	return isUpper(b[s]) || s > 0 && joins(b[s-1])
}

// joins reports whether a byte in front of a word makes it part of a name.
func joins(c byte) bool { return bytes.IndexByte([]byte("._-/@\"'`"), c) >= 0 }

// startsName reports whether what follows "replicate" may be: API, token, key,
// webhook, secret, signing, access, auth, bearer, AI.
func startsName(c byte) bool { return bytes.IndexByte([]byte("atkwsb"), lower(c)) >= 0 }

// startsTopic tells the noun in "Replicate webhook" from the verb in
// "Replicate the data".
func startsTopic(b []byte) bool {
	for _, t := range []string{"api", "tok", "web", "key", "sig"} {
		if foldedEqual(b, t) {
			return true
		}
	}
	return false
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }

// foldedEqual compares b with a word in lower case.
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
