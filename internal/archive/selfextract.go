package archive

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
)

// stubLen is how much of an executable is searched for the archive that it
// unpacks. The program before the archive has a few hundred kilobytes.
const stubLen = 4 << 20

// The signatures of archives that programs unpack.
const (
	signature7z  = "7z\xbc\xaf\x27\x1c"
	signatureRAR = "Rar!\x1a\x07"
)

// selfExtracting finds the archive that a program unpacks. head is the start of
// the program. The archive is a 7z or RAR in a program for Windows or Linux, or
// what follows the last line of a script. Programs that unpack such archives
// contain the signatures too, so a header with the right checksum must follow.
func selfExtracting(head []byte) (at int, f Format) {
	if bytes.HasPrefix(head, []byte("#!")) {
		return behindScript(head)
	}
	if !bytes.HasPrefix(head, []byte("MZ")) && !bytes.HasPrefix(head, []byte("\x7fELF")) {
		return 0, None
	}
	if at = indexOf(head, signature7z, starts7z); at >= 0 {
		return at, SevenZip
	}
	if at = indexOf(head, signatureRAR, startsRAR); at >= 0 {
		return at, RAR
	}
	return 0, None
}

// behindScript finds the first container that begins at a line of a script.
func behindScript(head []byte) (at int, f Format) {
	if !mayHoldArchive(head) {
		return 0, None // nearly all scripts
	}
	for {
		i := bytes.IndexByte(head[at:], '\n')
		if i < 0 {
			return 0, None
		}
		at += i + 1
		switch f = strong(head[at:], 0); f {
		case None, Zlib, Skippable, Ar: // they begin like lines of text
		default:
			return at, f
		}
	}
}

// mayHoldArchive reports whether a container may be within text. Every container
// that is looked for has a zero byte in its first header, except a zstd frame and
// a bzip2 stream.
func mayHoldArchive(text []byte) bool {
	return bytes.IndexByte(text, 0) >= 0 || contains(text, signatureZstd, 1) || contains(text, blockBzip2, 2) || contains(text, endBzip2, 0)
}

// contains reports whether text has a signature. It searches for
// signature[rare], a byte that is rare in text.
func contains(text []byte, signature string, rare int) bool {
	for from := rare; from < len(text); from++ {
		i := bytes.IndexByte(text[from:], signature[rare])
		if i < 0 {
			return false
		}
		if from += i; bytes.HasPrefix(text[from-rare:], []byte(signature)) {
			return true
		}
	}
	return false
}

// indexOf returns the first place of a signature where is returns true, or -1.
func indexOf(b []byte, signature string, is func([]byte) bool) int {
	for from := 0; ; from++ {
		i := bytes.Index(b[from:], []byte(signature))
		if i < 0 {
			return -1
		}
		if from += i; is(b[from:]) {
			return from
		}
	}
}

func starts7z(b []byte) bool {
	return len(b) >= 32 && b[6] == 0 && crc32.ChecksumIEEE(b[12:32]) == binary.LittleEndian.Uint32(b[8:])
}

// startsRAR recognizes the first header of versions 4 and 5.
func startsRAR(b []byte) bool {
	if len(b) < 64 {
		return false
	}
	if b[6] == 0 { // version 4: a checksum of the rest of the header, whose type is 0x73
		return b[9] == 0x73 && uint16(crc32.ChecksumIEEE(b[9:20])) == binary.LittleEndian.Uint16(b[7:])
	}
	// Version 5: a checksum of what follows it. The length of that fits one byte.
	size := 1 + int(b[12])
	return b[6] == 1 && b[7] == 0 && b[12] < 0x80 && 12+size <= len(b) && crc32.ChecksumIEEE(b[12:12+size]) == binary.LittleEndian.Uint32(b[8:])
}

// behind looks for an archive after an executable: a self-extracting archive, an
// executable jar or a Python zip. It returns the content to read, and its format.
func behind(w *walk, c *content) (*content, Format) {
	if b, err := c.buf.Peek(bufLen); err != nil && DetectTail(Executable, b) == None {
		return c, None // all of c is in the buffer
	}
	if c.random(w) != nil {
		return c, None
	}
	n := min(c.size, TailLen)
	tail := make([]byte, n)
	if k, err := c.at.ReadAt(tail, c.size-n); int64(k) < n && err != nil {
		return c, None
	}
	if zipEnd(tail) || !c.noZip && zipWithin(w, c) {
		return c, Zip
	}
	return behindStub(w, c)
}

// HoldsZip reports whether b contains the header of a zip's member. A zip may end
// farther before a program's end than unzip programs look.
func HoldsZip(b []byte) bool { return indexZip(b) >= 0 }

// indexZip returns where in b the first header of a zip's member is, or -1. It
// searches for the signature's third byte, which text never has.
func indexZip(b []byte) int {
	for from := 2; from < len(b); from++ {
		i := bytes.IndexByte(b[from:], localHeader[2])
		if i < 0 {
			return -1
		}
		if from += i; b[from-1] != 'K' || !bytes.HasPrefix(b[from-2:], localHeader) {
			continue
		}
		if h, ok := parseLocal(b[from-2:]); ok && h.sure() {
			return from - 2
		}
	}
	return -1
}

// skipToZip moves c to the next header of a zip's member, and reports whether
// there is one.
func (c *content) skipToZip(w *walk) bool {
	const overlap = localLen + shownLen
	for w.over() == nil {
		b, err := c.buf.Peek(bufLen)
		if i := indexZip(b); i >= 0 && (err != nil || i <= len(b)-overlap) {
			_, _ = c.buf.Discard(i)
			return true
		}
		if err != nil {
			_, _ = c.buf.Discard(len(b))
			return false
		}
		_, _ = c.buf.Discard(len(b) - overlap)
	}
	return false
}

// zipWithin is HoldsZip for all of c.
func zipWithin(w *walk, c *content) bool {
	const overlap = 30 + shownLen
	b := make([]byte, 256<<10)
	for from := int64(0); w.over() == nil; from += int64(len(b) - overlap) {
		n, _ := c.at.ReadAt(b, from)
		if HoldsZip(b[:n]) {
			return true
		}
		if n < len(b) {
			return false
		}
	}
	return false
}

// behindStub is behind for archives that are found by their start, after the
// program.
func behindStub(w *walk, c *content) (*content, Format) {
	var magic [4]byte
	if _, err := c.at.ReadAt(magic[:], 0); err != nil || string(magic[:2]) != "MZ" && string(magic[:2]) != "#!" && string(magic[:]) != "\x7fELF" {
		return c, None
	}
	n := min(c.size, stubLen)
	if w.take(n) != nil {
		return c, None
	}
	defer w.give(n)
	head := make([]byte, n)
	if k, err := c.at.ReadAt(head, 0); int64(k) < n && err != nil {
		return c, None
	}
	at, f := selfExtracting(head)
	if f == None {
		return c, None
	}
	rest := io.NewSectionReader(c.at, int64(at), c.size-int64(at))
	in := &content{src: &source{r: rest}, at: rest, size: rest.Size(), name: c.name}
	in.buf = bufio.NewReaderSize(in.src, bufLen)
	return in, f
}
