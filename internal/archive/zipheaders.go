package archive

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
)

// entry is what a header says of a member: its own header, or a record of a
// directory.
type entry struct {
	name          string
	method, flags uint16
	version       uint16
	packed        int64 // -1 if it is not known until the data is unpacked
	size          int64
	crc           uint32
	at            int64 // where its data begins; in a record of a directory, where its header begins
	nested        bool  // other headers are inside its own header, so a length in it is wrong
}

// empty reports whether the header says that there is no data.
func (e *entry) empty() bool { return e.packed == 0 && e.size == 0 && e.crc == 0 }

// sure reports whether e is almost certainly a header, not bytes that look like
// one by chance.
func (e *entry) sure() bool {
	return e.version&0xff <= 63 && supported(e.method) && e.name != "" && !strings.ContainsFunc(e.name, hidden)
}

// likely reports whether e may be a header: it has what readers need.
func (e *entry) likely() bool {
	return supported(e.method) || e.name != "" && e.method <= methodAES && !strings.ContainsFunc(e.name, hidden)
}

// The lengths of the fixed parts of zip records.
const (
	localLen   = 30
	centralLen = 46
	end64Len   = 56
)

var (
	localHeader   = []byte("PK\x03\x04")
	centralHeader = []byte("PK\x01\x02")
)

// parseLocal reads a member's own header. b may end within the extra fields. The
// entry's at is where the data begins in b.
func parseLocal(b []byte) (e entry, ok bool) {
	if len(b) < localLen || string(b[:4]) != string(localHeader) {
		return e, false
	}
	le := binary.LittleEndian
	name, extra := int(le.Uint16(b[26:])), int(le.Uint16(b[28:]))
	if localLen+name > len(b) {
		return e, false
	}
	e = entry{version: le.Uint16(b[4:]), flags: le.Uint16(b[6:]), method: le.Uint16(b[8:]), crc: le.Uint32(b[14:]), packed: int64(le.Uint32(b[18:])),
		size: int64(le.Uint32(b[22:])), name: string(b[localLen : localLen+name]), at: int64(localLen + name + extra)}
	if e.packed == 1<<32-1 || e.size == 1<<32-1 {
		e.size64(b[localLen+name : min(len(b), localLen+name+extra)])
	}
	if e.flags&flagDescriptor != 0 && e.packed == 0 {
		e.packed = -1
	}
	return e, true
}

// size64 reads the sizes of a large member from its extra field, and in a
// directory also its place. The extra field has only the values that do not fit
// the header.
func (e *entry) size64(extra []byte) {
	le := binary.LittleEndian
	for len(extra) >= 4 {
		id, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		if extra = extra[4:]; n > len(extra) {
			return
		}
		field := extra[:n]
		extra = extra[n:]
		if id != 1 {
			continue
		}
		for _, to := range []*int64{&e.size, &e.packed, &e.at} {
			if *to == 1<<32-1 && len(field) >= 8 {
				if v := le.Uint64(field); v>>62 == 0 {
					*to = int64(v)
				}
				field = field[8:]
			}
		}
		return
	}
}

// local reads a member's own header at pos.
func (z *zipReader) local(pos int64) (entry, bool) {
	b := z.head[:]
	n, _ := z.at.ReadAt(b, pos)
	if b = b[:n]; n >= localLen {
		if want := localLen + int(binary.LittleEndian.Uint16(b[26:])) + int(binary.LittleEndian.Uint16(b[28:])); want > n && n == len(z.head) {
			if !supported(binary.LittleEndian.Uint16(b[8:])) { // it cannot be read anyway
				return entry{}, false
			}
			b = make([]byte, want)
			n, _ = z.at.ReadAt(b, pos)
			b = b[:n]
		}
	}
	e, ok := parseLocal(b)
	if ok {
		text := b[localLen:min(int(e.at), len(b))]
		e.nested = bytes.Contains(text, localHeader) || bytes.Contains(text, centralHeader)
	}
	e.at += pos
	return e, ok && e.at <= z.size
}

// central reads a record of a directory. e.at is where the member's header should
// be. After the last record, central returns false.
func central(r *bufio.Reader) (e entry, size int64, ok bool) {
	h, _ := r.Peek(centralLen)
	if len(h) < centralLen || string(h[:4]) != "PK\x01\x02" {
		return e, 0, false
	}
	le := binary.LittleEndian
	e = entry{version: le.Uint16(h[6:]), flags: le.Uint16(h[8:]), method: le.Uint16(h[10:]), crc: le.Uint32(h[16:]), packed: int64(le.Uint32(h[20:])),
		size: int64(le.Uint32(h[24:])), at: int64(le.Uint32(h[42:]))}
	name, extra, comment := int(le.Uint16(h[28:])), int(le.Uint16(h[30:])), int(le.Uint16(h[32:]))
	_, _ = r.Discard(centralLen)
	text := make([]byte, name+extra)
	if _, err := io.ReadFull(r, text); err != nil {
		return e, 0, false
	}
	if n, _ := r.Discard(comment); n < comment {
		return e, 0, false
	}
	e.name = string(text[:name])
	e.size64(text[name:])
	return e, int64(centralLen + name + extra + comment), true
}

// maxZipEnds is how many end records are looked at.
const maxZipEnds = 16

// directories reads the directories that the end records point to. It looks where
// a record says, and where the directory is if other data is before the zip.
func (z *zipReader) directories() error {
	tail := z.in.piece(int(min(z.size, TailLen)))
	defer func(b []byte) { z.in.keep(b) }(tail)
	n, _ := z.at.ReadAt(tail, z.size-int64(len(tail)))
	tail = tail[:n]
	to := len(tail)
	for range maxZipEnds {
		i := bytes.LastIndex(tail[:to], zipEndSignature)
		if i < 0 {
			break
		}
		to = i
		if i+zipEndLen > len(tail) {
			continue
		}
		if err := z.directory(tail[i:], z.size-int64(len(tail))+int64(i)); err != nil {
			return err
		}
	}
	if len(z.dirs) == 0 && !z.none && z.signature(0) {
		z.in.fail(z.in.path, errors.New("its directory cannot be read; members were found by their own headers"))
	}
	return nil
}

// directory reads the directory of an end record. end begins with the record,
// which is at pos.
func (z *zipReader) directory(end []byte, pos int64) error {
	le := binary.LittleEndian
	size, off := int64(le.Uint32(end[12:])), int64(le.Uint32(end[16:]))
	z.none = z.none || size == 0 && le.Uint16(end[10:]) == 0
	if size64, off64, at, ok := z.end64(pos); ok {
		if err := z.list(at-size64, off64); err != nil {
			return err
		}
		if err := z.list(off64, off64); err != nil {
			return err
		}
	}
	if err := z.list(pos-size, off); err != nil {
		return err
	}
	return z.list(off, off)
}

// end64 reads the zip64 end record before the end record at pos.
func (z *zipReader) end64(pos int64) (size, off, at int64, ok bool) {
	var b [end64Len]byte
	le := binary.LittleEndian
	if n, _ := z.at.ReadAt(b[:20], pos-20); pos < 20 || n < 20 || string(b[:4]) != "PK\x06\x07" {
		return 0, 0, 0, false
	}
	for _, at := range []int64{int64(le.Uint64(b[8:])), pos - 20 - end64Len} {
		if at < 0 || at > z.size {
			continue
		}
		if n, _ := z.at.ReadAt(b[:], at); n == len(b) && string(b[:4]) == "PK\x06\x06" {
			return int64(le.Uint64(b[40:]) & (1<<62 - 1)), int64(le.Uint64(b[48:]) & (1<<62 - 1)), at, true
		}
	}
	return 0, 0, 0, false
}

// span is a part of a zip.
type span struct{ from, to int64 }

// list reads the members of the directory at from, if there is one. The end record
// says that the directory is at off.
func (z *zipReader) list(from, off int64) error {
	if from < 0 || from >= z.size || !z.signature(from) || z.dirEnd(from) > from {
		return nil
	}
	buf := z.in.buffered(io.NewSectionReader(z.at, from, z.size-from))
	defer func() { z.in.spare(buf) }()
	to := from
	for {
		e, n, ok := central(buf)
		if !ok {
			break
		}
		to += n
		if err := z.listed(e, max(from-off, 0)); err != nil {
			return err
		}
	}
	if to > from {
		z.dirs = append(z.dirs, span{from, to})
	}
	return nil
}

// dirEnd returns the end of the directory that contains pos, or pos if none does.
func (z *zipReader) dirEnd(pos int64) int64 {
	for _, d := range z.dirs {
		if d.from <= pos && pos < d.to {
			return d.to
		}
	}
	return pos
}

// listed reads a member that a directory lists. If the directory and the member's
// own header differ, it reads the member both ways: some readers trust one, some
// the other. base is where the zip begins.
func (z *zipReader) listed(e entry, base int64) error {
	pos := e.at + base
	if x, ok := z.known[pos]; ok {
		e.at = x.first.at
		if c := e.claim(); x.first == c || x.more[c] {
			return z.in.member(e.name, nil)
		}
		e.at = pos - base
	}
	own, ok := z.local(pos)
	if !ok && base > 0 {
		pos = e.at
		own, ok = z.local(pos)
	}
	if !ok {
		return z.in.unreadable(e.name, "its header cannot be read")
	}
	e.at, e.nested = own.at, own.nested
	z.bad = false
	if err := z.read(pos, e); err != nil {
		return err
	}
	if own.packed < 0 && own.method != zip.Store && z.bad { // the data may end elsewhere
		return z.read(pos, own)
	}
	if !z.differ(&own, e) {
		return nil
	}
	return z.read(pos, own)
}

// differ reports whether a member's own header and the directory disagree on the
// member's data or name.
func (z *zipReader) differ(own *entry, e entry) bool {
	if own.packed < 0 && e.packed > 0 {
		own.packed, own.size, own.crc = e.packed, e.size, e.crc
	}
	if own.packed < 0 && (own.method == zip.Store || z.signature(own.at)) || own.empty() {
		own.packed, own.size, own.crc, own.method = e.packed, e.size, e.crc, e.method
	}
	return own.name != e.name || own.method != e.method || own.packed != e.packed || (own.flags^e.flags)&flagEncrypted != 0
}

// claim is one way to read a member's data.
type claim struct {
	at, packed int64
	method     uint16
	encrypted  bool
}

func (e *entry) claim() claim {
	return claim{e.at, e.packed, e.method, e.flags&flagEncrypted != 0}
}

// extent is what is known of the member whose header is at one place.
type extent struct {
	end   int64
	first claim
	more  map[claim]bool // the other claims
}

// extentCost is the memory that an extent takes, in bytes.
const extentCost = 160

// read reads the member with a header at pos in the way that e says. If it was
// read in this way before, only the name is new.
func (z *zipReader) read(pos int64, e entry) error {
	x, known := z.known[pos]
	c := e.claim()
	if known && (x.first == c || x.more[c]) {
		return z.in.member(e.name, nil)
	}
	if err := z.in.take(extentCost); err != nil {
		z.in.fail(z.in.path, err)
		return err
	}
	z.cost += extentCost
	end, err := z.member(e)
	if e.nested {
		if z.in.trials++; z.in.trials <= maxTrials {
			end = pos
		} else {
			z.in.fail(z.in.path, errors.New("it has too many headers inside headers; the rest of them were searched as they are"))
		}
	}
	switch {
	case !known:
		x = extent{end: end, first: c}
	case x.more == nil:
		x.more = map[claim]bool{c: true}
	default:
		x.more[c] = true
	}
	x.end = max(x.end, end)
	z.known[pos] = x
	return err
}

// between goes through the zip from its start, record by record. So it does not
// take data inside a member for a header. It reads the members that no directory
// lists, and the data between records.
func (z *zipReader) between() error {
	from, pos := int64(0), int64(0)
	for z.in.over() == nil {
		at := z.find(pos)
		if at < 0 {
			break
		}
		end, err := z.record(at)
		if err != nil {
			return err
		}
		if pos = at + 2; end > at {
			z.gap(from, at)
			from, pos = end, end
		}
	}
	z.gap(from, z.size)
	return z.in.over()
}

// view returns at least n bytes from pos on, or fewer at the end. The bytes are
// valid until the next call. It reads more at a time if pos is in or right after
// the bytes of the last call.
func (z *zipReader) view(pos int64, n int) []byte {
	from := pos - z.seenAt
	if from < 0 || from+int64(n) > int64(len(z.seen)) {
		window := z.window[:512]
		if from >= 0 && from <= int64(len(z.seen)) {
			window = z.window
		}
		k, _ := z.at.ReadAt(window, pos)
		z.seen, z.seenAt, from = window[:k], pos, 0
	}
	return z.seen[from:]
}

// find returns the next place from pos on where a signature may be, or -1.
func (z *zipReader) find(pos int64) int64 {
	for pos < z.size {
		b := z.view(pos, 3)
		i := bytes.Index(b, []byte("PK"))
		switch {
		case i >= 0 && (i+2 == len(b) || b[i+2] < 9):
			return pos + int64(i)
		case i >= 0:
			pos += int64(i) + 2
		case len(b) < 3:
			return -1
		default:
			pos += int64(len(b) - 1)
		}
	}
	return -1
}

// record reads the record at pos and returns where it ends. It returns pos if
// the bytes only look like a signature.
func (z *zipReader) record(pos int64) (end int64, err error) {
	b := z.view(pos, 28)
	pk := func(i int) bool { return i+2 <= len(b) && string(b[i:i+2]) == "PK" }
	if len(b) < 4 {
		return pos, nil
	}
	switch string(b[2:4]) {
	case "\x03\x04":
		return z.header(pos)
	case "\x01\x02":
		if end = z.dirEnd(pos); end == pos {
			return z.stray(pos)
		}
		return end, nil
	case "\x05\x06":
		return min(pos+zipEndLen, z.size), nil
	case "\x06\x06":
		if len(b) < 12 {
			break
		}
		if size := binary.LittleEndian.Uint64(b[4:]); size <= 1<<16 {
			return min(pos+12+int64(size), z.size), nil
		}
	case "\x06\x07":
		return min(pos+20, z.size), nil
	case "\x07\x08": // after a member's data, or at the start of a multi-part zip
		for _, i := range []int{4, 16, 24} {
			if pk(i) {
				return pos + int64(i), nil
			}
		}
		return min(pos+16, z.size), nil
	}
	return pos, nil
}

// header reads the member with a header at pos, unless it was read before.
func (z *zipReader) header(pos int64) (end int64, err error) {
	x, known := z.known[pos]
	if !known {
		if b := z.view(pos, localLen); len(b) < localLen || binary.LittleEndian.Uint16(b[8:]) > methodAES {
			return pos, nil
		}
		e, ok := z.local(pos)
		if !ok || !e.likely() || pos < z.start && !e.sure() {
			return pos, nil
		}
		z.start = 0
		if e.empty() && e.method == zip.Deflate && e.at < z.size && !z.signature(e.at) {
			e.packed = -1
		}
		err = z.read(pos, e)
		x = z.known[pos]
	}
	return max(x.end, pos+int64(len(localHeader))), err
}

// stray reads the member of a record that is in no known directory.
func (z *zipReader) stray(pos int64) (end int64, err error) {
	e, n, ok := central(bufio.NewReaderSize(io.NewSectionReader(z.at, pos, z.size-pos), 512))
	if !ok {
		return pos, nil
	}
	if _, leads := z.local(e.at); !leads {
		return pos, nil
	}
	return pos + n, z.listed(e, 0)
}

// apkSigned recognizes the signing block before the directory of an Android app.
func (z *zipReader) apkSigned(from, to int64) bool {
	var b [16]byte
	n, _ := z.at.ReadAt(b[:], to-int64(len(b)))
	return n == len(b) && string(b[:]) == "APK Sig Block 42"
}

// gap reads the data between two records. It skips the data before the first
// record, such as a program or a picture.
func (z *zipReader) gap(from, to int64) {
	if to-from < hiddenLen || from == 0 && !z.signature(0) || z.apkSigned(from, to) {
		return
	}
	buf := z.in.buffered(nil)
	c := &content{at: z.at, size: to, inZip: true, buf: buf}
	c.begin(from)
	(&container{z.in.walk, c, z.in.path, z.in.depth + 1}).rest(false)
	z.in.spare(buf)
}

// readZip reads a zip: first the members that its directories list, then the
// members that have only a header of their own, and other data in between.
func readZip(in *container) error {
	c := in.c
	c.done = true
	if err := c.random(in.walk); err != nil {
		return err
	}
	z := &zipReader{in: in, at: c.at, size: c.size, known: map[int64]extent{}, window: in.piece(bufLen)}
	if !z.signature(0) {
		z.start = z.size
	}
	defer func() { in.give(z.cost); in.keep(z.window) }()
	if err := z.directories(); err != nil {
		return err
	}
	return z.between()
}

type zipReader struct {
	in   *container
	at   io.ReaderAt
	size int64

	known  map[int64]extent // members by where their headers are
	cost   int64            // memory that known takes
	dirs   []span           // directories that were read
	bad    bool             // the data that was read last is not what its header says
	none   bool             // an end record says that there are no members
	start  int64            // a header before this place must be sure, not just likely
	head   [localLen + 512]byte
	window []byte
	seen   []byte // what is in the window
	seenAt int64
}
