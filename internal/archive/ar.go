package archive

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// arHeadLen is the length of a member's header in an ar.
const arHeadLen = 60

// readAr reads the archives of Debian packages and static libraries.
func readAr(in *container) error {
	buf := in.c.buf
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
			return errors.New("a header in it is damaged; the rest was searched as it is")
		}
		name := strings.TrimRight(string(head[:16]), " /")
		_, _ = buf.Discard(arHeadLen)
		r := &exactly{r: buf, n: size}
		if err := in.member(name, r); err != nil {
			return err
		}
		if r.n > 0 {
			return fmt.Errorf("%w: %d more bytes should follow", io.ErrUnexpectedEOF, r.n)
		}
		if size%2 == 1 {
			_, _ = buf.Discard(1)
		}
	}
}

// exactly reads n bytes. Fewer are an error.
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
