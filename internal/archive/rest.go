package archive

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// maxTrials is how many places in a walk may look like the start of something
// compressed, behind and between containers. Each takes a decoder's set-up, which
// may take longer than reading what is there.
const maxTrials = 4096

// rest reads what stands behind the end of a container, or behind the damage in
// it, as what it is: padding, text, or further containers, which may be any.
// What is none of these is named; behind damage that was named, it is not.
func (in *container) rest(failed bool) {
	for in.over() == nil {
		f := in.next(failed)
		if f == None {
			return
		}
		src, at := in.c.src, in.c.pos()
		failed = !in.one(f)
		if in.c.src == src && in.c.pos() == at { // it is not to be found again
			_, _ = in.c.buf.Discard(1)
		}
	}
}

// next goes to where the next container in in.c begins and returns its format,
// None if in.c ends before.
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
			in.v.Unread(in.path, fmt.Sprintf("at least %d bytes behind or between what was read of it are of an unknown kind; they were searched as they are", g.n))
		}
		if c.at != nil && (f == Zip || f == SevenZip || f == RAR) { // these are read at any place
			c.begin(c.pos())
		}
		return f
	}
	return None
}

// strong tells what begins at b, by more than a few bytes: at is how far that
// is behind the end of the last container.
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

// tarAt knows a tar's header; one without a magic only a whole number of
// blocks behind the last one.
func tarAt(b []byte, at int64) Format {
	if len(b) < 512 || b[257] != 'u' && at%512 != 0 {
		return None
	}
	return when(tarHeader(b), Tar)
}

// believes says whether what begins at b[i:] is to be read as what it looks
// like. Zlib has a signature of two bytes, which count only where nothing but
// padding stands before them, and frames to be skipped begin like text.
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

// readSkippable passes by a frame that zstd and lz4 skip.
func readSkippable(c *content) error {
	head, err := c.buf.Peek(8)
	if len(head) < 8 {
		return err
	}
	size := int64(binary.LittleEndian.Uint32(head[4:]))
	_, _ = c.buf.Discard(8)
	if n, err := io.CopyN(io.Discard, c.buf, size); n < size {
		return fmt.Errorf("%w: a frame that is to be skipped should be longer (%v)", io.ErrUnexpectedEOF, err)
	}
	return nil
}
