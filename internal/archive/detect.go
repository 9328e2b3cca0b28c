package archive

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"r8scan/internal/git/reftable"
)

// Format is what a file's first bytes say it is.
type Format uint8

// The formats that Walk reads. An Executable may have a zip, 7z or rar behind it.
const (
	None Format = iota
	Zip
	Tar
	Gzip
	Bzip2
	XZ
	Zstd
	LZ4
	SevenZip
	RAR
	Zlib
	Brotli
	LZMA
	Ar
	Reftable
	Executable
)

var formatNames = [...]string{"none", "zip", "tar", "gzip", "bzip2", "xz", "zstd", "lz4", "7z", "rar", "zlib", "brotli", "lzma", "ar", "reftable", "executable"}

func (f Format) String() string { return formatNames[f] }

// HeadLen is how much of a file's start Detect looks at.
const HeadLen = 512

// Detect tells by a file's first HeadLen bytes, or all if it is shorter,
// whether it is a container. It runs for every file and blob and takes a few
// nanoseconds. Brotli and bare LZMA have no signature: only their names tell.
func Detect(head []byte, name string) Format {
	if len(head) < 8 {
		return None
	}
	if f := bySignature(head); f != None {
		return f
	}
	if isTar(head) {
		return Tar
	}
	return byName(name, head)
}

func bySignature(head []byte) Format {
	switch head[0] {
	case 'P':
		if head[1] == 'K' && (head[2] == 3 && head[3] == 4 || head[2] == 5 && head[3] == 6 || string(head[:6]) == "PK\x07\x08PK" || string(head[:6]) == "PK00PK") {
			return Zip
		}
	case 0x1f:
		return when(head[1] == 0x8b && head[2] == 8, Gzip)
	case 'B':
		if string(head[:3]) == "BZh" && len(head) >= 10 && (string(head[4:10]) == "1AY&SY" || string(head[4:10]) == "\x17\x72\x45\x38\x50\x90") {
			return Bzip2
		}
	case 0xfd:
		return when(string(head[:6]) == "\xfd7zXZ\x00", XZ)
	case '7':
		return when(string(head[:6]) == "7z\xbc\xaf\x27\x1c", SevenZip)
	case 'R':
		if string(head[:4]) == reftable.Magic && (head[4] == 1 || head[4] == 2) {
			return Reftable
		}
		return when(string(head[:6]) == "Rar!\x1a\x07", RAR)
	case '!':
		return when(string(head[:8]) == "!<arch>\n", Ar)
	case 'x': // zlib: two bytes prove little, so Walk tries them first
		return when(head[1] == 0x01 || head[1] == 0x5e || head[1] == 0x9c || head[1] == 0xda, Zlib)
	case 'M', '#', 0x7f, 0xcf, 0xca:
		if string(head[:2]) == "MZ" || string(head[:2]) == "#!" || string(head[:4]) == "\x7fELF" || string(head[:4]) == "\xcf\xfa\xed\xfe" || string(head[:4]) == "\xca\xfe\xba\xbe" {
			return Executable
		}
	default:
		return frameFormat(head)
	}
	return None
}

func when(ok bool, f Format) Format {
	if ok {
		return f
	}
	return None
}

// frameFormat knows zstd and lz4, which share the frames to be skipped.
func frameFormat(head []byte) Format {
	switch magic := binary.LittleEndian.Uint32(head); {
	case magic == 0xfd2fb528:
		return Zstd
	case magic == 0x184d2204, magic == 0x184c2102:
		return LZ4
	case magic&^0xf == 0x184d2a50:
		if size := uint64(binary.LittleEndian.Uint32(head[4:])); size+16 <= uint64(len(head)) {
			return frameFormat(head[8+size:])
		}
		return Zstd
	}
	return None
}

// isTar knows the magic, and headers from before there was one by their
// checksum.
func isTar(head []byte) bool {
	if len(head) < 263 {
		return false
	}
	if string(head[257:262]) == "ustar" && (head[262] == 0 || head[262] == ' ') {
		_, ok := octal(head[148:156])
		return ok
	}
	return len(head) >= 512 && octalEnd(head[107]) && octalEnd(head[115]) && octalEnd(head[123]) && head[0] != 0 && tarChecksum(head[:512])
}

func octalEnd(c byte) bool { return c == 0 || c == ' ' }

func tarChecksum(head []byte) bool {
	sum := uint64(0)
	for i, c := range head {
		if i >= 148 && i < 156 {
			c = ' '
		}
		sum += uint64(c)
	}
	want, ok := octal(head[148:156])
	return ok && want == sum
}

// octal reads a number of a tar header.
func octal(field []byte) (n uint64, ok bool) {
	for _, c := range bytes.Trim(field, " \x00") {
		if c < '0' || c > '7' {
			return 0, false
		}
		n, ok = n<<3|uint64(c-'0'), true
	}
	return n, ok
}

// byName knows what has no signature. A text in Brazilian Portuguese may be
// called messages.pt.br too.
func byName(name string, head []byte) Format {
	f := nameFormat(name)
	if f != None && isText(head) {
		return None
	}
	return f
}

// Unsigned reports whether a name may be that of a container without a
// signature, which Detect knows with the name only.
func Unsigned(name []byte) bool { return nameFormat(name) != None }

func nameFormat[T string | []byte](name T) Format {
	switch {
	case ends(name, ".br"):
		return Brotli
	case ends(name, ".lzma"), ends(name, ".tlz"):
		return LZMA
	case ends(name, ".zz"):
		return Zlib
	}
	return None
}

func ends[T string | []byte](name T, end string) bool {
	return len(name) > len(end) && string(name[len(name)-len(end):]) == end
}

// isText reports whether head is UTF-8 without control characters; its last
// character may be cut.
func isText(head []byte) bool {
	for i := 0; i < len(head); {
		r, size := utf8.DecodeRune(head[i:])
		if r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f {
			return false
		}
		if r == utf8.RuneError && size == 1 {
			return len(head)-i < utf8.UTFMax && !utf8.FullRune(head[i:])
		}
		i += size
	}
	return true
}

// zipEndLen is the length of a zip's last record without a comment.
const zipEndLen = 22

// TailLen is how much of an executable's end DetectTail looks at, and
// MinTailLen how much of any other file's.
const (
	TailLen    = zipEndLen + 1<<16
	MinTailLen = zipEndLen
)

// DetectTail says what a file is of which Detect said f and which ends in tail:
// a zip may stand behind an executable, and behind images and documents. Of
// the former also one with a comment is seen, and if tail is all of it, it stays
// one only if there is a 7z or a rar in it. Shell scripts are executables, so
// that this has to be fast too.
func DetectTail(f Format, tail []byte) Format {
	switch n := len(tail) - zipEndLen; {
	case f == Executable:
		if zipEnd(tail[max(0, len(tail)-TailLen):]) {
			return Zip
		}
		_, inside := selfExtracting(tail[:min(len(tail), stubLen)])
		return when(inside != None, f)
	case f == None && n >= 0 && tail[n] == 'P' && string(tail[n:n+4]) == "PK\x05\x06" && tail[n+20] == 0 && tail[n+21] == 0:
		return Zip
	}
	return f
}

// zipEnd reports whether a zip ends tail, a comment of its own aside.
func zipEnd(tail []byte) bool {
	for {
		i := bytes.Index(tail, []byte("PK\x05\x06"))
		if i < 0 || i+zipEndLen > len(tail) {
			return false
		}
		if tail = tail[i:]; zipEndLen+int(binary.LittleEndian.Uint16(tail[20:])) == len(tail) {
			return true
		}
		tail = tail[4:]
	}
}
