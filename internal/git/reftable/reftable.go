// Package reftable reads tables of refs and reflogs, which git uses if
// extensions.refStorage says so. It reads a table from start to end, because
// all of it must be searched. It uses indexes only to continue after damage.
package reftable

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"r8scan/internal/git/wire"
)

// Magic is at the start of a table and of its footer.
const Magic = "REFT"

// Reader has the functions that take a table's records.
type Reader struct {
	// Ref takes a ref record. Names ascend unless the table is damaged.
	Ref func(*Ref) error
	// Log takes a reflog record. Names ascend, and for each name the newest
	// record comes first.
	Log func(*Log) error
	// Grow takes the number of further bytes of names, values and inflated
	// logs. A small table may expand to far more.
	Grow func(n int64) error
}

// Ref is a ref record. Its slices are valid until Reader.Ref returns.
type Ref struct {
	Name   []byte
	ID     []byte // nil for a symbolic or deleted ref
	peeled []byte // id of the peeled tag; nil if unknown
	Target []byte // target of a symbolic ref, otherwise nil
}

// Log is a reflog record. Its slices are valid until Reader.Log returns.
type Log struct {
	Name     []byte // name of the ref
	Update   uint64 // number of the transaction, unique for a ref
	Deleted  bool   // deletes a record of older tables; the fields below are empty
	Old, New []byte // ids
	Who      []byte
	Mail     []byte
	Time     uint64 // seconds since 1970
	Zone     int16  // +0130 is 130, as git writes it; its documentation says minutes
	Message  []byte // usually with a line feed at the end
}

// maxBlock is more than the length of any block, which has 3 bytes.
const maxBlock = 1 << 24

// Memory returns the maximum memory in bytes for reading a table of size bytes.
func Memory(size int64) int64 {
	return 2*min(size, maxBlock) + 2*min(size*maxRatio, maxBlock) + 64*min(size, maxPlaces)
}

// maxRatio is an upper limit for the expansion by DEFLATE.
const maxRatio = 1040

// maxDamages is how many damaged blocks are tolerated before the rest of a
// table is left unread.
const maxDamages = 1000

// Read reads the table of size bytes in at. The error is that of Reader's
// functions, otherwise the first damage. Everything that is not damaged is
// read.
func (r Reader) Read(at io.ReaderAt, size int64) error {
	t := &table{Reader: r, at: at, end: size}
	if err := t.readHeader(); err != nil {
		return err
	}
	t.readFooter()
	if err := t.blocks(); err != nil {
		return err
	}
	switch t.damages {
	case 0:
		return nil
	case 1:
		return t.damage
	case 2:
		return fmt.Errorf("%w; and it is damaged in another place", t.damage)
	}
	return fmt.Errorf("%w; and it is damaged in %d more places", t.damage, t.damages-1)
}

// table is the table that is being read.
type table struct {
	Reader
	at        io.ReaderAt
	end       int64 // position of the footer, or the end of the file
	header    int64 // length of the header
	footer    footer
	blockSize int64 // alignment of blocks; 0 for none
	idLen     int

	raw, plain []byte        // the current block, and its inflated form
	z          io.ReadCloser // reads zlib; nil until there is a log
	key        []byte        // key of the last record
	sawLog     bool
	places     []int64 // sorted positions of blocks in the indexes; nil until there is damage

	damage  error // the first damage
	damages int
}

// footer has the positions of sections, 0 for missing ones.
type footer struct {
	ok                                     bool
	refIndex, obj, objIndex, log, logIndex int64
}

// damaged records damage, and reports whether there was too much.
func (t *table) damaged(err error) (tooMany bool) {
	if t.damages++; t.damage == nil {
		t.damage = err
	}
	return t.damages >= maxDamages
}

var errShort = errors.New("it is cut short or damaged: unexpected end")

func (t *table) readHeader() error {
	var b [28]byte
	n, err := t.at.ReadAt(b[:], 0)
	switch {
	case err != nil && err != io.EOF:
		return err
	case n < 24 || b[4] == 2 && n < 28:
		return errShort
	case string(b[:4]) != Magic:
		return errors.New("it is no reftable")
	case b[4] != 1 && b[4] != 2:
		return fmt.Errorf("it is a reftable of version %d, which is not known", b[4])
	}
	t.header = 20 + 4*int64(b[4])
	t.blockSize = int64(wire.Uint24(b[5:]))
	switch kind := string(b[24:28]); {
	case b[4] == 1 || kind == "sha1":
		t.idLen = wire.SHA1
	case kind == "s256":
		t.idLen = wire.SHA256
	default:
		return fmt.Errorf("its kind of ids, %q, is not known", kind)
	}
	return nil
}

// readFooter reads the positions of sections from the footer. An invalid footer
// counts as damage of the table.
func (t *table) readFooter() {
	b := make([]byte, t.header+44)
	start := t.end - int64(len(b))
	if start < t.header {
		t.damaged(errShort)
		return
	}
	if _, err := t.at.ReadAt(b, start); err != nil && err != io.EOF {
		t.damaged(err)
		return
	}
	head := make([]byte, t.header)
	if _, err := t.at.ReadAt(head, 0); err != nil {
		t.damaged(err)
		return
	}
	body, sum := b[:len(b)-4], wire.NewReader(b[len(b)-4:]).Uint32()
	if string(b[:4]) != Magic || crc32.ChecksumIEEE(body) != sum || !bytes.Equal(b[:t.header], head) {
		t.damaged(errors.New("its header or footer is damaged, or it is cut short"))
		return
	}
	t.end = start
	places := wire.NewReader(body[t.header:])
	next := func() int64 { return int64(min(places.Uint64(), 1<<62)) }
	t.footer = footer{ok: true, refIndex: next(), obj: next() >> 5, objIndex: next(), log: next(), logIndex: next()}
}

// blocks reads all blocks.
func (t *table) blocks() error {
	pos := t.header
	for pos < t.end {
		next, err := t.block(pos)
		if err != nil && !errors.As(err, new(stopError)) {
			if t.damaged(fmt.Errorf("the block at byte %d: %w", pos, err)) {
				t.damage = fmt.Errorf("%w; the rest of it was not read", t.damage)
				return nil
			}
			err = nil
			if next == 0 {
				next, err = t.resume(pos)
			}
		}
		var stop stopError
		if errors.As(err, &stop) {
			return stop.error
		}
		pos = next
	}
	if t.footer.log > 0 && !t.sawLog {
		t.damaged(errors.New("its logs are not where its footer says"))
	}
	return nil
}

// stopError is an error of Reader's functions, which ends the reading.
type stopError struct{ error }

func stop(err error) error {
	if err != nil {
		return stopError{err}
	}
	return nil
}

// minBlock is the minimum length of a block: its header and the number of
// restarts.
const minBlock = 4 + 2

// block reads the block at pos and returns the position of the next one, 0 if
// damage hides it.
func (t *table) block(pos int64) (next int64, err error) {
	var head [4]byte
	if n, err := t.at.ReadAt(head[:], pos); err != nil && (err != io.EOF || n < 1) {
		return 0, err
	}
	switch {
	case head[0] == 0:
		return t.padding(pos)
	case !t.footer.ok && string(head[:]) == Magic: // the footer, whose damage is reported already
		return t.end, nil
	}
	start := pos // the header belongs to the first block
	if pos == t.header {
		start = 0
	}
	length := int64(wire.Uint24(head[1:]))
	if length < pos-start+minBlock {
		return 0, fmt.Errorf("its length of %d bytes is too small", length)
	}
	switch head[0] {
	case 'g':
		return t.logs(pos, length-(pos-start)-4)
	case 'r', 'o', 'i':
	default:
		return 0, fmt.Errorf("its type %#x is not known", head[0])
	}
	if next = start + length; next > t.end {
		return 0, errShort
	}
	switch {
	case head[0] == 'r':
		return next, t.refs(pos, next)
	case !t.expects(head[0], pos):
		return next, errors.New("it is an index that the footer does not know")
	}
	return next, nil
}

// expects reports whether the footer allows an index of a type at pos.
// Otherwise a damaged type could hide a block.
func (t *table) expects(kind byte, pos int64) bool {
	f := &t.footer
	if kind == 'o' {
		return f.obj > 0 && pos >= f.obj && (f.log == 0 || pos < f.log)
	}
	return pos <= max(f.refIndex, f.objIndex, f.logIndex) && (f.log == 0 || pos < f.log || f.logIndex > 0)
}

// resume returns where reading continues after a block without a known end: at
// the next aligned position, at the start of the logs, or at a block in an
// index. If none is known, it is the end of the table.
func (t *table) resume(pos int64) (int64, error) {
	next := t.end
	take := func(at int64) {
		if at > pos {
			next = min(next, at)
		}
	}
	take(t.footer.log)
	if t.blockSize > t.header+minBlock && !t.sawLog {
		take((pos/t.blockSize + 1) * t.blockSize)
	}
	if t.places == nil {
		places, err := indexedBlocks(t)
		if err != nil {
			return 0, err
		}
		t.places = places
	}
	if i, _ := slices.BinarySearch(t.places, pos+1); i < len(t.places) {
		take(t.places[i])
	}
	return next, nil
}

// padding skips the zeros between aligned blocks.
func (t *table) padding(pos int64) (int64, error) {
	t.raw = grown(t.raw, 4<<10)
	for pos < t.end {
		n, err := t.at.ReadAt(t.raw[:min(int64(len(t.raw)), t.end-pos)], pos)
		for _, c := range t.raw[:n] {
			if c != 0 {
				return pos, nil
			}
			pos++
		}
		if err != nil && (err != io.EOF || n == 0) {
			return 0, err
		}
	}
	return pos, nil
}

// grown returns a slice of n bytes, reusing b if possible.
func grown(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}
