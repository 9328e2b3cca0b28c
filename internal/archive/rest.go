package archive

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"unicode/utf8"
)

// hiddenLen is the fewest bytes that can hold a token which a search of them as
// text does not see: 37 characters of 62 kinds are 220 bits.
const hiddenLen = 28

// maxTrials is how many places in a walk may look like the start of something
// compressed, behind and between containers. Each takes a decoder's set-up, which
// may take longer than reading what is there.
const maxTrials = 4096

// rest reads what stands behind the end of a container, or behind the damage in
// it, as what it is: padding, text, or further containers, which may be any.
// What is none of these is named; behind damage that was named, it is not.
func (w *walker) rest(c *content, failed bool, path string, depth int) {
	for w.over() == nil {
		f := w.next(c, failed, path)
		if f == None {
			return
		}
		src, at := c.src, c.pos()
		failed = !w.one(c, f, path, depth)
		if c.src == src && c.pos() == at { // it is not to be found again
			_, _ = c.buf.Discard(1)
		}
	}
}

// next goes to where the next container in c begins and returns its format,
// None if c ends before.
func (w *walker) next(c *content, failed bool, path string) Format {
	if c.done {
		return None
	}
	var g gap
	for w.over() == nil {
		b, err := c.buf.Peek(bufLen)
		last := len(b) - HeadLen
		if err != nil {
			last = len(b) - 1
		}
		i, f := 0, None
		for ; i <= last && f == None; i++ {
			if f = strong(b[i:], g.n+int64(i)); f != None && !w.believes(c, f, b, i, &g) {
				f = None
			}
		}
		if f != None {
			i--
		}
		g.add(b[:i])
		_, _ = c.buf.Discard(i)
		if f == None && err == nil && w.trials <= maxTrials {
			continue
		}
		if g.binary = g.binary || w.trials > maxTrials; g.hides() && !failed {
			w.v.Unread(path, fmt.Sprintf("at least %d bytes behind or between what was read of it are of an unknown kind; they were searched as they are", g.n))
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
	switch c := b[0]; c {
	case 'P', 0x1f, 'B', 0xfd, '7', 'R', '!', 'x', 0x28, 0x04, 0x02:
	default:
		if c&0xf0 != 0x50 {
			return tarAt(b, at)
		}
	}
	if f := tarAt(b, at); f != None {
		return f
	}
	switch f := bySignature(b); f {
	case Executable, Reftable:
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
func (w *walker) believes(c *content, f Format, b []byte, i int, g *gap) bool {
	switch f {
	case Zip:
		if c.inZip {
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
	if w.trials++; w.trials > maxTrials {
		return false
	}
	return f != Zlib && f != Gzip && f != Zstd && f != LZ4 || w.opens(b[i:], f)
}

// pos is how far c was read.
func (c *content) pos() int64 { return c.src.n - int64(c.buf.Buffered()) }

// begin makes c what stands from a place in it on.
func (c *content) begin(from int64) {
	if c.whole == nil {
		c.whole = c.at
	}
	c.off += min(from, c.size)
	c.size -= min(from, c.size)
	rest := io.NewSectionReader(c.whole, c.off, c.size)
	c.at, c.src = rest, &source{r: rest}
	c.buf.Reset(c.src)
}

// gap is what is known of bytes that no container was read from.
type gap struct {
	n      int64
	count  int64 // of those that are not zero
	binary bool  // it is no text
	carry  [utf8.UTFMax]byte
	held   int
}

// add looks at the next bytes. A character may be cut between two calls.
func (g *gap) add(b []byte) {
	g.n += int64(len(b))
	for _, c := range b {
		if c != 0 {
			g.count++
		}
	}
	for g.held > 0 && len(b) > 0 && g.held < utf8.UTFMax && !g.binary {
		g.carry[g.held] = b[0]
		g.held++
		b = b[1:]
		if utf8.FullRune(g.carry[:g.held]) {
			r, size := utf8.DecodeRune(g.carry[:g.held])
			g.binary = r == utf8.RuneError && size == 1
			g.held = 0
		}
	}
	for i := 0; i < len(b) && !g.binary; {
		if c := b[i]; c < utf8.RuneSelf {
			g.binary = c < ' ' && c != 0 && c != '\n' && c != '\t' && c != '\r' && c != '\f' || c == 0x7f
			i++
			continue
		}
		if !utf8.FullRune(b[i:]) {
			g.held = copy(g.carry[:], b[i:])
			return
		}
		r, size := utf8.DecodeRune(b[i:])
		g.binary = r == utf8.RuneError && size == 1
		i += size
	}
}

// hides reports whether there may be a token that a search does not see.
func (g *gap) hides() bool { return g.binary && g.count >= hiddenLen }

// lag reads from buf and leaves there what it gave last, so that what a
// decoder has read behind the end of a stream can be read again.
type lag struct {
	buf   *bufio.Reader
	keep  int // how much is left there at least, while that is known
	given int // bytes given and still in buf
}

func (l *lag) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if l.given > l.keep {
		_, _ = l.buf.Discard(l.given - l.keep)
		l.given = l.keep
	}
	b, err := l.buf.Peek(l.given + 1)
	if len(b) <= l.given {
		return 0, err
	}
	b, _ = l.buf.Peek(min(l.buf.Buffered(), l.given+len(p)))
	n := copy(p, b[l.given:])
	l.given += n
	return n, nil
}

func (l *lag) ReadByte() (byte, error) {
	var p [1]byte
	_, err := l.Read(p[:])
	return p[0], err
}

// settle ends the reading: of what was given the last back bytes are to be read
// again, or as many as there still are.
func (l *lag) settle(back int) {
	_, _ = l.buf.Discard(max(l.given-back, 0))
	l.given = 0
}

// skippable passes by a frame that zstd and lz4 skip.
func (w *walker) skippable(c *content) error {
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
