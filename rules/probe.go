package rules

import "encoding/binary"

// A probe is three bytes by which a credential, plain or encoded, or a word is
// noticed. Everything else is looked at only around a probe.
type probe struct {
	bytes string
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
	formBase64_4      // at the first of the group behind the one in which the token begins

	formWord // and those behind it: the number of a word
)

// tokenProbes are few, since each costs time for every byte that is read. Base64
// has three for each of what may stand in it: a token, one in UTF-16 (as
// PowerShell encodes it), and base64 again; what is encoded begins at the
// first, second or third byte of three, and what stays the same of it is one
// of these. Lines of base64 and hex are broken between groups, and so are the
// probes that would be broken with them.
var tokenProbes = newProbeSet([]probe{
	{"r8_", 2, formPlain},
	{"8\x00_", 3, formUTF16},
	{"385", 1, formHex}, {"38\n", 1, formHex}, {"38\r", 1, formHex}, {"38\\", 1, formHex}, {`38"`, 1, formHex}, {"38'", 1, formHex},
	{"%38", 1, formEscaped}, {"x38", 2, formEscaped}, {"038", 2, formEscaped}, {"{38", 2, formEscaped}, // %38, \x38 or &#x38;, \u0038, \u{38}
	{"#56", 5, formEscaped}, {"70\\", 3, formEscaped}, {"70_", 3, formEscaped}, // &#56;, \070\137
	{"8%5", 0, formEscaped}, {"r8\\", 2, formEscaped}, {"r8&", 2, formEscaped}, // r8%5F, r8\x5f, r8&#95;
	{"28_", 2, formEscaped}, {";8_", 2, formEscaped}, {"}8_", 2, formEscaped}, // \x728_ and its like, &#114;8_, \u{72}8_
	{"28\\", 2, formEscaped}, {";8&", 2, formEscaped}, {"}8\\", 2, formEscaped},
	{`r8"`, 2, formEscaped}, {"r8'", 2, formEscaped}, // "r8" + "_…"
	{"r8=", 2, formEscaped}, {"8=5", 0, formEscaped}, {"=38", 1, formEscaped}, {"\n8_", 2, formEscaped}, // r8=5F, and lines that end with =
	{"8\x1b[", 0, formEscaped}, {"m8_", 2, formEscaped}, {"K8_", 2, formEscaped}, // coloured
	{"r8%", 2, formEscaped}, {"r8<", 2, formEscaped}, {"r8+", 2, formEscaped}, {"\b8_", 2, formEscaped}, // r8%u005f, r8<wbr>_, r8+AF8-, bold
	{"cjh", 7, formBase64_0}, {"I4X", 3, formBase64_2}, // r8_
	{"I4\n", 3, formBase64_2}, {"I4\r", 3, formBase64_2}, {"I4\\", 3, formBase64_2}, {`I4"`, 3, formBase64_2}, {"I4'", 3, formBase64_2},
	{"OF8", 0, formBase64_4}, {"OF9", 0, formBase64_4}, {"OF+", 0, formBase64_4}, {"OF/", 0, formBase64_4}, // behind a y
	{"OF-", 0, formBase64_4}, {"OF_", 0, formBase64_4},
	{"cgA", 7, formBase64_0}, {"IAO", 4, formBase64_2}, {"yAD", 4, formBase64_3}, // r8 in UTF-16
	{"Y2p", 4, formBase64_0}, {"Nqa", 4, formBase64_2}, {"jam", 7, formBase64_3}, // cjhf
	{"Nq\n", 3, formBase64_2}, {"Nq\r", 3, formBase64_2}, {"Nq\\", 3, formBase64_2}, {`Nq"`, 3, formBase64_2}, {"Nq'", 3, formBase64_2}, {"amh", 6, formBase64_4}, // behind a j
	{"STR", 1, formBase64_0}, {"k0W", 6, formBase64_2}, {"JNF", 7, formBase64_3}, // I4X
	{"k0\n", 6, formBase64_2}, {"k0\r", 6, formBase64_2}, {"k0\\", 6, formBase64_2}, {`k0"`, 6, formBase64_2}, {"k0'", 6, formBase64_2}, {"NFg", 4, formBase64_4}, {"NFh", 4, formBase64_4}, // behind a J
	{"eU9", 5, formBase64_0}, {"lPR", 6, formBase64_2}, {"5T0", 1, formBase64_3}, // yOF
	{"lP\n", 6, formBase64_2}, {"lP\r", 6, formBase64_2}, {"lP\\", 6, formBase64_2}, {`lP"`, 6, formBase64_2}, {"lP'", 6, formBase64_2}, {"T0Y", 5, formBase64_4}, {"T0Z", 5, formBase64_4}, // behind a 5
	{"STQ", 1, formBase64_0}, {"k0C", 5, formBase64_2}, {"k0D", 5, formBase64_2}, {"JNA", 7, formBase64_3}, // I4 at the end of a line; T0Y, T0Z:
	{"Ck9", 0, formBase64_0}, {"pPR", 6, formBase64_2}, // OF8 at the start of one
})

const probeLen = 3

// probeSet finds its probes in texts. It is built once and never written again.
type probeSet struct {
	list []probe

	// A hash table without collisions.
	keys  [1 << slotBits]uint32
	forms [1 << slotBits]form
	mul   uint32

	// For each pair of bytes, the first as the lower half: does a probe begin
	// with it (beginning), or end (ending)?
	pairs [1 << 16]uint8

	vector vectorTable
}

// vectorTable is what a vector pass over a text looks up. Each bit in it stands
// for a group of probes; bytes above 127 are in none.
type vectorTable struct {
	bytes  [probeLen][128]byte   // for each byte of a probe: the groups that have it there
	halves [probeLen][2][32]byte // the same by the byte's lower and upper half; both are needed. Each stands twice, as shuffles want it
	low    [32]byte              // a mask
}

// slotBits leaves so much room that a multiplier without collisions is found in
// some ten tries: a program that is started for each commit makes this table
// each time.
const slotBits = 10

func newProbeSet(list []probe) *probeSet {
	s := &probeSet{list: list, mul: 2654435761}
	for !s.apart() {
		s.mul += 2
	}
	for _, p := range list {
		k := key([]byte(p.bytes))
		i := s.slot(k)
		s.keys[i], s.forms[i] = k, p.kind
		s.pairs[k&0xffff] |= beginning
		s.pairs[k>>8] |= ending
		s.vector.add(p)
	}
	return s
}

// apart reports whether no two probes share a slot.
func (s *probeSet) apart() bool {
	var used [1 << slotBits]bool
	for _, p := range s.list {
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
	group := byte(1) << p.group
	for i := range probeLen {
		b := p.bytes[i]
		t.bytes[i][b] |= group
		for _, lane := range []byte{0, 16} {
			t.halves[i][0][lane+b&15] |= group
			t.halves[i][1][lane+b>>4] |= group
		}
	}
	for i := range t.low {
		t.low[i] = 0x0f
	}
}

// key packs the three bytes at the start of b.
func key(b []byte) uint32 { return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 }

func (s *probeSet) slot(key uint32) uint32 { return key * s.mul >> (32 - slotBits) }

// at returns what the probe at the start of b belongs to.
func (s *probeSet) at(b []byte) form {
	k := key(b)
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

// pass is a way to go over a text: how many places it looks at together.
type pass int

// portable is the way without vectors.
const portable pass = 8

// passes are the ways that this machine has, the fastest first.
var passes = append(vectorPasses(), portable)

func (s *probeSet) eachBy(p pass, text []byte, from, to int, f func(at int, kind form) bool) {
	to = min(to, len(text)-probeLen+1)
	if p == portable {
		s.eachPair(text, from, to, f)
	} else {
		s.eachVector(p, text, from, to, f)
	}
}

// eachPair looks at every second pair of bytes only: of the two in a probe it
// meets one.
func (s *probeSet) eachPair(text []byte, from, to int, f func(at int, kind form) bool) {
	const step, read = int(portable), int(portable) + probeLen - 1
	for last := min(to-step, len(text)-read); from <= last; from += step {
		x := binary.LittleEndian.Uint64(text[from+1:])
		if s.pairs[uint16(x)]|s.pairs[uint16(x>>16)]|s.pairs[uint16(x>>32)]|s.pairs[uint16(x>>48)] == 0 {
			continue
		}
		for at := from; at < from+step; at, x = at+2, x>>16 {
			is := s.pairs[uint16(x)]
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
