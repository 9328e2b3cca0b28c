package archive

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// Format is the format of a file, as its first bytes or its name show it.
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
	Foreign // compressed in a format that is not supported, or only named like a compressed file
)

var formatNames = [...]string{"none", "zip", "tar", "gzip", "bzip2", "xz", "zstd", "lz4", "7z", "rar", "zlib", "brotli", "lzma", "ar", "reftable", "skippable frame", "executable", "foreign"}

func (f Format) String() string { return formatNames[f] }

// HeadLen is how much of a file's start Detect looks at.
const HeadLen = 512

// Detect returns the container format of a file by its first HeadLen bytes, or
// by all of a shorter one. It runs for every file and blob and takes a few
// nanoseconds. Brotli and bare LZMA have no signature: only their names show
// them.
func Detect(head []byte, name string) Format {
	if len(head) < 8 {
		return None
	}
	if tarHeader(head) { // before the signatures: a tar begins with a name, which may look like one
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

func when(ok bool, f Format) Format {
	if ok {
		return f
	}
	return None
}

func tarMagic(head []byte) bool {
	return string(head[257:262]) == "ustar" && (head[262] == 0 || head[262] == ' ')
}

// tarHeader recognizes a header by its checksum, so also an old one that has no
// magic.
func tarHeader(head []byte) bool {
	if len(head) < 512 || !tarMagic(head) && !(octalEnd(head[107]) && octalEnd(head[115]) && octalEnd(head[123]) && head[0] != 0) {
		return false
	}
	return tarChecksum(head[:512])
}

func octalEnd(c byte) bool { return c == 0 || c == ' ' }

// tarChecksum also accepts the sum of signed bytes, which some old tars have.
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

// byName recognizes formats without a signature, and files whose content is not
// what their name says. It ignores text: a text in Brazilian Portuguese may be
// called messages.pt.br.
func byName(name string, head []byte) Format {
	end := ending(name)
	if end == "" {
		return None
	}
	f := endingFormat(end)
	if f == None && len(head) >= hiddenLen && compressedEnding(end) {
		f = Foreign
	}
	if f != None && IsText(head) {
		return None
	}
	return f
}

// Unsigned reports whether a name may be that of a container without a
// signature. Detect recognizes such a container by its name only.
func Unsigned(name []byte) bool { return endingFormat(ending(name)) != None }

// longEnding is the length of the longest ending that shows a format.
const longEnding = 6

// ending returns what follows the last dot of a name, or nothing if that is
// long or begins the name.
func ending[T string | []byte](name T) (end T) {
	for i := len(name) - 1; i > 0 && i >= len(name)-longEnding-1; i-- {
		if name[i] == '.' {
			return name[i+1:]
		}
	}
	return end
}

func endingFormat[T string | []byte](end T) Format {
	switch string(end) {
	case "br":
		return Brotli
	case "lzma", "tlz":
		return LZMA
	case "zz", "zlib":
		return Zlib
	case "Z", "taz", "lz", "lzo", "lzh", "lha", "sz", "snappy":
		return Foreign
	}
	return None
}

// compressedEnding recognizes the endings of formats that have a signature.
func compressedEnding(end string) bool {
	switch end {
	case "gz", "tgz", "bz2", "tbz", "tbz2", "xz", "txz", "zst", "tzst", "lz4", "tlz4", "7z", "rar", "zip", "dmg",
		"jar", "war", "ear", "whl", "egg", "apk", "aab", "ipa", "nupkg", "vsix", "xpi", "epub", "docx", "xlsx", "pptx", "odt", "ods", "odp":
		return true
	}
	return false
}

// IsText reports whether head is UTF-8 without control characters. Its last
// character may be incomplete.
func IsText(head []byte) bool {
	for i := 0; i < len(head); {
		if c := head[i]; c-' ' < 0x7f-' ' || c == '\n' { // most of them
			i++
			continue
		}
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

// TailLen is how much of a file's end to search for the end of a zip. A comment
// or other data may follow that.
const TailLen = zipEndLen + 1<<16

// nearLen is how much of the end of any file is looked at.
const nearLen = 256

var zipEndSignature = []byte("PK\x05\x06")

// MayEndInZip reports, by the first and the last bytes of a file of no format,
// whether DetectTail should look closer. It returns false for text. It runs for
// every file and blob.
func MayEndInZip(head, tail []byte) bool {
	near := tail[max(0, len(tail)-nearLen):]
	return indexZipEnd(near) >= 0 || binaryHead(head)
}

// binaryHead recognizes pictures, documents and other files that are not all
// text.
func binaryHead(head []byte) bool {
	head = head[:min(len(head), 16)]
	for _, c := range head {
		if c < '\t' || c > '\r' && c < ' ' || c >= 0x7f {
			return true
		}
	}
	return bytes.HasPrefix(head, []byte("GIF8")) || bytes.HasPrefix(head, []byte("%PDF")) || bytes.HasPrefix(head, []byte("%!PS"))
}

// DetectTail returns the format of a file for which Detect returned f, and which
// ends in tail. A zip may follow an executable, an image or a document. If tail
// is a whole executable, the result is Executable only if it holds an archive.
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

// zipEnd reports whether a zip ends in tail. What follows need not be its
// comment: unzip programs read it anyway.
func zipEnd(tail []byte) bool {
	for from := max(0, len(tail)-TailLen); ; from += len(zipEndSignature) {
		i := indexZipEnd(tail[from:])
		if i < 0 || from+i+zipEndLen > len(tail) {
			return false
		}
		if from += i; zipEndLen+int(binary.LittleEndian.Uint16(tail[from+20:])) == len(tail)-from || endsDirectory(tail, from) {
			return true
		}
	}
}

// indexZipEnd is bytes.Index for zipEndSignature, by its third byte: text has none, and
// often the first one.
func indexZipEnd(text []byte) int {
	for from := 2; from < len(text); from++ {
		i := bytes.IndexByte(text[from:], zipEndSignature[2])
		if i < 0 {
			break
		}
		if from += i; bytes.HasPrefix(text[from-2:], zipEndSignature) {
			return from - 2
		}
	}
	return -1
}

// endsDirectory reports whether the record at tail[at:] can end a directory. The
// start of the directory may be before tail.
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
