package rules

import (
	"bytes"
	"slices"
	"strings"
)

const (
	maxLead  = 64  // bytes from the start of a match to its probe, which may be on the next line
	nextLead = 12  // the same in what was decoded from around a probe, which is in one piece
	maxSpan  = 480 // bytes of a match in any encoding
	maxDepth = 3   // encodings inside each other
)

// appendEncoded appends the matches of the probe at a place that start in
// text[from:to].
func appendEncoded(dst []Match, text []byte, at int, kind form, from, to, depth int) []Match {
	var m Match
	var ok bool
	switch kind {
	case formPlain:
		m, ok = spelled(text, at) // over several literals
	case formEscaped:
		m, ok = escaped(text, at)
	case formEight:
		m, ok = behindBreak(text, at)
	case formHex:
		m, ok = hexadecimal(text, at)
	default:
		if depth == maxDepth {
			return dst
		}
		look := inBase64
		if kind == formWide {
			look = inUTF16
		}
		for _, m := range look(text, at, kind, depth) {
			if m.Start >= from && m.Start < to {
				dst = append(dst, m)
			}
		}
		return dst
	}
	if ok && m.Start >= from && m.Start < to {
		dst = append(dst, m)
	}
	return dst
}

// decoded is a decoded part of a text. at[i] is where the i-th byte begins in
// the text. The last element of at is where the part ends.
type decoded struct {
	bytes []byte
	at    []int
}

// judge looks for a token that starts at the i-th decoded byte.
func (d decoded) judge(i int, encoding string) (Match, bool) {
	m, ok := judge(d.bytes, i)
	if !ok || m.Why == whyJoined {
		return Match{}, false
	}
	if encoding == "hex" {
		amidBinary(&m, d.bytes)
	}
	return d.outer(m, encoding), true
}

// outer turns a match in the decoded bytes into one in the text.
func (d decoded) outer(m Match, encoding string) Match {
	m.Start, m.End = d.at[m.Start], d.at[m.End]
	m.Encoding = append([]string{encoding}, m.Encoding...)
	return m
}

// hexadecimal looks for a token around the "38" of 72385f.
func hexadecimal(text []byte, at int) (Match, bool) {
	start := before(text, at, true) - 1
	if start < 0 || text[start] != '7' || text[start+1] != '2' {
		return Match{}, false
	}
	if low, _ := gather(text, at+2, 2, true, isHex); len(low) < 2 || low[0] != '5' || low[1]|0x20 != 'f' {
		return Match{}, false
	}
	left := start
	for left > 0 && start-left < edgeLen && isHex(text[left-1]) {
		left--
	}
	left += (start - left) % 2
	digits, at2 := gather(text, left, start-left+2*(tokenLen+2), true, isHex)
	var d decoded
	for i := 0; i+1 < len(digits); i += 2 {
		d.bytes, d.at = append(d.bytes, unhex(digits[i])<<4|unhex(digits[i+1])), append(d.at, at2[i])
	}
	d.at = append(d.at, at2[len(d.bytes)*2])
	return d.judge((start-left)/2, "hex")
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// gather collects up to n characters of an alphabet from text[from:] on. It
// continues over line breaks and what is around them. It returns the
// characters, the place of each, and the end as one more place.
func gather(text []byte, from, n int, diff bool, is func(byte) bool) (chars []byte, at []int) {
	chars, at = make([]byte, 0, n), make([]int, 0, n+1)
	i, end := from, from
	for ; i < len(text) && len(chars) < n && i-from < maxSpan; i++ {
		if !is(text[i]) {
			if next := lineJoint(text, i, diff); next > i {
				i = next - 1
				continue
			}
			break
		}
		chars, at = append(chars, text[i]), append(at, i)
		end = i + 1
	}
	return chars, append(at, end)
}

func hasAt(text []byte, i int, s string) bool {
	return len(text)-i >= len(s) && string(text[i:i+len(s)]) == s
}

// base64Len is the number of characters to decode from a group on. A token that
// was encoded three times takes 104.
const base64Len = 160

// nearby is the largest distance from a decoded probe to the start of its
// match.
const nearby = 4

// inBase64 looks for the token of one probe. Other tokens in the same base64
// have probes of their own. Looking for all of them from each probe would take
// exponential time in the depth.
func inBase64(text []byte, at int, kind form, depth int) []Match {
	if kind == formBase64_0 && !startsGroup(text[at:]) {
		return nil
	}
	if kind != formBase64_4 {
		return fromGroup(text, at, leadOf(kind), depth)
	}
	if y := before(text, at, false); y >= 0 && bytes.IndexByte([]byte("yjJ5"), text[y]) >= 0 {
		if found := fromGroup(text, y, 3, depth); len(found) > 0 {
			return found
		}
	}
	if at > 0 && (text[at-1] == '+' || text[at-1] == '-' || !isBase64Any(text[at-1])) { // a diff's line, which may be a comment
		if y := before(text, at, true); y >= 0 && y < at-1 && bytes.IndexByte([]byte("yjJ5"), text[y]) >= 0 {
			return inLines(text, y, 3, depth, true)
		}
	}
	if text[at] == 'T' { // OF8 that is itself behind the end of a line
		return fromGroup(text, at, 0, depth)
	}
	return nil
}

// startsGroup reports whether the fourth character of a group fits the three of
// a probe. It rejects other words that begin with STR.
func startsGroup(text []byte) bool {
	if len(text) <= probeLen {
		return false
	}
	is := "G" // eU9G, Ck9G
	switch text[0] {
	case 'c':
		is = "f4" // cjhf, cgA4
	case 'Y':
		is = "o" // Y2po
	case 'S':
		is = "YKNcinlmg98j" // STRY, and I4 in front of each of lineEnds
	}
	return strings.IndexByte(is, text[probeLen]) >= 0
}

// fromGroup looks for the token whose probe is lead characters after the start
// of a group of four.
func fromGroup(text []byte, at, lead, depth int) []Match {
	found := inLines(text, at, lead, depth, false)
	if len(found) == 0 && maybeDiff(text, at) {
		return inLines(text, at, lead, depth, true)
	}
	return found
}

// maybeDiff reports whether the line at text[at] ends and the next line may be
// one of a diff.
func maybeDiff(text []byte, at int) bool {
	end := runOf(text, at, maxSpan, isBase64Any)
	return lineJoint(text, end, true) != lineJoint(text, end, false)
}

// inLines is fromGroup for plain lines or for lines of a diff.
func inLines(text []byte, at, lead, depth int, diff bool) []Match {
	if at < lead || !promising(text, at-lead, depth, diff) {
		return nil
	}
	left, count := leftOf(text, at, leftLen+lead, diff)
	if count < lead {
		return nil
	}
	chars, where := gather(text, left, count+base64Len, diff, isBase64Any)
	skip := (count - lead) % 4
	if len(chars) < skip {
		return nil
	}
	d := decode64(chars[skip:], where[skip:])
	probe := (count - skip) / 4 * 3
	from := max(0, probe-nearby)
	inner := find(nil, d.bytes, from, min(probe+nearby, len(d.bytes)), depth+1)
	inner = slices.DeleteFunc(inner, func(m Match) bool { return m.Why == whyJoined })
	for i, m := range inner {
		// The next line may be another text.
		if end := d.at[m.End]; m.Confidence < High && end > 0 && !isBase64Any(text[end-1]) {
			alone := m
			if ms := find(nil, d.bytes[:m.End], m.Start, m.Start+1, depth+1); len(ms) == 1 {
				alone = ms[0]
			}
			if alone.Confidence > m.Confidence {
				m = alone
			}
		}
		inner[i] = d.outer(m, "base64")
	}
	return inner
}

// leftLen is the number of base64 characters before a token that are decoded.
const leftLen = 40

// leftOf goes back from text[at] over up to n characters of base64 and over at
// most one line break. It returns where it arrives, and the number of
// characters.
func leftOf(text []byte, at, n int, diff bool) (left, count int) {
	left = at
	for broken := false; count < n && left > 0; count++ {
		next := left - 1
		if !broken && (!isBase64Any(text[next]) || mayLead(text[next])) {
			if next = before(text, left, diff); next < left-1 {
				broken = true
			}
		}
		if next < 0 || !isBase64Any(text[next]) {
			break
		}
		left = next
	}
	return left, count
}

// promising decodes some characters from a group on, and reports whether they
// continue as a token. It decodes few first, then more. So a text full of
// probes does not take long.
func promising(text []byte, group, depth int, diff bool) bool {
	return goesOn(text, group, 16, depth, diff) && goesOn(text, group, sample, depth, diff)
}

// sample is the number of characters that promising decodes: more than a token
// that was encoded twice takes.
const sample = 112

func goesOn(text []byte, group, n, depth int, diff bool) bool {
	var buf [sample / 4 * 3]byte
	d := buf[:someBase64(buf[:n/4*3], text[group:], diff)]
	for i := 0; i <= nearby && i+probeLen <= len(d); i++ {
		if follows(d, i, n, depth, diff) {
			return true
		}
	}
	return false
}

// follows reports whether a probe is at d[i] and the bytes after it may be part
// of a token.
func follows(d []byte, i, n, depth int, diff bool) bool {
	kind := tokenProbes.at(d[i:])
	switch kind {
	case formNone:
		return false
	case formPlain:
		return all(d[i+probeLen:min(len(d), i+tokenLen)], isAlnum) || spellsOn(d, i+2)
	case formEscaped, formEight:
		return spellsOn(d, behindEight(d, i))
	case formWide:
		return tokenProbes.wide(d, i) != formNone
	case formHex:
		return all(d[i+2:min(len(d), i+2*bodyLen)], func(c byte) bool { return isHex(c) || isBreak(c) })
	}
	if !all(d[i:min(len(d), i+tokenLen)], func(c byte) bool { return isBase64Any(c) || isBreak(c) }) {
		return false
	}
	group := i - leadOf(kind)
	// The group of the last form is the one before, which may be on another
	// line.
	return kind == formBase64_4 || group < 0 || depth+1 < maxDepth && (goesOn(d, group, n, depth+1, false) || maybeDiff(d, i) && goesOn(d, group, n, depth+1, true))
}

// all reports whether is returns true for each byte of b.
func all(b []byte, is func(byte) bool) bool {
	for _, c := range b {
		if !is(c) {
			return false
		}
	}
	return true
}

// isBreak reports whether c may be next to a line break or part of a written
// one.
func isBreak(c byte) bool { return isTrailer(c) || mayLead(c) }

// behindEight returns where the 8 of the probe for an escape at d[i] ends.
func behindEight(d []byte, i int) int {
	switch {
	case d[i] == '8':
		return i + 1
	case d[i+1] == '8', d[i+1] == '0': // r8 and what follows it; 70 of \070
		return i + 2
	}
	i += 3
	if i < len(d) && (d[i] == '}' || d[i] == ';') {
		i++
	}
	return i
}

// spellsOn reports whether d may continue with the _ and the body of a token.
// The end of the body may be missing.
func spellsOn(d []byte, i int) bool {
	const longest = 12 // \\U00000072
	last := byte('8')
	for n := 0; n <= bodyLen && i+longest <= len(d); n++ {
		i = over(d, i, last, nothing)
		c, next, _ := unit(d, i)
		if n == 0 && c != '_' || n > 0 && !isAlnum(c) {
			return false
		}
		last, i = c, next
	}
	return true
}

// leadOf returns the number of characters of its group before a probe.
func leadOf(kind form) int {
	switch kind {
	case formBase64_2:
		return 2
	case formBase64_3:
		return 3
	}
	return 0
}

// someBase64 decodes base64 at the start of text into dst, over line breaks as
// gather does, and returns the number of bytes.
func someBase64(dst, text []byte, diff bool) int {
	n, bits, have := 0, uint32(0), 0
	text = text[:min(len(text), maxSpan)]
	for i := 0; i < len(text) && n < len(dst); i++ {
		for have == 0 && len(text)-i > 4 && n+3 <= len(dst) { // whole groups take a third of the time
			a, b, c, d := values64[text[i]], values64[text[i+1]], values64[text[i+2]], values64[text[i+3]]
			if a|b|c|d == noValue {
				break
			}
			dst[n], dst[n+1], dst[n+2] = a<<2|b>>4, b<<4|c>>2, c<<6|d
			n, i = n+3, i+4
		}
		if n == len(dst) {
			break
		}
		v := values64[text[i]]
		if v == noValue {
			next := lineJoint(text, i, diff)
			if next == i {
				break
			}
			i = next - 1
			continue
		}
		bits, have = bits<<6|uint32(v), have+6
		if have >= 8 {
			have -= 8
			dst[n] = byte(bits >> have)
			n++
		}
	}
	return n
}

func isBase64Any(c byte) bool { return values64[c] != noValue }

// values64 maps the characters of both base64 alphabets to their values, and
// all others to noValue. It never changes.
var values64 = newValues64()

const noValue = 0xff

func newValues64() (values [256]byte) {
	for i := range values {
		values[i] = noValue
	}
	for _, alphabet := range []string{"+/", "-_"} {
		for i, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + alphabet {
			values[c] = byte(i)
		}
	}
	return values
}

// decode64 decodes characters of either base64 alphabet. The last element of
// where is the end.
func decode64(chars []byte, where []int) decoded {
	return appendBase64(decoded{bytes: make([]byte, 0, len(chars)*3/4), at: make([]int, 0, len(chars)*3/4+1)}, chars, where)
}

// appendBase64 is decode64 into memory that is there.
func appendBase64(d decoded, chars []byte, where []int) decoded {
	i := 0
	for ; i+4 <= len(chars); i += 4 {
		a, b, c, e := values64[chars[i]], values64[chars[i+1]], values64[chars[i+2]], values64[chars[i+3]]
		d.bytes, d.at = append(d.bytes, a<<2|b>>4, b<<4|c>>2, c<<6|e), append(d.at, where[i:i+3]...)
	}
	bits, have := uint32(0), 0
	for ; i < len(chars); i++ {
		c := chars[i]
		bits, have = bits<<6|uint32(values64[c]), have+6
		if have >= 8 {
			have -= 8
			// The byte began in this character, or in the one before.
			begun := i
			if have+8 > 6 {
				begun--
			}
			d.bytes, d.at = append(d.bytes, byte(bits>>have)), append(d.at, where[max(0, begun)])
		}
	}
	d.at = append(d.at, where[len(where)-1])
	return d
}
