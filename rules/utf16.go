package rules

import (
	"unicode/utf16"
	"unicode/utf8"
)

const (
	wideBehind = TokenBehind          // bytes in front of a probe that are decoded with it
	wideAhead  = TokenAhead - maxLead // the same behind it
)

// wide returns the form of the probe at text[i] whose bytes have zeros between
// them.
func (s *probeSet) wide(text []byte, i int) form {
	if i+4 >= len(text) {
		return formNone
	}
	third := text[i+4]
	if text[i+3] != 0 || i+5 < len(text) && text[i+5] != 0 {
		third = 0xe2 // it may be an invisible character
	}
	if kind := s.at([]byte{text[i], text[i+2], third}); kind != formNone || i < 2 {
		return kind
	}
	return s.at([]byte{text[i-2], text[i], text[i+2]})
}

// inUTF16 looks for the tokens of the probe at a place. text[at] is the ASCII
// half of the first unit. Both byte orders are tried.
func inUTF16(text []byte, at int, _ form, depth int) []Match {
	if kind := tokenProbes.wide(text, at); kind == formNone || kind == formWide {
		return nil
	}
	little := findWide(text, at, 0, depth)
	if at == 0 || text[at-1] != 0 { // the first unit has no upper half
		return little
	}
	big := findWide(text, at, 1, depth)
	// Between other text both byte orders fit. At the ends, and next to
	// characters that are not ASCII, the wrong one sees other neighbors and may
	// call a token part of a longer word.
	if len(little) == 0 || len(big) > 0 && (little[0].End+1 == len(text) || big[0].Confidence > little[0].Confidence) {
		return big
	}
	return little
}

// findWide is inUTF16 for one byte order: low is the index of the ASCII half in
// a unit.
func findWide(text []byte, at, low, depth int) []Match {
	d, probe := decode16(text, at, low)
	found := find(nil, d.bytes, max(0, probe-maxLead), probe+1, depth+1)
	kept := found[:0]
	for _, m := range found {
		// A match without this probe belongs to another probe, and says nothing
		// about the byte order here.
		if m.Why != whyJoined && m.Start <= probe && probe < m.End {
			kept = append(kept, d.outer(m, "utf-16"))
		}
	}
	return kept
}

// decode16 decodes the UTF-16 around text[at] to UTF-8, and returns the place
// of that unit in it.
func decode16(text []byte, at, low int) (d decoded, probe int) {
	first := at - low
	from, to := first-wideBehind+2, min(len(text), first+wideAhead)
	if from < 0 {
		from = first % 2
	}
	d.bytes, d.at = make([]byte, 0, to-from), make([]int, 0, to-from)
	for i := from; i+1 < to; i += 2 {
		if i == first {
			probe = len(d.bytes)
		}
		r := rune(text[i+low]) | rune(text[i+1-low])<<8
		if utf16.IsSurrogate(r) {
			r = utf8.RuneError
		}
		n := len(d.bytes)
		d.bytes = utf8.AppendRune(d.bytes, r)
		for range len(d.bytes) - n {
			d.at = append(d.at, i)
		}
	}
	d.at = append(d.at, from+(to-from)/2*2)
	return d, probe
}
