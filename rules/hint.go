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

// grams tells which groups of gramLen bytes stand in a long word. It is built
// once and never written again.
var grams = gramTable()

func gramTable() (table [1 << gramBits]bool) {
	for _, w := range longWords {
		for i := range stride {
			table[gram([]byte(w[i:]))] = true
		}
	}
	return table
}

const gramBits = 12

// gram hashes the first gramLen bytes of b, upper case as lower case.
func gram(b []byte) uint32 {
	x := binary.LittleEndian.Uint32(b) | 0x20202020
	return x * 0x9e3779b1 >> (32 - gramBits)
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
		if !grams[gram(text[p:p+gramLen])] {
			continue
		}
		for s := p - stride + 1; s <= min(p, to-1); s++ {
			if w := wordAt(text[s:]); w != "" {
				return s, w
			}
		}
	}
	return -1, ""
}

func wordAt(b []byte) string {
	for _, w := range longWords {
		if len(b) >= wordLen && foldedEqual(b[:wordLen], w) {
			return w
		}
	}
	return ""
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
