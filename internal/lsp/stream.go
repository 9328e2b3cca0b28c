package lsp

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"r8scan/internal/door"
)

const (
	maxMessage = 128 << 20 // bytes; JSON writes a byte of a text with six at most
	maxHeader  = 4 << 10   // bytes of a line
)

// stream reads and writes messages with the headers of the protocol. jsonrpc2's own
// codec has no limits, and masks nothing.
type stream struct {
	in  *bufio.Reader
	out io.Writer

	mu  sync.Mutex
	err error
}

func newStream(in io.Reader, out io.Writer) *stream {
	return &stream{in: bufio.NewReaderSize(in, maxHeader), out: out}
}

// ReadObject reads one message into v.
func (s *stream) ReadObject(v any) error {
	body, err := s.read()
	if err == nil {
		if json.Unmarshal(body, v) != nil {
			err = errors.New("its JSON is no message") // the cause could repeat the text
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
	return err
}

// ended returns why no more can be read, io.EOF at the end, nil if that is not known.
func (s *stream) ended() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *stream) read() ([]byte, error) {
	length := -1
	for first := true; ; first = false {
		line, err := s.in.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF) && first && len(line) == 0:
			return nil, io.EOF
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, errors.New("a header is too long")
		case err != nil:
			return nil, io.ErrUnexpectedEOF
		}
		text := strings.TrimRight(string(line), "\r\n")
		if text == "" {
			break
		}
		name, value, ok := strings.Cut(text, ":")
		if !ok {
			return nil, errors.New("a header has no colon")
		}
		if strings.EqualFold(strings.TrimSpace(name), "Content-Length") {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil || length < 0 {
				return nil, errors.New("its Content-Length is no number")
			}
		}
	}
	switch {
	case length < 0:
		return nil, errors.New("it has no Content-Length")
	case length > maxMessage:
		return nil, fmt.Errorf("it has more than %d MB", maxMessage>>20)
	}
	var body bytes.Buffer // grows with what comes, not with what is announced
	if n, err := io.CopyN(&body, s.in, int64(length)); err != nil || n < int64(length) {
		return nil, io.ErrUnexpectedEOF
	}
	return body.Bytes(), nil
}

// WriteObject writes one message. It masks tokens that a client might have sent in a
// URI or an id.
func (s *stream) WriteObject(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	if _, err := door.NewWriter(&body).Write(text); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "Content-Length: %d\r\n\r\n%s", body.Len(), body.Bytes())
	return err
}

// Close does nothing: whoever opened the streams closes them.
func (s *stream) Close() error { return nil }
