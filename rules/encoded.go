package rules

import "slices"

const (
	maxLead  = 16  // bytes from the start of a match to its probe
	maxSpan  = 480 // bytes of a match in any encoding
	maxDepth = 3   // encodings inside each other
)

// appendEncoded appends the matches that start in text[from:to] and that the
// probe at belongs to.
func appendEncoded(dst []Match, text []byte, at int, kind form, from, to, depth int) []Match {
	var m Match
	var ok bool
	switch kind {
	case formPlain:
		m, ok = spelled(text, at) // over several literals
	case formEscaped:
		m, ok = escaped(text, at)
	case formUTF16:
		m, ok = utf16(text, at)
	case formHex:
		m, ok = hexadecimal(text, at)
	default:
		if depth < maxDepth {
			for _, m := range base64(text, at, kind, depth) {
				if m.Start >= from && m.Start < to {
					dst = append(dst, m)
				}
			}
		}
		return dst
	}
	if ok && m.Start >= from && m.Start < to {
		dst = append(dst, m)
	}
	return dst
}

// decoded is a stretch of text after decoding. at[i] is where the i-th byte
// began in the text, and the last of at where the stretch ended.
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
	return d.outer(m, encoding), true
}

// outer turns a match in the decoded bytes into one in the text.
func (d decoded) outer(m Match, encoding string) Match {
	m.Start, m.End = d.at[m.Start], d.at[m.End]
	m.Encoding = append([]string{encoding}, m.Encoding...)
	return m
}

// utf16 looks at the "8 NUL _" at a place: either byte order has it.
func utf16(text []byte, at int) (Match, bool) {
	if at < 2 || text[at-2] != 'r' || text[at-1] != 0 {
		return Match{}, false
	}
	// Amid other text both orders fit; at its ends only the right one sees
	// what stands beside the token.
	little, ok := units16(text, at-2, 0).judge(edgeLen/2, "utf-16")
	big, ok2 := units16(text, at-3, 1).judge(edgeLen/2, "utf-16")
	if !ok || ok2 && big.Confidence < little.Confidence {
		return big, ok2
	}
	return little, ok
}

// units16 decodes UTF-16 around the unit at start, whose ASCII character is its
// byte number low, so that it becomes the decoded byte number edgeLen/2. Units
// that are no ASCII, or lie outside of text, become 0xff, which is an edge.
func units16(text []byte, start, low int) decoded {
	var d decoded
	for i := start - edgeLen; i < start+2*(tokenLen+2); i += 2 {
		c := byte(0xff)
		if i >= 0 && i+1 < len(text) && text[i+1-low] == 0 {
			c = text[i+low]
		}
		d.bytes, d.at = append(d.bytes, c), append(d.at, i)
	}
	return d
}

// hexadecimal looks at the "385" of 72385f at a place.
func hexadecimal(text []byte, at int) (Match, bool) {
	start := at - 2
	if start < 0 || text[start] != '7' || text[start+1] != '2' || at+3 >= len(text) || text[at+3]|0x20 != 'f' {
		return Match{}, false
	}
	left := start
	for left > 0 && start-left < edgeLen && isHex(text[left-1]) {
		left--
	}
	left += (start - left) % 2
	digits, at2 := gather(text, left, start-left+2*(tokenLen+2), isHex)
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
// goes on over line breaks, as encoders wrap lines, with the spaces behind
// them. It returns where each stood, and one more: the end.
func gather(text []byte, from, n int, is func(byte) bool) (chars []byte, at []int) {
	i, end := from, from
	for ; i < len(text) && len(chars) < n && i-from < maxSpan; i++ {
		if !is(text[i]) {
			if next := lineBreak(text, i); next > i {
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

// lineBreak returns what follows a line break at text[i], or its escape in a
// string, and the white space behind it; i if there is none.
func lineBreak(text []byte, i int) int {
	j := i
	for _, form := range []string{"\r\n", "\n", `\r\n`, `\n`} {
		if hasAt(text, i, form) {
			j = i + len(form)
			break
		}
	}
	if j == i {
		return i
	}
	for j < len(text) && j-i < 64 && (text[j] == ' ' || text[j] == '\t') {
		j++
	}
	return j
}

func hasAt(text []byte, i int, s string) bool {
	return len(text)-i >= len(s) && string(text[i:i+len(s)]) == s
}

// base64Len is how many characters are decoded from a group on: a token that
// was encoded three times takes 104.
const base64Len = 160

// base64 looks for tokens in the base64 around the probe at a place.
func base64(text []byte, at int, kind form, depth int) []Match {
	lead := map[form]int{formBase64_0: 0, formBase64_2: 2, formBase64_3: 3}[kind]
	left := at
	for left > 0 && at-left < edgeLen+lead && isBase64(text[left-1]) {
		left--
	}
	if at-left < lead {
		return nil
	}
	left += (at - lead - left) % 4
	chars, where := gather(text, left, at-left+base64Len, isBase64)
	d := decode64(chars, where)
	inner := find(nil, d.bytes, 0, len(d.bytes), depth+1)
	inner = slices.DeleteFunc(inner, func(m Match) bool { return m.Why == whyJoined })
	for i, m := range inner {
		inner[i] = d.outer(m, "base64")
	}
	return inner
}

func isBase64(c byte) bool { return isAlnum(c) || c == '+' || c == '/' || c == '-' || c == '_' }

// decode64 decodes characters of either alphabet of base64; where they stood
// has one more for the end.
func decode64(chars []byte, where []int) decoded {
	d := decoded{bytes: make([]byte, 0, len(chars)*3/4), at: make([]int, 0, len(chars)*3/4+1)}
	bits, have := uint32(0), 0
	for i, c := range chars {
		bits, have = bits<<6|uint32(value64(c)), have+6
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

func value64(c byte) byte {
	switch {
	case 'A' <= c && c <= 'Z':
		return c - 'A'
	case 'a' <= c && c <= 'z':
		return c - 'a' + 26
	case '0' <= c && c <= '9':
		return c - '0' + 52
	case c == '+' || c == '-':
		return 62
	}
	return 63
}
