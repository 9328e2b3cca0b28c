package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"strings"
)

// readTar reads a tar to its end, which is two blocks of zeros. If a header is
// damaged, it leaves that block to be read again, except for the first block.
func readTar(in *container) error {
	blocks := &tarReader{lag: lag{buf: in.c.buf, keep: 512}}
	err := oneTar(in, blocks)
	back := 0
	if err != io.EOF && blocks.n > 512 {
		back = 512
	}
	blocks.settle(back)
	if err == io.EOF {
		err = nil
		if blocks.zeros < 512 {
			err = errors.New("the zeros at the end of the tar are missing: it may be cut short")
		}
	}
	return err
}

// oneTar reads members until there are no more. The error is never nil. It is
// io.EOF at a proper end.
func oneTar(in *container, blocks *tarReader) error {
	tr := tar.NewReader(blocks)
	for {
		blocks.zeros = 0 // the padding of the last member does not count
		h, err := tr.Next()
		if errors.Is(err, tar.ErrInsecurePath) {
			err = nil // names are never used as paths
		}
		if err != nil {
			return err
		}
		var r io.Reader
		if h.Typeflag == tar.TypeReg || h.Typeflag == tar.TypeGNUSparse || h.Size > 0 {
			r = tr
		}
		if sparse(h) { // holes are zeros that are not in the tar
			r = &expander{w: in.walk, r: tr, packed: &source{n: h.Size}}
		}
		if err := in.member(h.Name, r); err != nil {
			return err
		}
	}
}

// sparse reports whether a member has holes, in any format of GNU tar.
func sparse(h *tar.Header) bool {
	if h.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// tarReader reads a tar's blocks. It counts the bytes, and the zeros at the end of
// what was read.
type tarReader struct {
	lag
	n     int64
	zeros int
}

func (t *tarReader) Read(p []byte) (int, error) {
	n, err := t.lag.Read(p)
	t.n += int64(n)
	if text := bytes.TrimRight(p[:n], "\x00"); len(text) > 0 {
		t.zeros = 0
		t.zeros += n - len(text)
	} else {
		t.zeros += n
	}
	return n, err
}
