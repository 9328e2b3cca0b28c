package rules

import (
	"sort"
	"unicode/utf8"
)

// A word may be in base64, hex, escapes or UTF-16, together with its
// credential. The text around such a word is decoded and searched like other
// text.

const (
	formCode0   form = formWord + 16 + iota // base64 of a word, whose probe begins at the first character of a group of four,
	formCode1                               // at the second,
	formCode2                               // at the third,
	formCode3                               // or at the fourth
	formSpelled                             // the l of replicate in hex or as an escape
)

// hiddenProbes are the rarest parts of the words in base64, at each of the
// three alignments, and a character of each word in hex or escapes. Replicate's
// name has two parts at each alignment, because a line break may split one.
var hiddenProbes = []probe{
	{"Vwb", 5, formCode2}, {"jYX", 0, formCode3}, {"Gxp", 2, formCode1}, {"Y2F", 4, formCode0}, {"XBs", 6, formCode1}, {"Nhd", 4, formCode2}, // replicate, Replicate
	{"kVQ", 0, formCode1}, {"QVR", 0, formCode0}, {"JFU", 1, formCode2}, {"Q0F", 4, formCode0}, {"RVB", 0, formCode0}, {"NBV", 4, formCode2}, // REPLICATE
	{"uaW", 0, formCode3}, {"mlt", 1, formCode1}, {"yOC", 6, formCode3}, // r8.im
	{"9nX", 5, formCode2}, {"vZ1", 0, formCode3}, {"G9r", 2, formCode1}, // cog_token
	{"X1R", 2, formCode0}, {"T0t", 1, formCode0}, {"9LR", 5, formCode2}, // COG_TOKEN
	{"06c", 6, formSpelled}, {"04c", 6, formSpelled}, {"06C", 6, formSpelled}, {"04C", 6, formSpelled}, // 706c69, \u006c
	{"x6c", 6, formSpelled}, {"x4c", 6, formSpelled}, {"%6c", 6, formSpelled}, {"%4c", 6, formSpelled}, {"%6C", 6, formSpelled}, {"%4C", 6, formSpelled}, // \x6c, &#x6c;
	{"82e", 2, formSpelled}, {"82E", 2, formSpelled}, {"75f", 2, formSpelled}, {"75F", 2, formSpelled}, // 382e69 of r8.im, 675f74 of cog_token
	{"#10", 3, formSpelled}, {"#76", 3, formSpelled}, // &#108;
}

// maySpell reports whether the character at a probe may belong to a word. It
// looks no farther than a hint may.
func maySpell(text []byte, at int) bool {
	if at == 0 || at+probeLen+2 > len(text) {
		return false
	}
	next := at + probeLen
	two := string(text[next : next+2])
	switch before := text[at-1]; {
	case text[at] == '8': // 38 2e 69
		return before == '3' && (two == "69" || two == "49")
	case text[at] == '7': // 67 5f 74, 47 5f 54
		return (before == '6' || before == '4') && (two == "74" || two == "54")
	case text[at] == '0' && (before == '7' || before == '5') && (two == "69" || two == "49"): // 70 6c 69
		return true
	case hasAt(text, at, "#108;"):
		next = at + len("#108;")
	case hasAt(text, at, "#76;"):
		next = at + len("#76;")
	case text[at] == '#':
		return false
	case text[next] == ';' || text[next] == '}':
		next++
	}
	c, _, name := unit(text, next)
	return name != "" && lower(c) == 'i'
}

// isWideWord reports whether a word in UTF-16 has its probe at text[at].
func isWideWord(text []byte, at int) bool {
	if at+2*probeLen > len(text) {
		return false
	}
	kind := wordProbes.at([]byte{text[at], text[at+2], text[at+4]})
	if kind < formWord || isHidden(kind) {
		return false
	}
	w := words[kind-formWord]
	from := at - 2*w.probe
	if from < 0 || from+2*len(w.text)-1 > len(text) {
		return false
	}
	for i := range len(w.text) {
		c := text[from+2*i]
		if !w.exact {
			c = lower(c)
		}
		if c != w.text[i] || i > 0 && text[from+2*i-1] != 0 {
			return false
		}
	}
	return true
}

// hidden searches the text around an encoded word.
func (f *finder) hidden(at int, kind form) {
	if f.depth == maxHidden || !mayCode(f.text, at, kind) {
		return
	}
	f.recent.add(at)
	if at < f.anchors || at >= f.to+ownLead {
		return
	}
	low := max(0, at-near)
	view := f.text[low:min(len(f.text), at+ownAhead)]
	d, name := f.room.decodeAround(view, at-low, kind)
	if d.bytes == nil {
		return
	}
	first, last := sort.SearchInts(d.at, at-low-hiddenReach), sort.SearchInts(d.at, at-low+hiddenReach)
	if f.recent.crowded(at) {
		// Each word has a probe of its own.
		probe := sort.SearchInts(d.at, at-low)
		first, last = max(first, probe-ownReach), min(last, probe+ownReach)
	}
	sub := &finder{set: f.set, in: f.in, text: d.bytes, to: len(d.bytes), depth: f.depth + 1}
	sub.words(first, min(last, len(d.bytes)))
	for i := range f.set.besides {
		sub.around(&f.set.besides[i])
	}
	for _, m := range sub.found {
		m = d.outer(m, name)
		if m.Start < at-low-ownLead || m.Start > at-low+anchorReach {
			continue
		}
		if m.Start, m.End = m.Start+low, m.End+low; m.Start >= f.from && m.Start < f.to {
			f.found = append(f.found, m)
		}
	}
}

// mayCode reports whether the base64 next to a probe may be that of a word. It
// decodes a few groups on each side, where decodeAround decodes two kilobytes. If
// something else than base64 is near, such as a line break, it returns true.
func mayCode(text []byte, at int, kind form) bool {
	const behind, ahead = 12, 16 // the longest word takes 12 characters
	if kind == formWide || kind == formSpelled {
		return true
	}
	from := at - int(kind-formCode0) - behind
	if from < 0 || from+behind+ahead > len(text) {
		return true
	}
	var word [(behind + ahead) / 4 * 3]byte
	if someBase64(word[:], text[from:from+behind+ahead], false) < len(word) {
		return true
	}
	for _, w := range words {
		for i := 0; i+len(w.text) <= len(word); i++ {
			if foldedEqual(word[i:i+len(w.text)], w.text) {
				return true
			}
		}
	}
	return false
}

const (
	maxHidden   = 2  // encodings inside each other
	hiddenReach = 64 // how far from its probe an encoded word may be
	ownReach    = 12 // the same in decoded bytes
)

// recent has the places of the last encoded words, so that a text full of them
// does not take long.
type recent struct {
	at [16]int // a ring
	n  int
}

func (r *recent) add(at int) {
	r.at[r.n%len(r.at)] = at
	r.n++
}

// crowded reports whether all of them are shortly before a place.
func (r *recent) crowded(at int) bool {
	const within = near - 32 // so that mayCode sees the same wherever a text is cut
	return r.n >= len(r.at) && at-r.at[r.n%len(r.at)] < within
}

// room is memory for one decoded view.
type room struct {
	chars   []byte
	where   []int
	decoded decoded
}

// decodeAround decodes the text around the probe at a place of a view. What it
// returns is valid until the next call.
func (r *room) decodeAround(view []byte, at int, kind form) (d decoded, name string) {
	switch {
	case kind == formWide:
		return wideAround(view, at), "utf-16"
	case kind != formSpelled:
		left := stretchLeft(view, at, base64Chars)
		r.chars, r.where = stretch(r.chars[:0], r.where[:0], view, left, base64Chars)
		skip := (sort.SearchInts(r.where, at) - int(kind-formCode0)) % 4
		if skip < 0 {
			skip += 4
		}
		if len(r.chars) < skip {
			return decoded{}, ""
		}
		r.decoded = appendBase64(decoded{r.decoded.bytes[:0], r.decoded.at[:0]}, r.chars[skip:], r.where[skip:])
		return r.decoded, "base64"
	case isDigit(view[at]) && isHex(view[at-1]) && isHex(view[at+probeLen]):
		left := stretchLeft(view, at, hexChars)
		r.chars, r.where = stretch(r.chars[:0], r.where[:0], view, left, hexChars)
		skip := (sort.SearchInts(r.where, at) + 1) % 2
		return decodeHex(r.chars[skip:], r.where[skip:]), "hex"
	}
	return unescaped(view)
}

// wideAround decodes the UTF-16 around the unit whose ASCII half is view[at].
func wideAround(view []byte, at int) (d decoded) {
	for i := at % 2; i < len(view); i += 2 {
		c := view[i]
		if c >= utf8.RuneSelf || (i == 0 || view[i-1] != 0) && (i+1 == len(view) || view[i+1] != 0) {
			c = ' ' // neither byte order has ASCII here
		}
		d.bytes, d.at = append(d.bytes, c), append(d.at, i)
	}
	d.at = append(d.at, len(view))
	return d
}

// stretchLeft returns where the run of an alphabet around text[at] begins, over
// line breaks.
func stretchLeft(text []byte, at int, is *charSet) int {
	for at > 0 {
		next := at - 1
		if is[text[next]] {
			// No character of an alphabet begins a line break, so before has to
			// look only where a written one may end.
			run := next
			for run > 0 && is[text[run-1]] {
				run--
			}
			at = min(at, run+maxBreak)
			next = at - 1
		}
		if !is[text[next]] || mayLead(text[next]) {
			next = before(text, at, false)
		}
		if next < 0 || !is[text[next]] {
			break
		}
		at = next
	}
	return at
}

// stretch appends the characters of a run, the place of each, and where the run
// ends.
func stretch(chars []byte, at []int, text []byte, from int, is *charSet) ([]byte, []int) {
	end := from
	for i := from; i < len(text); i++ {
		if !is[text[i]] {
			next := lineJoint(text, i, false)
			if next == i {
				break
			}
			i = next - 1
			continue
		}
		chars, at = append(chars, text[i]), append(at, i)
		end = i + 1
	}
	return chars, append(at, end)
}

// charSet has the characters of an encoding.
type charSet [256]bool

var base64Chars, hexChars = charSetOf(isBase64Any), charSetOf(isHex)

func charSetOf(is func(byte) bool) *charSet {
	var a charSet
	for c := range a {
		a[c] = is(byte(c))
	}
	return &a
}

// decodeHex decodes hex digits. The last element of where is the end.
func decodeHex(digits []byte, where []int) (d decoded) {
	for i := 0; i+1 < len(digits); i += 2 {
		d.bytes, d.at = append(d.bytes, unhex(digits[i])<<4|unhex(digits[i+1])), append(d.at, where[i])
	}
	d.at = append(d.at, where[len(d.bytes)*2])
	return d
}

// isHidden reports whether a probe belongs to an encoded word.
func isHidden(kind form) bool { return kind == formWide || kind >= formCode0 }

// mayHide reports whether the bytes next to a probe allow an encoded word.
func mayHide(text []byte, at int, kind form) bool {
	switch kind {
	case formWide:
		return isWideWord(text, at)
	case formSpelled:
		return maySpell(text, at)
	}
	return true
}
