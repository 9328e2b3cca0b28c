package odb

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"r8scan/internal/regular"
)

// looseObject is an object in a file of its own.
type looseObject struct {
	path string
	obj  Obj
}

// looseHeaderMax is longer than any "type size\0" header.
const looseHeaderMax = 32

// openLoose opens a loose object and reads its header. The reader gives
// exactly size bytes or an error; close it through the returned closer.
func openLoose(path string) (t Type, size int64, r io.Reader, c io.Closer, err error) {
	f, _, err := regular.Follow(path)
	if err != nil {
		return 0, 0, nil, nil, err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	z, err := zlib.NewReader(f)
	if err != nil {
		return 0, 0, nil, nil, damaged(err)
	}
	head := make([]byte, 0, looseHeaderMax)
	for one := make([]byte, 1); ; {
		if _, err := io.ReadFull(z, one); err != nil {
			return 0, 0, nil, nil, damaged(err)
		}
		if one[0] == 0 {
			break
		}
		if head = append(head, one[0]); len(head) == looseHeaderMax {
			return 0, 0, nil, nil, errors.New("its header is damaged")
		}
	}
	name, number, _ := bytes.Cut(head, []byte(" "))
	t, ok := parseType(string(name))
	size, numErr := strconv.ParseInt(string(number), 10, 64)
	if !ok || numErr != nil || size < 0 {
		return 0, 0, nil, nil, errors.New("its header is damaged")
	}
	return t, size, &exactReader{z, size}, f, nil
}

func (w *Walker) walkLoose(i int) error {
	l := w.Store.loose[i]
	if !w.Store.ownsLoose(i) {
		return nil
	}
	t, size, r, c, err := openLoose(l.path)
	if err != nil {
		w.visit.Failed(l.obj, t, pathless(err))
		return nil
	}
	defer c.Close()
	if w.Want != nil && !w.Want(t) {
		return nil
	}
	node := &Node{Obj: l.obj, Type: t, Size: size}
	if t == Blob && size > w.Store.limits.Stream { // the others are parsed whole
		node.Stream = r
		return w.visit.Visit(node)
	}
	if size > w.Store.limits.Object {
		w.visit.Failed(l.obj, t, fmt.Errorf("it has %d bytes: %w", size, ErrLimit))
		return nil
	}
	if node.Data, err = readExactly(r, size); err != nil {
		w.visit.Failed(l.obj, t, err)
		return nil
	}
	return w.visit.Visit(node)
}

// readExactly reads size bytes and makes sure that the stream ends behind
// them. The size is the file's own claim, so memory grows with what comes.
func readExactly(r io.Reader, size int64) ([]byte, error) {
	var b bytes.Buffer
	if size < 1<<20 {
		b.Grow(int(size) + bytes.MinRead)
	}
	if _, err := b.ReadFrom(r); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// pathless drops the path from a file error: the object's id names the file.
func pathless(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return fmt.Errorf("%s: %w", p.Op, p.Err)
	}
	return err
}

// isLooseDir reports whether name is one of objects/00 … objects/ff.
func isLooseDir(name string) bool { return len(name) == 2 && IsHex(name) }

// IsHex reports whether s consists of hex digits as git writes them: no capitals.
func IsHex(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func (s *Store) listLoose(dir string, name string) {
	sub := filepath.Join(dir, name)
	for _, f := range s.entries(sub) {
		path := filepath.Join(sub, f.Name())
		if len(f.Name()) != 2*s.hash-2 || !IsHex(f.Name()) {
			s.stray(sub, f)
			continue
		}
		s.found = append(s.found, found{id: name + f.Name(), path: path})
	}
}
