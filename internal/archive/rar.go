package archive

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/nwaples/rardecode/v2"
)

// readRAR reads a RAR, from its start on.
func readRAR(in *container) error {
	c := in.c
	at, size := c.at, c.size // the decoder reads further than to the end
	defer func() { c.done = !beginBehindRAR(c, at, size) }()
	window := in.limits.Window
	if err := in.take(window); err != nil {
		return err
	}
	defer in.give(window)
	r, err := rardecode.NewReader(c.buf, rardecode.MaxDictionarySize(window))
	if err != nil {
		return rarError(err)
	}
	for {
		x := &expander{w: in.walk, r: r, packed: c.src}
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return rarError(err)
		}
		switch {
		case h.Encrypted:
			err = in.unreadable(h.Name, "it is encrypted")
		case h.IsDir:
			err = in.member(h.Name, nil)
		default:
			err = in.member(h.Name, x)
		}
		var limit limitError
		if errors.As(x.err, &limit) && err == nil {
			return errors.New("a member in it passed a limit; what follows that was not read, as it would have to be unpacked first")
		}
		if err != nil {
			return err
		}
	}
}

func rarError(err error) error {
	switch {
	case errors.Is(err, rardecode.ErrArchiveEncrypted):
		return errors.New("it is encrypted, names included")
	case errors.Is(err, rardecode.ErrMultiVolume):
		return errors.New("it is one part of several, which were not put together")
	case errors.Is(err, rardecode.ErrDictionaryTooLarge):
		return errors.New("its dictionary is larger than the memory it may use; this member and what follows were not read")
	}
	return err
}

// beginBehindRAR makes c what stands behind the blocks of a RAR, if c can be
// read at any place.
func beginBehindRAR(c *content, at io.ReaderAt, size int64) bool {
	if at == nil {
		return false
	}
	pos := int64(len(signatureRAR)) + 1
	b := make([]byte, 64)
	n, _ := at.ReadAt(b, 0)
	next := rar4Block
	if n >= 8 && b[6] == 1 {
		pos, next = pos+1, rar5Block
	}
	for last := false; !last && pos < size; {
		n, _ := at.ReadAt(b, pos)
		long, end := next(b[:n])
		if long <= 0 || long > size-pos {
			break
		}
		pos, last = pos+long, end
	}
	c.begin(pos)
	return true
}

// rar4Block returns the length of the block that b begins with, 0 if there is
// none, and whether it is the last one.
func rar4Block(b []byte) (size int64, last bool) {
	if len(b) < 7 {
		return 0, false
	}
	le := binary.LittleEndian
	size = int64(le.Uint16(b[5:]))
	if size < 7 || b[2] < 0x72 || b[2] > 0x7b {
		return 0, false
	}
	if le.Uint16(b[3:])&0x8000 != 0 && len(b) >= 11 { // data follow it
		size += int64(le.Uint32(b[7:]))
		if b[2] == 0x74 && le.Uint16(b[3:])&0x100 != 0 && len(b) >= 36 {
			size += int64(le.Uint32(b[32:])&0x7fffffff) << 32
		}
	}
	return size, b[2] == 0x7b
}

// rar5Block is rar4Block for version 5.
func rar5Block(b []byte) (size int64, last bool) {
	var fields [3]uint64 // length from the next on, type, flags
	at := 4
	for i := range fields {
		v, n := binary.Uvarint(b[min(at, len(b)):])
		if n <= 0 || v > 1<<40 {
			return 0, false
		}
		if fields[i], at = v, at+n; i == 0 {
			size = int64(at) + int64(v)
		}
	}
	for _, flag := range []uint64{1, 2} {
		if fields[2]&flag == 0 {
			continue
		}
		v, n := binary.Uvarint(b[min(at, len(b)):])
		if n <= 0 || v > 1<<50 {
			return 0, false
		}
		if at += n; flag == 2 {
			size += int64(v)
		}
	}
	return size, fields[1] == 5
}
