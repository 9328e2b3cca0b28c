package odb

import (
	"compress/zlib"
	"errors"
	"io"
	"slices"
	"sort"

	"r8scan/internal/git/wire"
	"r8scan/internal/inflate"
)

// Find finds the entries of the pack, and passes them on in parts. Where an entry ends
// shows only when it is inflated, so what it holds is passed on too. Find ends at
// anything that is not as git sends it.
func (a *Arriving) Find() {
	defer close(a.found)
	f := &finding{arriving: a, hash: a.Unindexed.pack.hash}
	a.whole = f.run()
	a.Stop()
}

// finding is the state of Find.
type finding struct {
	arriving *Arriving
	hash     int
	z        inflate.Inflater
	part     *foundPart
	offsets  []uint64 // of all entries

	at    uint64 // offset of data in the pack
	data  []byte // what arrived and was not read yet
	buf   []byte // the memory of data
	ended bool   // nothing more is written
}

// more waits for more bytes. It returns false if there are none.
func (f *finding) more() bool {
	a := f.arriving
	off := int64(f.at) + int64(len(f.data))
	a.done.Store(off)
	notify(a.read)
	for a.size.Load() == off {
		if f.ended {
			return false
		}
		select {
		case _, ok := <-a.wrote:
			f.ended = !ok
		case <-a.stop.Done():
			return false
		}
	}
	n := copy(f.buf, f.data)
	if f.buf = f.buf[:n]; cap(f.buf)-n < pieceSize {
		f.buf = slices.Grow(f.buf, max(n, pieceSize))
	}
	got, err := a.file.ReadAt(f.buf[n:n+int(min(pieceSize, a.size.Load()-off))], off)
	f.buf = f.buf[:n+got]
	f.data = f.buf
	return err == nil
}

// have waits until n bytes are there, or all that will be.
func (f *finding) have(n int) bool {
	for len(f.data) < n && f.more() {
	}
	return len(f.data) >= n
}

// skip drops bytes that were read.
func (f *finding) skip(n int) { f.data, f.at = f.data[n:], f.at+uint64(n) }

// run returns whether all entries were found.
func (f *finding) run() bool {
	f.have(packHeader)
	r := wire.NewReader(f.data)
	magic, version, count := r.Bytes(4), r.Uint32(), r.Uint32()
	if r.Bad() || string(magic) != "PACK" || version != 2 && version != 3 || count > maxUnindexed {
		return false
	}
	f.skip(packHeader)
	f.arriving.Unindexed.pack.count = int(count)
	for range count {
		if !f.entry() {
			return false
		}
	}
	return f.hand() && f.have(f.hash) && !f.have(f.hash+1)
}

// maxEntryHead is more than the length of an entry's header.
const maxEntryHead = 64

// entry finds one entry.
func (f *finding) entry() bool {
	f.have(maxEntryHead)
	h, err := parseHeader(f.data, f.at, f.hash)
	if err != nil || h.kind == refDelta {
		return false
	}
	e := entry{off: f.at, size: h.size, head: uint8(h.len), kind: h.kind, base: whole, first: -1, next: -1}
	if h.kind == ofsDelta {
		var ok bool
		if e.base, ok = f.base(h.baseOff); !ok {
			return false
		}
		e.kind = 0
	}
	if !f.place(h.size) {
		return false
	}
	pos := len(f.offsets)
	e.obj, e.num = Obj(pos), uint32(pos)
	f.offsets = append(f.offsets, f.at)
	f.skip(h.len)
	raw, ok := f.inflate(h.size)
	if !ok {
		return false
	}
	p := f.part
	p.entries, p.raw, p.end = append(p.entries, e), append(p.raw, raw), f.at
	return true
}

// base returns the position of the entry at an offset. Most bases are near.
func (f *finding) base(off uint64) (int32, bool) {
	from, to := len(f.offsets), len(f.offsets)
	for step := 1; from > 0 && f.offsets[from-1] >= off; step *= 2 {
		from, to = max(0, from-step), from
	}
	at := from + sort.Search(to-from, func(i int) bool { return f.offsets[from+i] >= off })
	return int32(at), at < len(f.offsets) && f.offsets[at] == off
}

// place makes room in a part for an entry of so many bytes. Parts grow with the pack:
// to walk one takes little of the time that the whole pack takes.
func (f *finding) place(size uint64) bool {
	if p := f.part; p != nil && (f.keeps(size) && int(size) > cap(p.arena)-len(p.arena) || f.at-p.start > max(uint64(cap(p.arena)/firstPart), p.start/8)) && !f.hand() {
		return false
	}
	if f.part != nil {
		return true
	}
	select {
	case f.part = <-f.arriving.spare:
		f.part.start = f.at
		return true
	case <-f.arriving.stop.Done():
		return false
	}
}

// keeps reports whether entries of so many bytes are passed on inflated.
func (f *finding) keeps(size uint64) bool { return size <= uint64(cap(f.part.arena)/4) }

// hand passes on the part.
func (f *finding) hand() bool {
	if f.part == nil {
		return true
	}
	select {
	case f.arriving.found <- f.part:
		f.part = nil
		return true
	case <-f.arriving.stop.Done():
		return false
	}
}

// maxPadding bounds the memory for a stream that holds less than it takes: empty blocks
// go on forever. It is far more than any encoder needs.
const maxPadding = 1 << 20

// inflate reads the stream of an entry with so many bytes. It returns nil for what is
// not kept.
func (f *finding) inflate(size uint64) (raw []byte, ok bool) {
	p := f.part
	if !f.keeps(size) {
		return nil, f.discard(size)
	}
	from, to := len(p.arena), len(p.arena)+int(size)
	raw = p.arena[from:to:to]
	for {
		n, err := f.z.Zlib(raw, f.data)
		if err == nil {
			f.skip(n)
			p.arena = p.arena[:to]
			return raw, true
		}
		// Twice as much each time, or long streams would take the square of their length.
		if !errors.Is(err, inflate.ErrTruncated) || uint64(len(f.data)) > 2*size+maxPadding || !f.more() {
			return nil, false
		}
		f.have(2 * len(f.data))
	}
}

// discard reads a long stream.
func (f *finding) discard(size uint64) bool {
	z, err := zlib.NewReader(f)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, &exactReader{r: z, n: int64(size)})
	return err == nil
}

// Read and ReadByte read what arrives, and nothing beyond the stream at hand.
func (f *finding) Read(b []byte) (int, error) {
	if !f.have(1) {
		return 0, io.EOF
	}
	n := copy(b, f.data)
	f.skip(n)
	return n, nil
}

func (f *finding) ReadByte() (byte, error) {
	if !f.have(1) {
		return 0, io.EOF
	}
	b := f.data[0]
	f.skip(1)
	return b, nil
}
