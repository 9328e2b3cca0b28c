package odb

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"strconv"

	"r8scan/internal/regular"
)

// looseObject is an object in its own file.
type looseObject struct {
	path string
	obj  Obj
}

// looseHeaderMax is more than the length of any header "type size\0".
const looseHeaderMax = 32

// looseReader reads a loose object: exactly size bytes, or it returns an error.
type looseReader struct {
	*exactReader
	kind Type
	size int64

	file   io.Closer
	packed *bufio.Reader // buffers the file
	z      io.ReadCloser // inflates packed
	ended  bool
}

// openLoose opens a loose object and reads its header. Close it after use. It
// reuses the memory of was, an unused reader or nil, because allocating that
// takes half of the time.
func openLoose(path string, was *looseReader) (l *looseReader, err error) {
	f, _, err := regular.Follow(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	l = &looseReader{file: f}
	if was == nil {
		l.packed = bufio.NewReader(f)
		l.z, err = zlib.NewReader(l.packed)
	} else {
		l.packed, l.z = was.packed, was.z
		l.packed.Reset(f)
		err = l.z.(zlib.Resetter).Reset(l.packed, nil)
	}
	if err != nil {
		return nil, damaged(err)
	}
	head := make([]byte, 0, looseHeaderMax)
	for one := make([]byte, 1); ; {
		if _, err := io.ReadFull(l.z, one); err != nil {
			return nil, damaged(err)
		}
		if one[0] == 0 {
			break
		}
		if head = append(head, one[0]); len(head) == looseHeaderMax {
			return nil, errors.New("its header is damaged")
		}
	}
	name, number, _ := bytes.Cut(head, []byte(" "))
	t, ok := parseType(string(name))
	size, numErr := strconv.ParseInt(string(number), 10, 64)
	if !ok || numErr != nil || size < 0 {
		return nil, errors.New("its header is damaged")
	}
	l.kind, l.size = t, size
	l.exactReader = &exactReader{r: l.z, n: size, atEnd: func() { l.ended = true }}
	return l, nil
}

func (l *looseReader) Close() { _ = l.file.Close() } // it was only read

// more reports whether the object was read to its end and the file has more
// bytes.
func (l *looseReader) more() bool {
	_, err := l.packed.Peek(1)
	return l.ended && err == nil
}
