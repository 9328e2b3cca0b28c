package odb

import (
	"errors"
	"fmt"
	"sync"

	"r8scan/internal/budget"
	"r8scan/internal/inflate"
)

// unpacker inflates entries of packs and applies deltas. It keeps buffers and
// is not safe for concurrent use.
type unpacker struct {
	buffers
	z     inflate.Inflater // set Checksum if the entry has no other checksum
	delta []byte           // buffer for small deltas
}

// packed is an entry of a pack, without its header.
type packed struct {
	size uint64 // inflated size, of the delta if it is one
	src  []byte // the zlib stream and the bytes after it
	raw  []byte // what is in the stream, if it was inflated already; else nil
}

// plausible returns an error for a size that no zlib stream of src's length can
// have: DEFLATE expands at most 1032 times.
func (e packed) plausible() error {
	if e.size > uint64(len(e.src))*1032+64 {
		return fmt.Errorf("it declares %d bytes, more than its %d packed bytes can hold", e.size, len(e.src))
	}
	return nil
}

// inflate fills dst, whose length is the declared size, from the zlib stream at
// the start of src. It returns how many bytes follow the stream.
func (u *unpacker) inflate(dst, src []byte) (behind int, err error) {
	n, err := u.z.Zlib(dst, src)
	if errors.Is(err, inflate.ErrSize) {
		return 0, errSize
	} else if err != nil {
		return 0, damaged(err)
	}
	return len(src) - n, nil
}

// whole returns an object that is not a delta, and how many bytes follow its
// stream. under is how many other bytes are held meanwhile.
func (u *unpacker) whole(e packed, under int64) (data []byte, behind int, err error) {
	if err := e.plausible(); err != nil {
		return nil, 0, err
	}
	if data, err = u.take(e.size, under); err != nil {
		return nil, 0, err
	}
	if e.raw != nil {
		copy(data, e.raw)
		return data, 0, nil
	}
	if behind, err = u.inflate(data, e.src); err != nil {
		u.recycle(data)
		return nil, 0, err
	}
	return data, behind, nil
}

// openDelta is a delta that is ready to be applied. Close it after use.
type openDelta struct {
	result       []byte // of the declared size, with undefined content
	instructions []byte // valid until the unpacker is used again
	room         int64  // memory that is held for the delta
	behind       int    // bytes after its stream
}

// smallDelta is the size up to which deltas are inflated into the unpacker's
// own buffer.
const smallDelta = 1 << 20

// open inflates a delta for base and takes the memory for its result. under is
// how many bytes are held meanwhile, including base. After an error only behind
// is valid.
func (u *unpacker) open(e packed, base []byte, under int64) (d openDelta, err error) {
	if err := e.plausible(); err != nil {
		return d, err
	}
	delta := u.delta
	switch {
	case e.raw != nil:
		err = u.prepare(&d, e.raw, base, under)
		return d, err
	case e.size > smallDelta:
		if delta, err = u.take(e.size, under); err != nil {
			return d, fmt.Errorf("its delta: %w", err)
		}
		d.room = roomOf(int64(e.size))
	case uint64(cap(delta)) < e.size:
		delta = make([]byte, e.size+e.size/4)
		u.delta = delta
	}
	if d.behind, err = u.inflate(delta[:e.size], e.src); err == nil {
		err = u.prepare(&d, delta[:e.size], base, under)
	}
	if err != nil {
		u.memory.Give(d.room)
	}
	return d, err
}

// prepare is open once the delta is inflated.
func (u *unpacker) prepare(d *openDelta, delta, base []byte, under int64) error {
	from, to, instructions, err := deltaSizes(delta)
	if err != nil {
		return err
	}
	if from != uint64(len(base)) {
		return errDeltaBase
	}
	d.instructions = instructions
	d.result, err = u.take(to, under+d.room)
	return err
}

// close frees the memory of a delta.
func (u *unpacker) close(d *openDelta) { u.memory.Give(d.room) }

// apply returns the result of a delta on base. under is how many other bytes
// are held.
func (u *unpacker) apply(base []byte, e packed, under int64) ([]byte, error) {
	d, err := u.open(e, base, under+Held(base))
	if err != nil {
		return nil, err
	}
	_, err = applyDelta(d.result, base, d.instructions, nil, len(d.result))
	u.close(&d)
	if err != nil {
		u.recycle(d.result)
		return nil, err
	}
	return d.result, nil
}

// unpackers are large, and each read of a single object needs one.
var unpackers = sync.Pool{New: func() any { return new(unpacker) }}

// borrowUnpacker returns an unpacker that takes memory from an account. Call
// giveBack after use.
func borrowUnpacker(limits Limits, memory *budget.Account) *unpacker {
	u := unpackers.Get().(*unpacker)
	u.limits, u.memory = limits, memory
	return u
}

// keepDelta is the size up to which an unused unpacker keeps its buffer for
// deltas.
const keepDelta = 64 << 10

// giveBack returns a borrowed unpacker. Its results stay valid.
func (u *unpacker) giveBack() {
	u.dropSpare()
	u.buffers = buffers{}
	if cap(u.delta) > keepDelta {
		u.delta = nil
	}
	unpackers.Put(u)
}
