package rules

import "bytes"

// A probe is three bytes by which a credential, plain or encoded, is noticed.
// Everything else is looked at only around a probe.
type probe struct {
	bytes string
	rare  int // which of the bytes is rarest in text and code
	group int // 0 to 7: probes that look alike share one, so that few others look like it
	kind  form
}

// form says what a probe may belong to.
type form uint8

const (
	formNone     form = iota
	formPlain         // r8_ itself
	formEscaped       // the 8 or what is around it is written as an escape
	formUTF16         // 8 NUL _
	formHex           // 72385f
	formBase64_0      // the probe begins at the first character of a group of four,
	formBase64_2      // at the third,
	formBase64_3      // or at the fourth
)

// probes are few, since each costs time for every byte that is read. Base64
// has three for each of what may stand in it: a token, one in UTF-16 (as
// PowerShell encodes it), and base64 again; what is encoded begins at the
// first, second or third byte of three, and what stays the same of it is one
// of these.
var probes = []probe{
	{"r8_", 1, 2, formPlain},
	{"8\x00_", 0, 1, formUTF16},
	{"385", 1, 1, formHex},
	{"%38", 2, 0, formEscaped}, {"x38", 2, 2, formEscaped}, {"038", 2, 2, formEscaped}, {"{38", 2, 2, formEscaped}, // %38, \x38 or &#x38;, \u0038, \u{38}
	{"#56", 0, 0, formEscaped}, {"70\\", 2, 1, formEscaped}, // &#56;, \070\137
	{"8%5", 1, 0, formEscaped}, {"r8\\", 1, 2, formEscaped}, {"r8&", 1, 2, formEscaped}, // r8%5F, r8\x5f, r8&#95;
	{`r8"`, 1, 2, formEscaped}, {"r8'", 1, 2, formEscaped}, // "r8" + "_…"
	{"cjh", 1, 6, formBase64_0}, {"I4X", 2, 3, formBase64_2}, {"yOF", 1, 3, formBase64_3}, // r8_
	{"cgA", 2, 6, formBase64_0}, {"IAO", 2, 4, formBase64_2}, {"yAD", 2, 4, formBase64_3}, // r8 in UTF-16
	{"Y2p", 0, 3, formBase64_0}, {"Nqa", 1, 4, formBase64_2}, {"jam", 0, 7, formBase64_3}, // cjhf
	{"STR", 1, 5, formBase64_0}, {"k0W", 2, 7, formBase64_2}, {"JNF", 0, 3, formBase64_3}, // I4X
	{"eU9", 1, 0, formBase64_0}, {"lPR", 1, 5, formBase64_2}, {"5T0", 1, 1, formBase64_3}, // yOF
}

const probeLen = 3

// key packs the three bytes at the start of b.
func key(b []byte) uint32 { return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 }

// formAt returns what the probe at the start of b belongs to.
func formAt(b []byte) form { return probeForms.at(key(b)) }

// formTable is a hash table of the probes' keys without collisions.
type formTable struct {
	keys  [256]uint32
	forms [256]form
	rare  [256]int
	mul   uint32
}

func (t *formTable) slot(key uint32) uint8 { return uint8(key * t.mul >> 24) }

func (t *formTable) at(key uint32) form {
	if i := t.slot(key); t.keys[i] == key {
		return t.forms[i]
	}
	return formNone
}

var probeForms = newFormTable()

// newFormTable tries multipliers until no two probes share a slot.
func newFormTable() *formTable {
	for mul := uint32(2654435761); ; mul += 2 {
		t := &formTable{mul: mul}
		free := true
		for _, p := range probes {
			k := key([]byte(p.bytes))
			i := t.slot(k)
			free = free && t.keys[i] == 0
			t.keys[i], t.forms[i], t.rare[i] = k, p.kind, p.rare
		}
		if free {
			return t
		}
	}
}

// rareBytes lists the rarest bytes of the probes, each once.
var rareBytes = newRareBytes()

func newRareBytes() []byte {
	var out []byte
	for _, p := range probes {
		if b := p.bytes[p.rare]; bytes.IndexByte(out, b) < 0 {
			out = append(out, b)
		}
	}
	return out
}

// passLen is what stays in the processor's cache from one pass to the next.
const passLen = 64 << 10

// eachProbePasses calls f for each probe that starts in text[from:to], not in
// order: with a pass over a stretch of text for each rare byte, since memchr
// is faster than any loop over all bytes.
func eachProbePasses(text []byte, from, to int, f func(at int, kind form)) {
	to = min(to, len(text)-probeLen+1)
	for ; from < to; from += passLen {
		end := min(to, from+passLen)
		for _, b := range rareBytes {
			probesOf(text[:min(len(text), end+probeLen-1)], b, from, end, f)
		}
	}
}

// probesOf calls f for each probe that starts in text[from:to] and whose rarest
// byte is b.
func probesOf(text []byte, b byte, from, to int, f func(at int, kind form)) {
	for p := from; p < len(text); p++ {
		i := bytes.IndexByte(text[p:], b)
		if i < 0 {
			return
		}
		p += i
		for k := range probeLen {
			at := p - k
			if at < from || at >= to || at+probeLen > len(text) {
				continue
			}
			if i := probeForms.slot(key(text[at:])); probeForms.keys[i] == key(text[at:]) && probeForms.rare[i] == k {
				f(at, probeForms.forms[i])
			}
		}
	}
}
