package archive

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/ulikunitz/xz/lzma"
)

// Methods of compression in a zip that archive/zip has no name for.
const (
	methodBzip2   = 12
	methodLZMA    = 14
	methodZstdOld = 20
	methodZstd    = 93
	methodXZ      = 95
	methodAES     = 99
)

const (
	flagEncrypted  = 1 << 0
	flagLZMAEnd    = 1 << 1
	flagDescriptor = 1 << 3
)

// entry is a member of a zip, from the directory or from its own header.
type entry struct {
	name          string
	method, flags uint16
	packed        int64 // -1: not known before it is unpacked
	size          int64
	crc           uint32
	at            int64 // where its data begins
}

// zip reads a zip: first what its directory at the end lists, then what only
// stands between that with a header of its own, which unzippers do not see.
func (w *walker) zip(c *content, path string, depth int) error {
	if err := w.random(c); err != nil {
		return err
	}
	z := &zipReader{w: w, at: c.at, size: c.size, path: path, depth: depth, known: map[int64]int64{}}
	if err := z.directory(); err != nil {
		return err
	}
	return z.between()
}

type zipReader struct {
	w     *walker
	at    io.ReaderAt
	size  int64
	path  string
	depth int
	known map[int64]int64 // where data of members begins and ends
}

// A directory entry of 46 bytes and more becomes some 300 in memory.
const (
	directoryShare = 12
	entryCost      = 400
)

// directory reads the members that the directory lists.
func (z *zipReader) directory() error {
	w := z.w
	limited := &limitedAt{r: z.at, w: w}
	defer func() { w.give(limited.held) }()
	zr, err := zip.NewReader(limited, z.size)
	if zr == nil || err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		if limited.err != nil {
			err = limited.err
		}
		w.fail(z.path, fmt.Errorf("its directory cannot be read (%w); members were found by their own headers", err))
		return nil
	}
	limited.w = nil
	for _, f := range zr.File {
		e := entry{name: f.Name, method: f.Method, flags: f.Flags, packed: int64(f.CompressedSize64), size: int64(f.UncompressedSize64), crc: f.CRC32}
		if e.at, err = f.DataOffset(); err != nil {
			if err := w.unreadable(z.path, f.Name, "its header cannot be read: "+reason(err)); err != nil {
				return err
			}
			continue
		}
		if _, err := z.member(e); err != nil {
			return err
		}
	}
	return nil
}

// limitedAt takes memory for what is going to be made of what it reads, and fails
// if there is none.
type limitedAt struct {
	r    io.ReaderAt
	w    *walker // nil once the directory is read
	held int64
	err  error
}

func (l *limitedAt) ReadAt(p []byte, off int64) (int, error) {
	if l.w != nil {
		n := int64(len(p)) * directoryShare
		if l.err = l.w.take(n); l.err != nil {
			return 0, l.err
		}
		l.held += n
	}
	return l.r.ReadAt(p, off)
}

// member reads one member and returns where its data ends.
func (z *zipReader) member(e entry) (end int64, err error) {
	w := z.w
	switch {
	case e.flags&flagEncrypted != 0 || e.method == methodAES:
		err = w.unreadable(z.path, e.name, "it is encrypted")
	case !supported(e.method):
		err = w.unreadable(z.path, e.name, fmt.Sprintf("it is compressed by method %d, which is not supported", e.method))
	case e.packed < 0 && e.method == zip.Store:
		err = w.unreadable(z.path, e.name, "it is in no directory and its header does not say where it ends; it was searched as it is")
		return e.at, err
	case e.packed == 0 && e.size == 0 && e.crc == 0:
		err = w.member(z.path, e.name, z.depth, nil)
	default:
		return z.content(e)
	}
	end = e.at + max(e.packed, 0)
	z.known[e.at] = max(end, z.known[e.at])
	return end, err
}

// content reads a member's data.
func (z *zipReader) content(e entry) (end int64, err error) {
	w := z.w
	room := z.size - e.at
	packed := e.packed
	short := packed > room
	if packed < 0 || short {
		packed = room
	}
	if done, err := z.small(e, short); done {
		z.known[e.at] = max(e.at+packed, z.known[e.at])
		return e.at + packed, err
	}
	raw := &source{r: io.NewSectionReader(z.at, e.at, packed)}
	buf := w.buffered(raw)
	r, closer, err := z.unpack(e, raw, buf)
	if err != nil {
		return e.at + packed, w.unreadable(z.path, e.name, reason(err))
	}
	defer closer()
	check := &checked{r: r, crc: e.crc, size: e.size, short: short, none: e.packed < 0}
	err = w.member(z.path, e.name, z.depth, check)
	if end = e.at + packed; e.packed < 0 {
		end = e.at + raw.n - int64(buf.Buffered())
	}
	w.bufs = append(w.bufs, buf)
	z.known[e.at] = max(end, z.known[e.at])
	return end, err
}

// smallLen is the size up to which a member is inflated in one piece.
const smallLen = 8 << 20

// keepLen is the size up to which the memory for it is used again.
const keepLen = 1 << 20

// small reads a deflated member whose header says how small it is, three times
// as fast as a stream. It reports false, and has done nothing, if the member is
// another one, or not what its header says.
func (z *zipReader) small(e entry, short bool) (done bool, err error) {
	w := z.w
	if e.method != zip.Deflate || e.packed < 0 || e.packed > smallLen || short || e.size > smallLen || e.size/1032 > e.packed || w.over() != nil {
		return false, nil
	}
	if w.take(e.packed+e.size) != nil {
		return false, nil
	}
	defer w.give(e.packed + e.size)
	both := w.piece(int(e.packed + e.size))
	if cap(both) <= keepLen {
		defer func() { w.pieces = append(w.pieces, both) }()
	}
	packed, content := both[:e.packed], both[e.packed:e.packed+e.size]
	raw := &source{r: io.NewSectionReader(z.at, e.at, e.packed)}
	if _, err := io.ReadFull(raw, packed); err != nil {
		return false, nil
	}
	if _, err := w.inflater.Raw(content, packed); err != nil {
		return false, nil
	}
	r := &expander{w: w, r: bytes.NewReader(content), packed: raw}
	return true, w.member(z.path, e.name, z.depth, &checked{r: r, crc: e.crc, size: e.size})
}

// piece returns n bytes of memory with any content.
func (w *walker) piece(n int) []byte {
	if last := len(w.pieces) - 1; last >= 0 {
		b := w.pieces[last]
		w.pieces = w.pieces[:last]
		if cap(b) >= n {
			return b[:n]
		}
	}
	return make([]byte, n)
}

func supported(method uint16) bool {
	switch method {
	case zip.Store, zip.Deflate, methodBzip2, methodLZMA, methodZstdOld, methodZstd, methodXZ:
		return true
	}
	return false
}

// unpack decompresses a member's data.
func (z *zipReader) unpack(e entry, raw *source, buf *bufio.Reader) (io.Reader, func(), error) {
	w := z.w
	r, closer := io.Reader(nil), func() {}
	switch e.method {
	case zip.Store:
		return buf, closer, nil
	case zip.Deflate:
		r = flate.NewReader(buf)
	case methodBzip2:
		r = bzip2.NewReader(buf)
	case methodZstdOld, methodZstd:
		return w.decoder(Zstd, raw, buf)
	case methodXZ:
		return w.decoder(XZ, raw, buf)
	case methodLZMA:
		if err := w.take(w.limits.Window); err != nil {
			return nil, nil, err
		}
		closer = func() { w.give(w.limits.Window) }
		var err error
		if r, err = zipLZMA(e, buf, int(max(w.limits.Window, lzma.MinDictCap))); err != nil {
			closer()
			return nil, nil, err
		}
	}
	return &expander{w: w, r: r, packed: raw}, closer, nil
}

// zipLZMA gives LZMA in a zip the header that it has in a file of its own.
func zipLZMA(e entry, buf *bufio.Reader, window int) (io.Reader, error) {
	var head [9]byte // version, length of the properties, properties
	if _, err := io.ReadFull(buf, head[:]); err != nil {
		return nil, err
	}
	size := uint64(e.size)
	if e.flags&flagLZMAEnd != 0 {
		size = 1<<64 - 1
	}
	start := binary.LittleEndian.AppendUint64(append([]byte(nil), head[4:]...), size)
	return lzma.ReaderConfig{DictCap: window}.NewReader(io.MultiReader(bytes.NewReader(start), buf))
}

// checked compares what was read with what the headers say, at the end, when
// all of it has been searched.
type checked struct {
	r     io.Reader
	crc   uint32
	size  int64
	short bool // the data ends before it should
	none  bool // the header says nothing
	sum   uint32
	n     int64
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.sum = crc32.Update(c.sum, crc32.IEEETable, p[:n])
	c.n += int64(n)
	if err != io.EOF || c.none {
		return n, err
	}
	switch {
	case c.short:
		err = fmt.Errorf("%w: its data should be longer", io.ErrUnexpectedEOF)
	case c.n != c.size:
		err = fmt.Errorf("it has %d bytes and says %d; all were searched", c.n, c.size)
	case c.sum != c.crc:
		err = errors.New("its checksum differs: it is damaged, and was searched as it is")
	}
	return n, err
}

var localHeader = []byte("PK\x03\x04")

// between reads members that the directory does not list. It goes from member
// to member, so that what looks like a header inside of one is not taken for
// another.
func (z *zipReader) between() error {
	window := make([]byte, 512)
	for pos := int64(0); pos < z.size; {
		if err := z.w.over(); err != nil {
			return err
		}
		n, _ := z.at.ReadAt(window, pos)
		i := bytes.Index(window[:n], localHeader)
		if i < 0 {
			if n < len(window) {
				return nil
			}
			pos += int64(n - len(localHeader) + 1)
			if len(window) < 64<<10 {
				window = make([]byte, 2*len(window))
			}
			continue
		}
		pos += int64(i)
		e, ok := z.header(pos)
		if !ok {
			pos += int64(len(localHeader))
			continue
		}
		end, listed := z.known[e.at]
		if !listed {
			var err error
			if end, err = z.member(e); err != nil {
				return err
			}
		}
		pos = max(end, e.at)
		window = window[:512]
	}
	return nil
}

// header reads the header of a member at pos.
func (z *zipReader) header(pos int64) (entry, bool) {
	var h [30]byte
	if n, _ := z.at.ReadAt(h[:], pos); n < len(h) {
		return entry{}, false
	}
	le := binary.LittleEndian
	e := entry{flags: le.Uint16(h[6:]), method: le.Uint16(h[8:]), crc: le.Uint32(h[14:]),
		packed: int64(le.Uint32(h[18:])), size: int64(le.Uint32(h[22:]))}
	text := make([]byte, int(le.Uint16(h[26:]))+int(le.Uint16(h[28:])))
	n, _ := z.at.ReadAt(text, pos+30)
	nameLen := int(le.Uint16(h[26:]))
	if e.at = pos + 30 + int64(len(text)); n < len(text) || nameLen == 0 || le.Uint16(h[4:])&0xff > 63 || e.method > methodAES {
		return entry{}, false
	}
	e.name = string(text[:nameLen])
	if e.packed == 1<<32-1 || e.size == 1<<32-1 {
		e.size64(text[nameLen:])
	}
	if e.flags&flagDescriptor != 0 && e.packed == 0 {
		e.packed = -1
	}
	return e, true
}

// size64 takes the sizes of a large member from its extra field.
func (e *entry) size64(extra []byte) {
	le := binary.LittleEndian
	for len(extra) >= 4 {
		id, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		if extra = extra[4:]; n > len(extra) {
			return
		}
		if id == 1 && n >= 16 {
			size, packed := le.Uint64(extra), le.Uint64(extra[8:])
			if size>>62 == 0 && packed>>62 == 0 {
				e.size, e.packed = int64(size), int64(packed)
			}
			return
		}
		extra = extra[n:]
	}
}
