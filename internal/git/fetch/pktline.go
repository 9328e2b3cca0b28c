package fetch

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"r8scan/internal/git/wire"
)

// packets reads git's packets: each begins with its length in four hex digits.
type packets struct {
	r   *bufio.Reader
	buf [maxPacket]byte
}

// maxPacket is the length of the longest packet, with its length.
const maxPacket = 65520

var errPacket = errors.New("the answer is not in git's protocol")

func newPackets(r io.Reader) *packets { return &packets{r: bufio.NewReaderSize(r, 64<<10)} }

// next returns the next packet, nil for a flush. It is valid until the next call.
func (p *packets) next() ([]byte, error) {
	head := p.buf[:4]
	if _, err := io.ReadFull(p.r, head); err != nil {
		return nil, stopped(err)
	}
	var size [2]byte
	if _, ok := wire.UnhexInto(size[:], head); !ok {
		return nil, errPacket
	}
	n := int(binary.BigEndian.Uint16(size[:]))
	switch {
	case n == 0:
		return nil, nil
	case n < 4 || n > maxPacket:
		return nil, errPacket
	}
	body := p.buf[:n-4]
	if _, err := io.ReadFull(p.r, body); err != nil {
		return nil, stopped(err)
	}
	return body, nil
}

// stopped is what the end of an answer means that is not complete.
func stopped(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return errStopped
	}
	return err
}

// errStopped means that a server ended its answer too early.
var errStopped = errors.New("the server ended its answer too early")

// packet appends a packet with a text.
func packet(dst []byte, format string, args ...any) []byte {
	text := fmt.Sprintf(format, args...)
	return fmt.Appendf(dst, "%04x%s", 4+len(text), text)
}

// flush is the packet that ends a list.
const flush = "0000"
