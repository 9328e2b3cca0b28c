package rules

import (
	"encoding/binary"
	"slices"
	"sync"
)

// A probe is three bytes that every credential of one form, plain or encoded,
// or a word contains. The search looks closer around probes only.
type probe struct {
	bytes string // two if the third may be any, as one in a set may have it
	group int    // 0 to 7: probes that look alike share one, so that few others look like it
	kind  form
}

// form says what a probe may belong to.
type form uint8

const (
	formNone     form = iota
	formPlain         // r8_ itself
	formEscaped       // the 8 or what is around it is written as an escape
	formEight         // 8_ behind something else than an r
	formWide          // two characters of a probe in UTF-16
	formHex           // 72385f
	formBase64_0      // the probe begins at the first character of a group of four,
	formBase64_2      // at the third,
	formBase64_3      // or at the fourth
	formBase64_4      // at the first of the group behind the one in which the token begins

	formWord // and those behind it: the number of a word
)

// tokenProbes are few, because each takes time for every byte of input. A token
// in plain text has a probe around its 8: the 8 is escaped, a _ follows it, or
// a break follows r8. Base64 has three probes, one for each alignment, for each
// of: a token, a token in UTF-16 (as PowerShell encodes it), and base64 of a
// token. Lines of base64 and hex break between groups. The probes that such a
// break splits have variants that end in the line break.
var tokenProbes = newProbeSet(slices.Concat([]probe{
	{"r8_", 4, formPlain}, {"8_", 6, formEight},
	{"%38", 1, formEscaped}, {"x38", 1, formEscaped}, {"038", 1, formEscaped}, {"{38", 1, formEscaped}, {"=38", 1, formEscaped}, // %38, \x38 or &#x38;, \u0038, \u{38}
	{"#56", 1, formEscaped}, {"70\\", 0, formEscaped}, {"70_", 0, formEscaped}, // &#56;, \070\137
	{"8\x1b[", 6, formEscaped}, {"8\x1b(", 6, formEscaped}, {"8%5", 1, formEscaped}, {"8=5", 1, formEscaped}, {"8=\n", 6, formEscaped}, {"8=\r", 6, formEscaped}, // the break behind the r may be any
	{"8\xc2\xad", 3, formEscaped}, {"8\xe2\x80", 3, formEscaped}, {"8\xe2\x81", 3, formEscaped}, {"8\xef\xbb", 6, formEscaped},
	{";8&", 6, formEscaped}, {"28\\", 2, formEscaped}, {"}8\\", 2, formEscaped},
	{"385", 6, formHex},
	{"cjh", 3, formBase64_0}, {"I4X", 5, formBase64_2}, // r8_
	{"OF8", 1, formBase64_4}, {"OF9", 1, formBase64_4}, {"OF+", 0, formBase64_4}, {"OF/", 0, formBase64_4}, // behind a y
	{"OF-", 0, formBase64_4}, {"OF_", 0, formBase64_4},
	{"cgA", 3, formBase64_0}, {"IAO", 0, formBase64_2}, {"yAD", 0, formBase64_3}, // r8 in UTF-16
	{"Y2p", 5, formBase64_0}, {"Nqa", 5, formBase64_2}, {"jam", 3, formBase64_3}, {"amh", 3, formBase64_4}, // cjhf; behind a j
	{"STR", 2, formBase64_0}, {"k0W", 4, formBase64_2}, {"JNF", 3, formBase64_3}, {"NFg", 0, formBase64_4}, {"NFh", 0, formBase64_4}, // I4X; behind a J
	{"eU9", 1, formBase64_0}, {"lPR", 4, formBase64_2}, {"5T0", 2, formBase64_3}, {"T0Y", 5, formBase64_4}, {"T0Z", 5, formBase64_4}, // yOF; behind a 5
	{"STQ", 2, formBase64_0}, {"k0C", 4, formBase64_2}, {"k0D", 4, formBase64_2}, {"JNA", 3, formBase64_3}, // I4 at the end of a line; T0Y, T0Z:
	{"Ck9", 1, formBase64_0}, {"pPR", 4, formBase64_2}, // OF8 at the start of one
},
	endings("r8", breakStarts, 4, formEscaped),
	endings("38", lineEnds, 6, formHex),
	endings("I4", lineEnds+" ", 5, formBase64_2),
	endings("Nq", lineEnds+" ", 5, formBase64_2),
	endings("k0", lineEnds+" ", 4, formBase64_2),
	endings("lP", lineEnds+" ", 4, formBase64_2),
	wide("r8", "8_", "38", "#5", "70", "cj", "I4", "OF"),
))

const (
	breakStarts = "\\\"'=%&<+^#`\x1b\b\xad\xc2\xcd\xd8\xe1\xe2\xef" // what may stand within a token, by its first byte
	lineEnds    = "\n\r\\\"'%&`=#<"                                 // what may follow the last character of an encoded line
)

// endings returns a probe for each byte that may follow the first two.
func endings(start, bytes string, group int, kind form) []probe {
	var list []probe
	for i := range len(bytes) {
		list = append(list, probe{start + bytes[i:i+1], group, kind})
	}
	return list
}

const probeLen = 3

// wide returns probes for pairs of characters in UTF-16. They have a group of
// their own, so that text without zero bytes has no candidates.
func wide(pairs ...string) []probe {
	var list []probe
	for _, p := range pairs {
		list = append(list, probe{p[:1] + "\x00" + p[1:], 7, formWide})
	}
	return list
}

// probeSet finds its probes in texts. It is built once and never written again.
type probeSet struct {
	list []probe

	// A hash table without collisions.
	keys  [1 << slotBits]uint32
	forms [1 << slotBits]form
	mul   uint32

	// The one probe of two bytes, if there is one.
	pair     uint32
	pairForm form

	pairs func() *pairTable // made at first use: machines with vectors need none

	vector vectorTable
}

// pairTable says for each pair of bytes, with the first as the lower half, whether a
// probe begins with it (beginning) or ends with it (ending).
type pairTable [1 << 16]uint8

// vectorTable holds what a vector pass looks up. Each bit stands for a group of
// probes. No probe begins with a byte above 127.
type vectorTable struct {
	bytes  [probeLen][128]byte   // for each byte of a probe: the groups that have it there
	halves [probeLen][2][32]byte // the same by the byte's lower and upper half; both must match. Each half is there twice, for the shuffles
	low    [32]byte              // a mask
}

// slotBits is large enough to find a multiplier without collisions in about ten
// tries. The table is made at each start of the program, such as for each
// commit.
const slotBits = 12

func newProbeSet(list []probe) *probeSet {
	s := &probeSet{list: list, mul: 2654435761}
	for !s.apart() {
		s.mul += 2
	}
	s.pairs = sync.OnceValue(func() *pairTable { return newPairTable(list) })
	for _, p := range list {
		s.vector.add(p)
		if len(p.bytes) < probeLen {
			s.pair, s.pairForm = uint32(p.bytes[0])|uint32(p.bytes[1])<<8, p.kind
			continue
		}
		k := key([]byte(p.bytes))
		i := s.slot(k)
		s.keys[i], s.forms[i] = k, p.kind
	}
	return s
}

func newPairTable(list []probe) *pairTable {
	t := new(pairTable)
	for _, p := range list {
		first, second := int(p.bytes[0]), int(p.bytes[1])
		t[first|second<<8] |= beginning
		if len(p.bytes) == probeLen {
			t[second|int(p.bytes[2])<<8] |= ending
			continue
		}
		for third := range 1 << 8 {
			t[second|third<<8] |= ending
		}
	}
	return t
}

// apart reports whether no two probes share a slot.
func (s *probeSet) apart() bool {
	var used [1 << slotBits]bool
	for _, p := range s.list {
		if len(p.bytes) < probeLen {
			continue
		}
		i := s.slot(key([]byte(p.bytes)))
		if used[i] {
			return false
		}
		used[i] = true
	}
	return true
}

const (
	ending = 1 << iota
	beginning
)

func (t *vectorTable) add(p probe) {
	for i := range len(p.bytes) {
		t.addByte(i, p.bytes[i], 1<<p.group)
	}
	if len(p.bytes) == 2 {
		for b := range 1 << 8 {
			t.addByte(2, byte(b), 1<<p.group)
		}
	}
	for i := range t.low {
		t.low[i] = 0x0f
	}
}

// addByte adds a byte that may stand at place i of a probe of a group.
func (t *vectorTable) addByte(i int, b, group byte) {
	t.bytes[i][b&0x7f] |= group
	for _, lane := range []byte{0, 16} {
		t.halves[i][0][lane+b&15] |= group
		t.halves[i][1][lane+b>>4] |= group
	}
}

// key packs the three bytes at the start of b.
func key(b []byte) uint32 { return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 }

func (s *probeSet) slot(key uint32) uint32 { return key * s.mul >> (32 - slotBits) }

// at returns what the probe at the start of b belongs to.
func (s *probeSet) at(b []byte) form {
	k := key(b)
	if k&0xffff == s.pair {
		return s.pairForm
	}
	if i := s.slot(k); s.keys[i] == k {
		return s.forms[i]
	}
	return formNone
}

// each calls f for each probe that starts in text[from:to], in order, until it
// returns false.
func (s *probeSet) each(text []byte, from, to int, f func(at int, kind form) bool) {
	s.eachBy(passes[0], text, from, to, f)
}

// pass is a way to search a text: the number of places that it checks at once.
type pass int

// portable is the way without vectors.
const portable pass = 8

// passes are the ways that this machine supports, fastest first.
var passes = append(vectorPasses(), portable)

func (s *probeSet) eachBy(p pass, text []byte, from, to int, f func(at int, kind form) bool) {
	to = min(to, len(text)-probeLen+1)
	if p == portable {
		s.eachPair(text, from, to, f)
	} else {
		s.eachVector(p, text, from, to, f)
	}
}

// eachPair looks at every second pair of bytes only: a probe has two pairs, and
// one of them is such a pair.
func (s *probeSet) eachPair(text []byte, from, to int, f func(at int, kind form) bool) {
	const step, read = int(portable), int(portable) + probeLen - 1
	pairs := s.pairs()
	for last := min(to-step, len(text)-read); from <= last; from += step {
		x := binary.LittleEndian.Uint64(text[from+1:])
		if pairs[uint16(x)]|pairs[uint16(x>>16)]|pairs[uint16(x>>32)]|pairs[uint16(x>>48)] == 0 {
			continue
		}
		for at := from; at < from+step; at, x = at+2, x>>16 {
			is := pairs[uint16(x)]
			if is&ending != 0 && !s.eachPlace(text, at, at+1, f) || is&beginning != 0 && !s.eachPlace(text, at+1, at+2, f) {
				return
			}
		}
	}
	s.eachPlace(text, from, to, f)
}

// eachPlace looks at every place. It reports false if f did.
func (s *probeSet) eachPlace(text []byte, from, to int, f func(at int, kind form) bool) bool {
	for ; from < to; from++ {
		if kind := s.at(text[from:]); kind != formNone && !f(from, kind) {
			return false
		}
	}
	return true
}
