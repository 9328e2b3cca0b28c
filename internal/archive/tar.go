package archive

import (
	"archive/tar"
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// tar reads a tar. Tars put behind each other are read one after the other.
func (w *walker) tar(buf *bufio.Reader, path string, depth int) error {
	for {
		if err := w.oneTar(buf, path, depth); err != nil {
			return err
		}
		for { // zeros fill the last block
			block, err := buf.Peek(512)
			if err != nil || isTar(block) {
				break
			}
			if strings.Trim(string(block), "\x00") != "" {
				return nil
			}
			_, _ = buf.Discard(512)
		}
		if block, err := buf.Peek(512); err != nil || !isTar(block) {
			return nil
		}
	}
}

func (w *walker) oneTar(buf *bufio.Reader, path string, depth int) error {
	tr := tar.NewReader(buf)
	for {
		h, err := tr.Next()
		if err == io.EOF {
			return nil
		}
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
			r = &expander{w: w, r: tr, packed: &source{n: h.Size}}
		}
		if err := w.member(path, h.Name, depth, r); err != nil {
			return err
		}
	}
}

// sparse says that a member has holes, in any of the ways that GNU tar writes.
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

// ar reads the archives of Debian packages and static libraries.
func (w *walker) ar(buf *bufio.Reader, path string, depth int) error {
	if _, err := buf.Discard(8); err != nil {
		return err
	}
	for {
		var head [60]byte
		if n, err := io.ReadFull(buf, head[:]); err == io.EOF || err == io.ErrUnexpectedEOF && n <= 1 {
			return nil
		} else if err != nil {
			return err
		}
		size, err := strconv.ParseInt(strings.TrimSpace(string(head[48:58])), 10, 64)
		if err != nil || size < 0 || string(head[58:]) != "`\n" {
			return errors.New("a header in it is damaged; what follows was searched as it is")
		}
		r := &exactly{r: buf, n: size}
		if err := w.member(path, strings.TrimRight(string(head[:16]), " /"), depth, r); err != nil {
			return err
		}
		if r.n > 0 {
			return fmt.Errorf("%w: it says that %d more bytes follow", io.ErrUnexpectedEOF, r.n)
		}
		if size%2 == 1 {
			_, _ = buf.Discard(1)
		}
	}
}

// exactly reads n bytes; fewer are an error.
type exactly struct {
	r io.Reader
	n int64
}

func (e *exactly) Read(p []byte) (int, error) {
	if e.n <= 0 {
		return 0, io.EOF
	}
	n, err := e.r.Read(p[:min(int64(len(p)), e.n)])
	e.n -= int64(n)
	if err == io.EOF && e.n > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
