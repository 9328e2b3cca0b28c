package archive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// tarReader reads a tar's blocks and knows with how many zeros they end so far.
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

// tar reads a tar to its end: two blocks of zeros. Where a header is damaged it
// leaves the block to be read again, if there was one before that.
func (w *walker) tar(buf *bufio.Reader, path string, depth int) error {
	blocks := &tarReader{lag: lag{buf: buf, keep: 512}}
	err := w.oneTar(blocks, path, depth)
	back := 0
	if err != io.EOF && blocks.n > 512 {
		back = 512
	}
	blocks.settle(back)
	if err == io.EOF {
		err = nil
		if blocks.zeros < 512 {
			err = errors.New("it ends without the zeros that end a tar: it may be cut short")
		}
	}
	return err
}

// oneTar reads members until there are no more: the error is never nil, and
// io.EOF at a proper end.
func (w *walker) oneTar(blocks *tarReader, path string, depth int) error {
	tr := tar.NewReader(blocks)
	for {
		blocks.zeros = 0 // what pads the last member is less than a block
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

// arHeadLen is the length of a member's header in an ar.
const arHeadLen = 60

// ar reads the archives of Debian packages and static libraries.
func (w *walker) ar(buf *bufio.Reader, path string, depth int) error {
	if _, err := buf.Discard(8); err != nil {
		return err
	}
	for {
		head, _ := buf.Peek(arHeadLen)
		if len(head) <= 1 {
			return nil
		}
		if len(head) < arHeadLen {
			return io.ErrUnexpectedEOF
		}
		size, err := strconv.ParseInt(strings.TrimSpace(string(head[48:58])), 10, 64)
		if err != nil || size < 0 || string(head[58:]) != "`\n" {
			return errors.New("a header in it is damaged; what follows was searched as it is")
		}
		name := strings.TrimRight(string(head[:16]), " /")
		_, _ = buf.Discard(arHeadLen)
		r := &exactly{r: buf, n: size}
		if err := w.member(path, name, depth, r); err != nil {
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
