package rules

import (
	"bytes"
	"encoding/binary"
)

// Every rule but the API token's needs one of these words near its match, and
// most text has none of them. They are compared without regard to case.
const (
	wordReplicate = "replicate"
	wordCogToken  = "cog_token"
	wordDocker    = "configjso" // of .dockerconfigjson
	wordRegistry  = "r8.im"
)

// Probing every sixth place is enough because the long words have wordLen
// bytes each and a probe looks at gramLen of them.
const (
	wordLen = 9
	gramLen = 4
	stride  = wordLen - gramLen + 1
)

// Whether a hint starts at s depends on text[s-HintBehind : s+HintAhead] only.
const (
	HintBehind = 1
	HintAhead  = wordLen + 4
)

// longWords are those of wordLen bytes, in lower case.
var longWords = [...]string{wordReplicate, wordCogToken, wordDocker}

// grams holds, by their hash, the groups of gramLen bytes that stand in a long
// word: 1 + stride*word + place in it; 0 for none. No two have the same hash. It
// is built once and never written again.
var grams = gramTable()

func gramTable() (table [1 << gramBits]uint8) {
	for n, w := range longWords {
		for i := range stride {
			table[gram([]byte(w[i:]))] = uint8(1 + stride*n + i)
		}
	}
	return table
}

const gramBits = 12

// gram hashes the first gramLen bytes of b, upper case as lower case.
func gram(b []byte) uint32 {
	x := binary.LittleEndian.Uint32(b) | 0x20202020
	return x * 0x85ebca6b >> (32 - gramBits)
}

// Hint reports whether a word that a sibling needs starts in text[from:to]. A
// text without one holds no sibling.
func Hint(text []byte, from, to int) bool {
	if to-from < 4*stride && !anyProbe(text, from, to) { // most ranges that deltas add are a few bytes
		return nextRegistry(text, from, to) >= 0
	}
	for at := from; at < to; at++ {
		var word string
		if at, word = nextWord(text, at, to); at < 0 {
			break
		}
		if word != wordReplicate || isReplicate(text, at) {
			return true
		}
	}
	return nextRegistry(text, from, to) >= 0
}

// anyProbe reports whether a probe for the words that start in text[from:to]
// hits.
func anyProbe(text []byte, from, to int) bool {
	for p, end := from+stride-1, min(to+stride-1, len(text)-gramLen+1); p < end; p += stride {
		if grams[gram(text[p:])] != 0 {
			return true
		}
	}
	return false
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
	next := b[end:min(len(b), end+HintAhead-wordLen)]
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

// nextWord returns where the first long word that starts in text[from:to]
// starts, and which it is; -1 if there is none.
func nextWord(text []byte, from, to int) (int, string) {
	end := min(to+stride-1, len(text)-gramLen+1)
	for p := from + stride - 1; p < end; p += stride {
		for p+4*stride <= end && !anyGram((*[3*stride + gramLen]byte)(text[p:])) {
			p += 4 * stride
		}
		if p >= end {
			break
		}
		g := grams[gram(text[p:])]
		if g == 0 {
			continue
		}
		at, w := p-int(g-1)%stride, longWords[int(g-1)/stride]
		if at < to && at+wordLen <= len(text) && foldedEqual(text[at:at+wordLen], w) {
			return at, w
		}
	}
	return -1, ""
}

// anyGram reports whether one of four probes hits: one branch for four is what
// makes the search fast.
func anyGram(b *[3*stride + gramLen]byte) bool {
	return grams[gram(b[:])]|grams[gram(b[stride:])]|grams[gram(b[2*stride:])]|grams[gram(b[3*stride:])] != 0
}

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

// nextRegistry returns where the first "r8.im" that starts in text[from:to]
// starts, -1 if there is none.
func nextRegistry(text []byte, from, to int) int {
	end := min(to+1, len(text)-len(wordRegistry)+2)
	for p := from + 1; p < end; p++ {
		i := bytes.IndexByte(text[p:end], '8')
		if i < 0 {
			return -1
		}
		p += i
		if bytes.HasPrefix(text[p-1:], []byte(wordRegistry)) {
			return p - 1
		}
	}
	return -1
}
