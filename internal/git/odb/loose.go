package odb

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"r8scan/internal/budget"
	"r8scan/internal/git/wire"
	"r8scan/internal/regular"
)

// looseObject is an object in a file of its own.
type looseObject struct {
	path string
	obj  Obj
}

// looseHeaderMax is longer than any "type size\0" header.
const looseHeaderMax = 32

// looseReader reads a loose object: exactly size bytes, or an error.
type looseReader struct {
	*exactReader
	kind Type
	size int64

	file   io.Closer
	packed *bufio.Reader // of the file
	z      io.ReadCloser // of packed
	ended  bool
}

// openLoose opens a loose object and reads its header. Close it after use. The
// memory of was, a reader that is not used any more or nil, is used again: to
// make it anew takes half of the time.
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

func (l *looseReader) Close() { _ = l.file.Close() } // it was read only

// more reports whether the object was read to its end and the file goes on.
func (l *looseReader) more() bool {
	_, err := l.packed.Peek(1)
	return l.ended && err == nil
}

// walkLoose reads the i-th loose object. If another place reports the object, it
// is no loss that this copy of it cannot be read.
func (w *Walker) walkLoose(i int) error {
	l := &w.Store.loose[i]
	extra := !w.Store.ownsLoose(i)
	if extra && !w.Thorough {
		return nil
	}
	failed := func(t Type, why error) error {
		if !extra {
			w.visit.Failed(l.obj, t, why)
		}
		return nil
	}
	r, err := openLoose(l.path, w.loose)
	if err != nil {
		return failed(0, pathless(err))
	}
	defer r.Close()
	w.loose = r
	if w.Want != nil && !w.Want(r.kind) {
		return nil
	}
	node := &Node{Obj: l.obj, Type: r.kind, Size: r.size, Again: extra, Extra: extra, Loose: true, Leaf: true}
	switch {
	case r.kind == Blob && r.size > w.Store.limits.Stream: // the others are parsed whole
		node.Stream = r
	default:
		if node.Data, err = w.Store.limits.readWhole(r, r.size, 0, w.Memory); err != nil {
			return failed(r.kind, err)
		}
		defer w.Memory.Give(Held(node.Data))
	}
	err = w.visit.Visit(node)
	if w.Thorough && r.more() {
		w.Store.problem(l.path, "there are bytes behind the object in it, which were not read: git fsck")
	}
	return err
}

// readWhole reads size bytes and makes sure that the stream ends behind them.
// It takes the memory for them; under is what else counts towards l.Held.
func (l Limits) readWhole(r io.Reader, size, under int64, memory *budget.Account) ([]byte, error) {
	if err := l.allows(size, under); err != nil {
		return nil, err
	}
	memory.Take(roomOf(size))
	data, err := readExactly(r, size)
	if err != nil {
		memory.Give(roomOf(size))
	}
	return data, err
}

// readExactly is readWhole for a size that was looked at.
func readExactly(r io.Reader, size int64) ([]byte, error) {
	data := make([]byte, size)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, err
	}
	var one [1]byte
	if _, err := r.Read(one[:]); err != io.EOF { // an exactReader gives no more bytes, but may fail
		return nil, err
	}
	return data, nil
}

// pathless drops the path from a file error: the object's id names the file.
func pathless(err error) error {
	var p *os.PathError
	switch {
	case !errors.As(err, &p):
		return err
	case errors.Is(err, regular.ErrOther):
		return p.Err // which says it all
	}
	return fmt.Errorf("%s: %w", p.Op, p.Err)
}

// isLooseDir reports whether name is one of objects/00 … objects/ff.
func isLooseDir(name string) bool { return len(name) == 2 && wire.IsHex(name) }

func (s *Store) listLoose(dir string, name string) {
	sub := filepath.Join(dir, name)
	for _, f := range s.entries(sub) {
		path := filepath.Join(sub, f.Name())
		if s.leadsOut(sub, f) {
			continue
		}
		if len(f.Name()) != 2*s.hash-2 || !wire.IsHex(f.Name()) {
			s.stray(sub, f)
			continue
		}
		s.found = append(s.found, found{id: name + f.Name(), path: path})
	}
}
