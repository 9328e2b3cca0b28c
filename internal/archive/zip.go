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

// Compression methods of zip that archive/zip does not name.
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

// member reads one member and returns where its data ends.
func (z *zipReader) member(e entry) (end int64, err error) {
	in := z.in
	switch {
	case e.flags&flagEncrypted != 0 || e.method == methodAES:
		err = in.unreadable(e.name, "it is encrypted")
	case !supported(e.method):
		err = in.unreadable(e.name, fmt.Sprintf("it is compressed by method %d, which is not supported", e.method))
	case e.packed < 0 && e.method == zip.Store:
		err = in.unreadable(e.name, "no directory lists it, and its header does not say where it ends; it was searched as it is")
		return e.at, err
	case e.empty():
		err = in.member(e.name, nil)
	default:
		return z.content(e)
	}
	return min(e.at+max(e.packed, 0), z.size), err
}

// content reads a member's data, and returns where it ends. If the data is not
// what the header says, its end is uncertain. Then content returns the start of
// the data, unless a record follows the data.
func (z *zipReader) content(e entry) (end int64, err error) {
	in := z.in
	room := z.size - e.at
	packed := e.packed
	short := packed > room
	if packed < 0 || short {
		packed = room
	}
	if done, used, err := z.small(e, short); done {
		return e.at + used, err
	}
	raw := &source{r: io.NewSectionReader(z.at, e.at, packed)}
	buf := in.buffered(raw)
	r, closer, err := z.unpack(e, raw, buf)
	if err != nil {
		return e.at, in.unreadable(e.name, reason(err))
	}
	defer closer()
	check := &checked{r: r, crc: e.crc, size: e.size, short: short, none: e.packed < 0}
	err = in.member(e.name, check)
	end = e.at + raw.n - int64(buf.Buffered())
	in.spare(buf)
	if check.none && check.good && z.otherSum(end, check.sum) {
		in.fail(join(in.path, e.name), errChecksum)
	}
	if z.bad = !check.good; z.bad && !z.signature(end) {
		end = e.at
	}
	return end, err
}

// otherSum reports whether the data descriptor at pos has another checksum. A
// descriptor follows the data of a member whose header has no checksum.
func (z *zipReader) otherSum(pos int64, sum uint32) bool {
	var b [8]byte
	n, _ := z.at.ReadAt(b[:], pos)
	return n == len(b) && string(b[:4]) == "PK\x07\x08" && binary.LittleEndian.Uint32(b[4:]) != sum
}

// signature reports whether a record begins at pos.
func (z *zipReader) signature(pos int64) bool {
	var b [2]byte
	n, _ := z.at.ReadAt(b[:], pos)
	return n == 2 && string(b[:]) == "PK"
}

// smallLen is the size up to which a member is inflated in one piece.
const smallLen = 8 << 20

// keepLen is the size up to which the memory for such a member is reused.
const keepLen = 1 << 20

// small reads a small deflated member whose header says its size. That is three
// times as fast as a stream. small returns how much of the data it used. It does
// nothing and returns false for other members, and for data that is not what the
// header says.
func (z *zipReader) small(e entry, short bool) (done bool, used int64, err error) {
	in := z.in
	if e.method != zip.Deflate || e.packed < 0 || e.packed > smallLen || short || e.size > smallLen || e.size/1032 > e.packed || in.over() != nil {
		return false, 0, nil
	}
	if in.take(e.packed+e.size) != nil {
		return false, 0, nil
	}
	defer in.give(e.packed + e.size)
	both := in.piece(int(e.packed + e.size))
	if cap(both) <= keepLen {
		defer func() { in.keep(both) }()
	}
	packed, content := both[:e.packed], both[e.packed:e.packed+e.size]
	raw := &source{r: io.NewSectionReader(z.at, e.at, e.packed)}
	if _, err := io.ReadFull(raw, packed); err != nil {
		return false, 0, nil
	}
	n, err := in.inflater.Raw(content, packed)
	if err != nil || crc32.ChecksumIEEE(content) != e.crc {
		return false, 0, nil
	}
	r := &expander{w: in.walk, r: bytes.NewReader(content), packed: raw}
	return true, int64(n), in.member(e.name, r)
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
	in := z.in
	r, closer := io.Reader(nil), func() {}
	switch e.method {
	case zip.Store:
		return buf, closer, nil
	case zip.Deflate:
		r = flate.NewReader(buf)
	case methodBzip2:
		r = bzip2.NewReader(buf)
	case methodZstdOld, methodZstd:
		return decoder(in.walk, Zstd, raw, buf)
	case methodXZ:
		return decoder(in.walk, XZ, raw, buf)
	case methodLZMA:
		if err := in.take(in.limits.Window); err != nil {
			return nil, nil, err
		}
		closer = func() { in.give(in.limits.Window) }
		var err error
		if r, err = zipLZMA(e, buf, int(max(in.limits.Window, lzma.MinDictCap))); err != nil {
			closer()
			return nil, nil, err
		}
	}
	return &expander{w: in.walk, r: r, packed: raw}, closer, nil
}

// zipLZMA decodes LZMA in a zip. It builds the header that an LZMA file has.
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

var errChecksum = errors.New("its checksum differs: it is damaged, and was searched as it is")

// checked compares what was read with what the headers say. It does so at the
// end, when all of it has been searched.
type checked struct {
	r     io.Reader
	crc   uint32
	size  int64
	short bool // the data ends too early
	none  bool // the header has no size and checksum
	good  bool // the data is what the header says
	sum   uint32
	n     int64
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.sum = crc32.Update(c.sum, crc32.IEEETable, p[:n])
	c.n += int64(n)
	if err != io.EOF || c.none {
		c.good = err == io.EOF
		return n, err
	}
	c.good = false
	switch {
	case c.short:
		err = fmt.Errorf("%w: its data ends too early", io.ErrUnexpectedEOF)
	case c.n != c.size:
		err = fmt.Errorf("it has %d bytes, but its header says %d; all were searched", c.n, c.size)
	case c.sum != c.crc:
		err = errChecksum
	default:
		c.good = true
	}
	return n, err
}
