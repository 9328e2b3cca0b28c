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

// HintLen is the length of the longest word: whether one starts at s depends
// on text[s : s+HintLen] only.
const HintLen = wordLen

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
	if at, _ := nextWord(text, from, to); at >= 0 {
		return true
	}
	return nextRegistry(text, from, to) >= 0
}

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
