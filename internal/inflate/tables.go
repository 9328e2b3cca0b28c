package inflate

import "math/bits"

// Sizes of the main tables in bits, chosen by the time for all entries of
// the packs of git, redis and curl: of 9, 10 and 11 bits for literals and
// lengths, 9 took 4–8% more than 10 and 11 up to 4% less; of 7, 8 and 9 for
// distances, both 7 and 9 took 1–4% more than 8.
const (
	litBits  = 11
	distBits = 8
	preBits  = 7 // the longest code of the code that carries the code lengths

	maxBits = 15 // longest code of a literal, length or distance
)

// A table entry says everything about one symbol:
//
//	bits  0–7   bits to take: the code and its extra bits
//	bits  8–11  bits of the code alone, so that the extra bits can be cut out
//	bit   15    exceptional: not a literal, length or distance
//	bits 16–…   the byte of a literal, the base of a length or distance,
//	            the start of a subtable, or a code length symbol
//	bits 25–29  for a length, the mask of its extra bits
//	bit   31    literal
//
// Exceptional entries have bit 14 set for a subtable (bits 8–11 then are its
// size in bits) and bit 13 for the end of the block; neither is a bit pattern
// that no code owns.
const (
	literal     = 1 << 31
	exceptional = 1 << 15
	subtable    = 1 << 14
	endOfBlock  = 1 << 13

	invalid = exceptional
)

// oneBit is what an entry gains for each bit of its code.
const oneBit = 1<<8 | 1

// tables decode one block: the main tables, and behind them the subtables of
// the codes that are longer. There is room: codes are placed by ascending
// length, so a subtable has codes of one length and as many entries as codes,
// or it holds the first code of its size. Of the latter there is at most one
// of each of the sizes 4, 8, … 1<<(maxBits-width). All in all that is at
// most 2048+288+28 entries and 256+32+252. Powers of two allow to mask an
// index instead of checking it.
type tables struct {
	lit  [4096]uint32
	dist [1024]uint32
}

// subIndex returns the place of a subtable's entry; bits are those after the
// main table's.
func subIndex(e uint32, bits uint64) uint {
	return uint(e>>16) + uint(bits)&(1<<(e>>8&15)-1)
}

// symbols holds the symbols of one code by the length of their codes, each
// list in ascending order, which is the order of canonical codes. Sorting
// while the lengths are read needs no second pass over them. Length 0, for
// symbols that are not used, has a list so that no branch is needed.
type symbols struct {
	count [maxBits + 1]uint16
	list  [maxBits + 1][288]uint16
}

func (s *symbols) reset() { s.count = [maxBits + 1]uint16{} }

// add appends a symbol; length is at most 15 and no symbol comes twice, so
// the index never wraps.
func (s *symbols) add(symbol int, length uint) {
	i := s.count[length&maxBits]
	s.list[length&maxBits][i%288] = uint16(symbol)
	s.count[length&maxBits] = i + 1
}

// build fills tab for the code in s. The main table has 1<<width entries. base
// holds each symbol's entry without the bits of its code. build reports whether
// the code is complete. Like compress/flate it accepts a code without symbols,
// and one of a single symbol of one bit.
func (s *symbols) build(tab []uint32, width int, base *[288]uint32) bool {
	space := 0 // of the 1<<15 codes of 15 bits, those below a used code
	for n := 1; n <= maxBits; n++ {
		space += int(s.count[n]) << (maxBits - n)
	}
	if space != 1<<maxBits {
		return s.buildDegenerate(tab[:1<<width], base, space)
	}

	// Codes are made left-aligned in 16 bits: there the next canonical code
	// is the sum of the last one and its size, whatever the lengths. An entry
	// is stored once, and the part of the table that is done is doubled for
	// each further bit.
	n := 1
	for s.count[n] == 0 {
		n++
	}
	code := uint(0)
	for ; ; n++ {
		for _, sym := range s.list[n][:s.count[n]] {
			tab[bits.Reverse16(uint16(code))] = base[sym] + uint32(n)*oneBit
			code += 1 << (16 - n)
		}
		if n == width {
			break
		}
		copy(tab[1<<n:2<<n], tab[:1<<n])
	}
	if code != 1<<16 {
		s.buildSubtables(tab, width, code, base)
	}
	return true
}

// buildDegenerate fills the table of an incomplete code.
func (s *symbols) buildDegenerate(tab []uint32, base *[288]uint32, space int) bool {
	if space != 0 && (space != 1<<(maxBits-1) || s.count[1] != 1) {
		return false
	}
	for i := range tab {
		tab[i] = invalid + oneBit
		if space != 0 && i&1 == 0 {
			tab[i] = base[s.list[1][0]] + oneBit
		}
	}
	return true
}

// buildSubtables places the codes longer than width, from code on.
func (s *symbols) buildSubtables(tab []uint32, width int, code uint, base *[288]uint32) {
	start, size, prefix := 0, 1<<width, -1
	for n := width + 1; n <= maxBits; n++ {
		for i, sym := range s.list[n][:s.count[n]] {
			rev := int(bits.Reverse16(uint16(code)))
			if p := rev & (1<<width - 1); p != prefix {
				prefix = p
				start += size
				// The subtable must hold the longest code with this prefix:
				// it grows until the codes that follow fill it.
				sub, space := n-width, int(s.count[n])-i
				for space < 1<<sub {
					sub++
					space = space<<1 + int(s.count[width+sub])
				}
				size = 1 << sub
				tab[p] = exceptional | subtable | uint32(start)<<16 | uint32(sub)<<8 | uint32(width)
			}
			e := base[sym] + uint32(n-width)*oneBit
			for j := rev >> width; j < size; j += 1 << (n - width) {
				tab[start+j] = e
			}
			code += 1 << (16 - n)
		}
	}
}

// The entries of all symbols without the bits of their codes, and the tables
// of RFC 1951 section 3.2.6. Nothing changes them after start-up.
var (
	litBase  = litEntries()
	distBase = distEntries()
	preBase  = preEntries()
	fixed    = fixedTables()
)

func litEntries() *[288]uint32 {
	var e [288]uint32
	for i := range 256 {
		e[i] = literal | uint32(i)<<16
	}
	e[256] = exceptional | endOfBlock
	length := uint32(3)
	for i := 257; i < 285; i++ {
		extra := uint32(max(0, (i-261)/4))
		e[i] = (1<<extra-1)<<25 | length<<16 | extra
		length += 1 << extra
	}
	e[285] = 258 << 16
	e[286], e[287] = invalid, invalid
	return &e
}

func distEntries() *[288]uint32 {
	var e [288]uint32
	dist := uint32(1)
	for i := range 30 {
		extra := uint32(max(0, (i-2)/2))
		e[i] = dist<<16 | extra
		dist += 1 << extra
	}
	e[30], e[31] = invalid, invalid
	return &e
}

func preEntries() *[288]uint32 {
	var e [288]uint32
	for i := range 19 {
		e[i] = uint32(i) << 16
	}
	return &e
}

func fixedTables() *tables {
	var s symbols
	var t tables
	for i := range 288 {
		switch {
		case i < 144 || i >= 280:
			s.add(i, 8)
		case i < 256:
			s.add(i, 9)
		default:
			s.add(i, 7)
		}
	}
	s.build(t.lit[:], litBits, litBase)
	s.reset()
	for i := range 32 {
		s.add(i, 5)
	}
	s.build(t.dist[:], distBits, distBase)
	return &t
}
