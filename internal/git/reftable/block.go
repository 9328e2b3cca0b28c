package reftable

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"

	"r8scan/internal/git/wire"
)

// refs reads the block of refs from pos to end.
func (t *table) refs(pos, end int64) error {
	if t.sawLog {
		return errors.New("it has refs behind logs")
	}
	t.raw = grown(t.raw, int(end-pos))
	if n, err := t.at.ReadAt(t.raw, pos); n < len(t.raw) {
		return err
	}
	restarts := 0 // the position from which restart offsets count, relative to pos
	if pos == t.header {
		restarts = int(t.header)
	}
	return t.records(t.raw, restarts, t.ref)
}

// logs reads the block of logs at pos, which inflates to n bytes. Only its end
// tells where the next block starts.
func (t *table) logs(pos, n int64) (next int64, err error) {
	if !t.sawLog && t.footer.ok && t.footer.log != pos && (t.footer.log != 0 || pos != t.header) {
		return 0, errors.New("it has logs where the footer has none") // a table with only logs may have 0 there
	}
	if n > (t.end-pos)*maxRatio {
		return 0, fmt.Errorf("its logs have %d bytes, it says, which is more than the rest of the table can hold", n)
	}
	if err := stop(t.Grow(n)); err != nil {
		return 0, err
	}
	if !t.sawLog {
		t.sawLog, t.key = true, t.key[:0]
	}
	packed := &counter{r: io.NewSectionReader(t.at, pos+4, t.end-pos-4)}
	buf := bufio.NewReader(packed)
	if t.z == nil {
		t.z, err = zlib.NewReader(buf)
	} else {
		err = t.z.(zlib.Resetter).Reset(buf, nil)
	}
	if err != nil {
		return 0, fmt.Errorf("its logs cannot be inflated: %w", err)
	}
	t.plain = grown(t.plain, int(4+n))
	copy(t.plain, "g\x00\x00\x00") // a header like those of other blocks
	got, err := io.ReadFull(t.z, t.plain[4:])
	if err == nil {
		err = ended(t.z)
	}
	if err != nil {
		// A truncated block is read as far as it goes; the truncation is
		// reported already.
		if _, e := t.each(t.plain[4:4+got], t.log, nil); errors.As(e, new(stopError)) {
			return 0, e
		}
		return 0, fmt.Errorf("its logs cannot be inflated: %w", err)
	}
	first := 0
	if pos == t.header {
		first = int(t.header)
	}
	next = pos + 4 + packed.n - int64(buf.Buffered())
	return next, t.records(t.plain, first, t.log)
}

// ended checks that z has no more data. Only at the end does z compare its
// checksum.
func ended(z io.Reader) error {
	var one [1]byte
	switch n, err := io.ReadFull(z, one[:]); {
	case n > 0:
		return errors.New("there is more of them than declared")
	case err != io.EOF:
		return err
	}
	return nil
}

// counter counts the bytes read from r.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// records reads the records of a block: a header of 4 bytes, the records, and
// the restart offsets. Offsets count from base bytes before the block. They
// point to records with a full name.
func (t *table) records(block []byte, base int, record func(kind int, rest []byte) (int, error)) error {
	n := int(wire.NewReader(block[len(block)-2:]).Uint16())
	list := len(block) - 2 - 3*n
	if n == 0 || list < 4 {
		// Records end at the first invalid one.
		if _, err := t.each(block[4:len(block)-2], record, nil); errors.As(err, new(stopError)) {
			return err
		}
		return fmt.Errorf("its number of restarts, %d, is wrong", n)
	}
	restarts := map[int]bool{}
	last := -1
	var wrong error
	for i := range n {
		at := wire.Uint24(block[list+3*i:]) - base
		if at <= last || at < 4 || at >= list {
			wrong = errors.New("its restarts are wrong")
			break
		}
		restarts[at-4], last = true, at
	}
	met, err := t.each(block[4:list], record, restarts)
	if err == nil && wrong == nil && met < n {
		wrong = errors.New("its restarts are wrong")
	}
	if err != nil {
		return err
	}
	return wrong
}

var (
	errRecord = errors.New("a record in it is damaged")
	errOrder  = errors.New("the records in it are not in order")
)

// each reads the records in b, and returns how many of them start at a restart.
func (t *table) each(b []byte, record func(kind int, rest []byte) (int, error), restarts map[int]bool) (met int, err error) {
	var disorder error
	for at := 0; at < len(b); {
		prefix, n := wire.OffsetVarint(b[at:])
		packed, k := wire.OffsetVarint(b[at+n:])
		suffix := packed >> 3
		from := at + n + k
		if n == 0 || k == 0 || suffix > uint64(len(b)-from) || prefix > uint64(len(t.key)) || prefix+suffix == 0 || prefix > 0 && (at == 0 || restarts[at]) {
			return met, errRecord
		}
		if restarts[at] {
			met++
		}
		name := b[from : from+int(suffix)]
		if bytes.Compare(name, t.key[prefix:]) <= 0 {
			disorder = errOrder
		}
		t.key = append(t.key[:prefix], name...)
		if err := stop(t.Grow(int64(len(t.key)))); err != nil {
			return met, err
		}
		at = from + int(suffix)
		used, err := record(int(packed&7), b[at:])
		if err != nil {
			return met, err
		}
		at += used
	}
	return met, disorder
}

// text takes the next field of a record: a length and that many bytes.
func text(r *wire.Reader) []byte { return r.Bytes(r.OffsetVarint()) }

// The value types of ref records. Log records have only the first two.
const (
	kindDeleted = iota
	kindID
	kindPeeled
	kindSymbolic
)

// ref reads a ref record after its name, and returns its length.
func (t *table) ref(kind int, rest []byte) (int, error) {
	f := wire.NewReader(rest)
	f.OffsetVarint() // the transaction is not needed
	ref := Ref{Name: t.key}
	switch kind {
	case kindDeleted:
	case kindID:
		ref.ID = f.Bytes(uint64(t.idLen))
	case kindPeeled:
		ref.ID = f.Bytes(uint64(t.idLen))
		ref.peeled = f.Bytes(uint64(t.idLen))
	case kindSymbolic:
		ref.Target = text(f)
	default:
		return 0, fmt.Errorf("a ref in it has a value of type %d, which is not known", kind)
	}
	if f.Bad() {
		return 0, errRecord
	}
	if err := stop(t.Grow(int64(f.Used()))); err != nil {
		return 0, err
	}
	return f.Used(), stop(t.Ref(&ref))
}

// log reads a log record after its key: the ref's name, a zero and the inverted
// update number.
func (t *table) log(kind int, rest []byte) (int, error) {
	name := len(t.key) - 9
	if name < 0 || t.key[name] != 0 {
		return 0, errRecord
	}
	f := wire.NewReader(rest)
	log := Log{Name: t.key[:name], Update: ^wire.NewReader(t.key[name+1:]).Uint64()}
	switch kind {
	case kindDeleted:
		log.Deleted = true
	case kindID:
		log.Old = f.Bytes(uint64(t.idLen))
		log.New = f.Bytes(uint64(t.idLen))
		log.Who = text(f)
		log.Mail = text(f)
		log.Time = f.OffsetVarint()
		log.Zone = int16(f.Uint16())
		log.Message = text(f)
	default:
		return 0, fmt.Errorf("a log in it has an entry of type %d, which is not known", kind)
	}
	if f.Bad() {
		return 0, errRecord
	}
	return f.Used(), stop(t.Log(&log))
}
