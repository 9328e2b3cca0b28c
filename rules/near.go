package rules

import "bytes"

// A value under one of Replicate's names that is almost a token should be seen
// by its owner: one in capitals, or one character short or long.

const (
	whyCapital = "R8_ in capitals"
	whyShort   = "a character short"
	whyLong    = "a character long"
)

// nearMisses looks for a value that is almost a token, under a name with
// "replicate" in it.
func nearMisses(b []byte, at int) []Found {
	_, end := nameAround(b, at, at+len(replicate))
	if !legacyName(plainName(b[at:end])) && !clientCall(b, at, &end) {
		return nil
	}
	i := valueOf(b, end).at
	if i < 0 || !prefixAt(b, i) {
		v := span{end, min(len(b), end+maxGap)}
		j := -1
		for _, p := range []string{"r8_", "R8_"} { // the second argument of a look-up
			if k := bytes.Index(v.of(b), []byte(p)); k >= 0 && (j < 0 || k < j) && lineRest(v.of(b)) > k {
				j = k
			}
		}
		if j < 0 {
			return nil
		}
		i = end + j
	}
	if i > 0 && isAlnum(b[i-1]) {
		return nil
	}
	stop := runOf(b, i+len(prefix), bodyLen+8, isAlnum)
	if stop < len(b) && isJoiner(b[stop]) {
		return nil
	}
	return nearMiss(b, i, stop)
}

func prefixAt(b []byte, i int) bool { return hasAt(b, i, prefix) || hasAt(b, i, "R8_") }

// nearMiss judges the value b[i:stop].
func nearMiss(b []byte, i, stop int) []Found {
	f := Found{Start: i, End: stop, Confidence: Low}
	capital := b[i] == 'R'
	switch n := stop - i - len(prefix); {
	case n == bodyLen && !capital:
		return nil // a token
	case n == bodyLen:
		f.Why = whyCapital
	case n == bodyLen-1:
		f.Why = whyShort
	case n == bodyLen+1 && capital:
		f.Why = whyLong // with r8_ it is found as a part of a longer word
	default:
		return nil
	}
	return []Found{f}
}
