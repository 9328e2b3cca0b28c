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
	Skippable // a frame that zstd and lz4 skip
	Executable
)

var formatNames = [...]string{"none", "zip", "tar", "gzip", "bzip2", "xz", "zstd", "lz4", "7z", "rar", "zlib", "brotli", "lzma", "ar", "reftable", "skippable frame", "executable"}

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
	if tarHeader(head) { // a tar begins with a name, which may be as what others begin with
		return Tar
	}
	if f := bySignature(head); f != None {
		return f
	}
	if len(head) >= 263 && tarMagic(head) {
		if _, ok := octal(head[148:156]); ok { // damaged
			return Tar
		}
	}
	return byName(name, head)
}

// bySignature goes by the first bytes. The frames that zstd and lz4 skip begin
// with any of 16 letters, so that no case may end the search.
func bySignature(head []byte) Format {
	switch head[0] {
	case 'P':
		if head[1] == 'K' && (head[2] == 3 && head[3] == 4 || head[2] == 5 && head[3] == 6 || string(head[:6]) == "PK\x07\x08PK" || string(head[:6]) == "PK00PK") {
			return Zip
		}
	case 0x1f:
		return when(head[1] == 0x8b, Gzip)
	case 'B':
		if string(head[:3]) == "BZh" && len(head) >= 10 && (string(head[4:10]) == "1AY&SY" || string(head[4:10]) == "\x17\x72\x45\x38\x50\x90") {
			return Bzip2
		}
	case 0xfd:
		return when(string(head[:6]) == "\xfd7zXZ\x00", XZ)
	case '7':
		return when(string(head[:6]) == signature7z, SevenZip)
	case 'R':
		if string(head[:4]) == reftable.Magic && (head[4] == 1 || head[4] == 2) {
			return Reftable
		}
		if string(head[:6]) == signatureRAR {
			return RAR
		}
	case '!':
		return when(string(head[:8]) == "!<arch>\n", Ar)
	case 'x': // zlib: two bytes prove little, so Walk tries them first
		return when(head[1] == 0x01 || head[1] == 0x5e || head[1] == 0x9c || head[1] == 0xda, Zlib)
	case 'M', '#', 0x7f, 0xcf, 0xca:
		if string(head[:2]) == "MZ" || string(head[:2]) == "#!" || string(head[:4]) == "\x7fELF" || string(head[:4]) == "\xcf\xfa\xed\xfe" || string(head[:4]) == "\xca\xfe\xba\xbe" {
			return Executable
		}
	}
	switch magic := binary.LittleEndian.Uint32(head); {
	case magic == 0xfd2fb528:
		return Zstd
	case magic == 0x184d2204, magic == 0x184c2102:
		return LZ4
	case magic&^0xf == 0x184d2a50:
		return Skippable
	}
	return None
}

func when(ok bool, f Format) Format {
	if ok {
		return f
	}
	return None
}

func tarMagic(head []byte) bool {
	return string(head[257:262]) == "ustar" && (head[262] == 0 || head[262] == ' ')
}

// tarHeader knows a header by its checksum, those from before there was a magic
// too.
func tarHeader(head []byte) bool {
	if len(head) < 512 || !tarMagic(head) && !(octalEnd(head[107]) && octalEnd(head[115]) && octalEnd(head[123]) && head[0] != 0) {
		return false
	}
	return tarChecksum(head[:512])
}

func octalEnd(c byte) bool { return c == 0 || c == ' ' }

// tarChecksum also takes the sum of signed bytes, as some old tars have it.
func tarChecksum(head []byte) bool {
	sum, signed := uint64(0), int64(0)
	for i, c := range head {
		if i >= 148 && i < 156 {
			c = ' '
		}
		sum += uint64(c)
		signed += int64(int8(c))
	}
	want, ok := octal(head[148:156])
	return ok && (want == sum || int64(want) == signed)
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

// TailLen is how much of a file's end may have to be seen to find the zip that
// stands there, with a comment or something else behind it.
const TailLen = zipEndLen + 1<<16

// nearLen is how much of the end of any file is looked at.
const nearLen = 256

var zipEndSignature = []byte("PK\x05\x06")

// MayEndInZip tells by the first and the last bytes of a file of no format
// whether it is worth to look closer with DetectTail: text is not. It runs for
// every file and blob.
func MayEndInZip(head, tail []byte) bool {
	near := tail[max(0, len(tail)-nearLen):]
	// No text has the signature's third byte, and each has many of its first.
	return bytes.IndexByte(near, zipEndSignature[2]) >= 0 && bytes.Contains(near, zipEndSignature) || binaryHead(head)
}

// binaryHead knows pictures, documents and other files that are not all text.
func binaryHead(head []byte) bool {
	head = head[:min(len(head), 16)]
	for _, c := range head {
		if c < '\t' || c > '\r' && c < ' ' || c >= 0x7f {
			return true
		}
	}
	return bytes.HasPrefix(head, []byte("GIF8")) || bytes.HasPrefix(head, []byte("%PDF")) || bytes.HasPrefix(head, []byte("%!PS"))
}

// DetectTail says what a file is of which Detect said f and which ends in tail:
// a zip may stand behind an executable, and behind images and documents. An
// executable of which tail is all stays one only if it is known to hold an
// archive.
func DetectTail(f Format, tail []byte) Format {
	switch {
	case f == Executable:
		if zipEnd(tail) || HoldsZip(tail) {
			return Zip
		}
		_, inside := selfExtracting(tail[:min(len(tail), stubLen)])
		return when(inside != None, f)
	case f == None && zipEnd(tail):
		return Zip
	}
	return f
}

// zipEnd reports whether a zip ends in tail. What stands behind it need not be
// its comment: unzippers read it all the same.
func zipEnd(tail []byte) bool {
	for from := max(0, len(tail)-TailLen); ; from += len(zipEndSignature) {
		i := bytes.Index(tail[from:], zipEndSignature)
		if i < 0 || from+i+zipEndLen > len(tail) {
			return false
		}
		if from += i; zipEndLen+int(binary.LittleEndian.Uint16(tail[from+20:])) == len(tail)-from || endsDirectory(tail, from) {
			return true
		}
	}
}

// endsDirectory reports whether the record at tail[at:] can end a directory,
// of which tail need not have the start.
func endsDirectory(tail []byte, at int) bool {
	le := binary.LittleEndian
	if at >= 20 && string(tail[at-20:at-16]) == "PK\x06\x07" {
		return true
	}
	count, size := int(le.Uint16(tail[at+10:])), int64(le.Uint32(tail[at+12:]))
	if from := int64(at) - size; from >= 0 {
		return size >= centralLen && string(tail[from:from+4]) == "PK\x01\x02"
	}
	return len(tail) == TailLen && count > 0 && size >= int64(count)*centralLen && size < int64(count)<<12
}
