package archive

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// maxTrials is how many places after and between containers are tried as the
// start of compressed data, in one walk. Each try sets up a decoder, which may
// take longer than reading the data.
const maxTrials = 4096

// rest reads what follows the end of a container, or the damage in it: padding,
// text, or containers of any format. It reports everything else as unread. After
// damage that was reported, it does not report again.
func (in *container) rest(failed bool) {
	for in.over() == nil {
		f := in.next(failed)
		if f == None {
			return
		}
		src, at := in.c.src, in.c.pos()
		failed = !in.one(f)
		if in.c.src == src && in.c.pos() == at { // do not find the same one again
			_, _ = in.c.buf.Discard(1)
		}
	}
}

// next moves in.c to the start of the next container in it, and returns the
// container's format. It returns None if there is no further container.
func (in *container) next(failed bool) Format {
	c := in.c
	if c.done {
		return None
	}
	var g gap
	for in.over() == nil {
		b, err := c.buf.Peek(bufLen)
		last := len(b) - HeadLen
		if err != nil {
			last = len(b) - 1
		}
		i, f := 0, None
		for ; i <= last && f == None; i++ {
			if f = strong(b[i:], g.n+int64(i)); f != None && !in.believes(f, b, i, &g) {
				f = None
			}
		}
		if f != None {
			i--
		}
		g.add(b[:i])
		_, _ = c.buf.Discard(i)
		if f == None && err == nil && in.trials <= maxTrials {
			continue
		}
		if g.binary = g.binary || in.trials > maxTrials; g.hides() && !failed {
			in.v.Unread(in.path, fmt.Sprintf("at least %d bytes between or after its parts are in an unknown format; they were searched as they are", g.n))
		}
		if c.at != nil && (f == Zip || f == SevenZip || f == RAR) { // their readers use at, which must begin here
			c.begin(c.pos())
		}
		return f
	}
	return None
}

// strong returns the format of the container at the start of b. It asks for more
// than a signature. at is the distance from the end of the last container.
func strong(b []byte, at int64) Format {
	if len(b) < 8 {
		return None
	}
	if f := tarAt(b, at); f != None || !maySign(b) {
		return f
	}
	switch f := bySignature(b); f {
	case Executable, Reftable, Foreign:
		return None
	case Gzip:
		return when(b[2] == 8 && b[3]&0xe0 == 0, f)
	case SevenZip:
		return when(starts7z(b), f)
	case RAR:
		return when(startsRAR(b), f)
	case Zip:
		return when(b[2] == 3, f)
	default:
		return f
	}
}

// tarAt recognizes a tar's header. A header without a magic counts only at a
// whole number of blocks from the end of the last container.
func tarAt(b []byte, at int64) Format {
	if len(b) < 512 || b[257] != 'u' && at%512 != 0 {
		return None
	}
	return when(tarHeader(b), Tar)
}

// believes reports whether b[i:] should be read as format f. Zlib has a signature
// of only two bytes, and a skippable frame begins like text. So both count only
// if nothing but padding is before them.
func (in *container) believes(f Format, b []byte, i int, g *gap) bool {
	switch f {
	case Zip:
		if in.c.inZip {
			return false
		}
	case Zlib, Skippable:
		if g.count > 0 || len(bytes.Trim(b[:i], "\x00")) > 0 {
			return false
		}
	case Tar, Ar:
		return true
	}
	if f == Skippable {
		return true
	}
	if in.trials++; in.trials > maxTrials {
		return false
	}
	return f != Zlib && f != Gzip && f != Zstd && f != LZ4 || opens(in.walk, b[i:], f)
}

// readSkippable skips a frame that zstd and lz4 skip.
func readSkippable(c *content) error {
	head, err := c.buf.Peek(8)
	if len(head) < 8 {
		return err
	}
	size := int64(binary.LittleEndian.Uint32(head[4:]))
	_, _ = c.buf.Discard(8)
	if n, err := io.CopyN(io.Discard, c.buf, size); n < size {
		return fmt.Errorf("%w: a skippable frame is shorter than its header says (%v)", io.ErrUnexpectedEOF, err)
	}
	return nil
}
