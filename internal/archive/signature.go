package archive

import (
	"encoding/binary"

	"r8scan/internal/git/reftable"
)

// signature is how files of a format begin.
type signature struct {
	f     Format
	magic string
	kind  string            // of a Foreign
	is    func([]byte) bool // another condition on the first bytes; nil if there is none
}

// signatures are all known signatures. No file begins with two of them, so their
// order does not matter. A test checks this.
var signatures = append([]signature{
	{f: Zip, magic: "PK\x03\x04"}, {f: Zip, magic: "PK\x05\x06"}, {f: Zip, magic: "PK\x07\x08PK"}, {f: Zip, magic: "PK00PK"},
	{f: Gzip, magic: "\x1f\x8b"},
	{f: Bzip2, magic: "BZh", is: startsBzip2},
	{f: XZ, magic: "\xfd7zXZ\x00"},
	{f: SevenZip, magic: signature7z},
	{f: RAR, magic: signatureRAR},
	{f: Reftable, magic: reftable.Magic + "\x01"}, {f: Reftable, magic: reftable.Magic + "\x02"},
	{f: Ar, magic: "!<arch>\n"},
	{f: Zstd, magic: signatureZstd},
	{f: LZ4, magic: "\x04\x22\x4d\x18"}, {f: LZ4, magic: "\x02\x21\x4c\x18"},
	{f: Executable, magic: "MZ"}, {f: Executable, magic: "#!"}, {f: Executable, magic: "\x7fELF"},
	{f: Executable, magic: "\xcf\xfa\xed\xfe"}, {f: Executable, magic: "\xca\xfe\xba\xbe"},

	{f: Foreign, kind: "compress", magic: "\x1f\x9d", is: func(b []byte) bool { return b[2]&0x60 == 0 && b[2]&0x1f >= 9 && b[2]&0x1f <= 16 }},
	{f: Foreign, kind: "pack", magic: "\x1f\x1e"}, {f: Foreign, kind: "lzh", magic: "\x1f\xa0"},
	{f: Foreign, kind: "lz4-java", magic: "LZ4Block"}, {f: Foreign, kind: "mozlz4", magic: "mozLz40\x00"},
	{f: Foreign, kind: "snappy-java", magic: "\x82SNAPPY\x00"}, {f: Foreign, kind: "pbzx", magic: "pbzx\x00"},
	{f: Foreign, kind: "Microsoft compress", magic: "SZDD\x88\xf0\x27\x33"}, {f: Foreign, kind: "Microsoft compress", magic: "KWAJ\x88\xf0\x27\xd1"},
	{f: Foreign, kind: "InstallShield cabinet", magic: "ISc("},
	{f: Foreign, kind: "lzip", magic: "LZIP\x00"}, {f: Foreign, kind: "lzip", magic: "LZIP\x01"},
	{f: Foreign, kind: "lzop", magic: "\x89LZO\x00\r\n\x1a"},
	{f: Foreign, kind: "lrzip", magic: "LRZI\x00"},
	{f: Foreign, kind: "lzfse", magic: "bvx2"}, {f: Foreign, kind: "lzfse", magic: "bvxn"},
	{f: Foreign, kind: "snappy", magic: "\xff\x06\x00\x00sNaP"},
	{f: Foreign, kind: "zpaq", magic: "7kSt"}, {f: Foreign, kind: "zpaq", magic: "zPQ", is: func(b []byte) bool { return b[3] == 1 || b[3] == 2 }},
	{f: Foreign, kind: "old rar", magic: "RE~^"},
	{f: Foreign, kind: "cabinet", magic: "MSCF\x00\x00\x00\x00"},
	{f: Foreign, kind: "wim", magic: "MSWIM\x00\x00\x00"},
	{f: Foreign, kind: "rpm", magic: "\xed\xab\xee\xdb"},
	{f: Foreign, kind: "xar", magic: "xar!\x00"},
	{f: Foreign, kind: "squashfs", magic: "hsqs"}, {f: Foreign, kind: "squashfs", magic: "sqsh"},
}, families()...)

// families returns the signatures that come in groups. A skippable frame begins
// with any of 16 bytes. A zlib stream begins with two bytes: the size of its
// window, the level, and a check of both. Two bytes prove little, so Walk tries
// to decode the stream.
func families() (all []signature) {
	for n := range 16 {
		all = append(all, signature{f: Skippable, magic: string([]byte{0x50 | byte(n), 0x2a, 0x4d, 0x18})})
	}
	for n := byte(0x22); n < 0x28; n++ {
		all = append(all, signature{f: Foreign, kind: "old zstd", magic: string([]byte{n, 0xb5, 0x2f, 0xfd})})
	}
	for window := range 8 {
		for level := range 4 {
			head := uint16(window)<<12 | 8<<8 | uint16(level)<<6
			head += 31 - head%31
			s := signature{f: Zlib, magic: string(binary.BigEndian.AppendUint16(nil, head)), is: noText}
			if window == usualWindow {
				s.is = nil
			}
			all = append(all, s)
		}
	}
	return all
}

// usualWindow is the default window of zlib. Few other files begin with it. A
// file that does and cannot be decoded is reported as unread.
const usualWindow = 7

func noText(b []byte) bool { return !IsText(b) }

const (
	signatureZstd = "\x28\xb5\x2f\xfd"
	blockBzip2    = "1AY&SY"                   // the start of a block
	endBzip2      = "\x17\x72\x45\x38\x50\x90" // the start of the trailer; an empty stream has only this
)

func startsBzip2(b []byte) bool {
	return len(b) >= 10 && (string(b[4:10]) == blockBzip2 || string(b[4:10]) == endBzip2)
}

// byFirst has the signatures by their first byte. begins has a bit for each pair
// of bytes with which a signature begins. Few files and blobs begin with such a
// pair.
var byFirst, begins = func() (by [256][]signature, two [1 << 16 / 64]uint64) {
	for _, s := range signatures {
		by[s.magic[0]] = append(by[s.magic[0]], s)
		start := binary.BigEndian.Uint16([]byte(s.magic[:2]))
		two[start/64] |= 1 << (start % 64)
	}
	return by, two
}()

// maySign reports whether a signature may begin with the first two bytes of b.
func maySign(b []byte) bool {
	start := binary.BigEndian.Uint16(b)
	return begins[start/64]>>(start%64)&1 != 0
}

// bySignature returns the format whose signature is at the start of head, which
// has at least 8 bytes.
func bySignature(head []byte) Format {
	if !maySign(head) {
		return None
	}
	for i := range byFirst[head[0]] {
		if s := &byFirst[head[0]][i]; s.of(head) {
			return s.f
		}
	}
	return None
}

func (s *signature) of(head []byte) bool {
	return len(head) >= len(s.magic) && string(head[:len(s.magic)]) == s.magic && (s.is == nil || s.is(head))
}

// foreignKind returns the kind of a Foreign, or "" if its first bytes do not show
// it.
func foreignKind(head []byte) string {
	if len(head) < 8 {
		return ""
	}
	for _, s := range byFirst[head[0]] {
		if s.f == Foreign && s.of(head) {
			return s.kind
		}
	}
	return ""
}
