package archive

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"github.com/nwaples/rardecode/v2"
)

// readRAR reads a RAR from its start on.
func readRAR(in *container) error {
	c := in.c
	window := in.limits.Window
	if err := in.take(window); err != nil {
		return err
	}
	defer in.give(window)
	r, err := rardecode.NewReader(&rarBlocks{buf: c.buf}, rardecode.MaxDictionarySize(window))
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
			return errors.New("a member in it passed a limit; the rest was not read, because that member would have to be unpacked first")
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
		return errors.New("it is one part of a multi-part archive; the parts were not joined")
	case errors.Is(err, rardecode.ErrDictionaryTooLarge):
		return errors.New("its dictionary is larger than the memory limit; this member and the rest were not read")
	}
	return err
}

// rarBlocks returns the blocks of a RAR one after the other. So the decoder does
// not read past the last one.
type rarBlocks struct {
	buf  *bufio.Reader
	next func([]byte) (size int64, last bool) // nil before the signature
	left int64                                // of the block
	last bool                                 // no block follows
}

func (r *rarBlocks) Read(p []byte) (int, error) {
	if r.left == 0 && !r.begin() {
		return 0, io.EOF
	}
	n, err := r.buf.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	return n, err
}

// begin finds the next block, and reports whether there is one.
func (r *rarBlocks) begin() bool {
	if r.last {
		return false
	}
	b, _ := r.buf.Peek(64)
	switch {
	case r.next != nil:
		r.left, r.last = r.next(b)
	case len(b) >= 8 && b[6] == 1:
		r.left, r.next = int64(len(signatureRAR))+2, rar5Block
	default:
		r.left, r.next = min(int64(len(signatureRAR))+1, int64(len(b))), rar4Block
	}
	if r.left <= 0 {
		r.left, r.last = 0, true
	}
	return r.left > 0
}

// rar4Block returns the length of the block at the start of b, and whether it is
// the last one. The length is 0 if there is no block.
func rar4Block(b []byte) (size int64, last bool) {
	if len(b) < 7 {
		return 0, false
	}
	le := binary.LittleEndian
	size = int64(le.Uint16(b[5:]))
	if size < 7 || b[2] < 0x72 || b[2] > 0x7b {
		return 0, false
	}
	if le.Uint16(b[3:])&0x8000 != 0 && len(b) >= 11 { // data follows the block
		size += int64(le.Uint32(b[7:]))
		if b[2] == 0x74 && le.Uint16(b[3:])&0x100 != 0 && len(b) >= 36 {
			size += int64(le.Uint32(b[32:])&0x7fffffff) << 32
		}
	}
	return size, b[2] == 0x7b
}

// rar5Block is rar4Block for version 5.
func rar5Block(b []byte) (size int64, last bool) {
	var fields [3]uint64 // length of what follows this field, type, flags
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
