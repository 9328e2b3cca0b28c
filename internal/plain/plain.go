// Package plain decodes the text files that a user passes to the program.
// Programs on Windows start them with a byte order mark, or write UTF-16, as >
// does in PowerShell.
package plain

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"iter"
	"unicode/utf16"
	"unicode/utf8"
)

// Form names the encoding of a text. The zero value is UTF-8.
type Form string

// The other encodings. UTF-16 and UTF-32 may come without a byte order mark.
const (
	MarkedUTF8 Form = "UTF-8 with a byte order mark"
	UTF16LE    Form = "UTF-16, little-endian"
	UTF16BE    Form = "UTF-16, big-endian"
	UTF32LE    Form = "UTF-32, little-endian"
	UTF32BE    Form = "UTF-32, big-endian"
)

// marks are the byte order marks. UTF-32's come first: one of them starts with
// UTF-16's.
var marks = []struct {
	form Form
	mark string
}{
	{MarkedUTF8, "\xef\xbb\xbf"},
	{UTF32LE, "\xff\xfe\x00\x00"},
	{UTF32BE, "\x00\x00\xfe\xff"},
	{UTF16LE, "\xff\xfe"},
	{UTF16BE, "\xfe\xff"},
}

// headLen is how many bytes are needed to detect the encoding.
const headLen = 4

// formOf returns the encoding of a text that starts with head, and the length
// of its mark. UTF-16 and UTF-32 without a mark are detected by the zeros
// beside the first ASCII character: no text of a user starts with U+0000.
func formOf(head []byte) (form Form, mark int) {
	for _, m := range marks {
		if bytes.HasPrefix(head, []byte(m.mark)) {
			return m.form, len(m.mark)
		}
	}
	zeros := make([]byte, len(head))
	for i, c := range head {
		if zeros[i] = 'x'; c == 0 {
			zeros[i] = '0'
		}
	}
	switch {
	case string(zeros) == "x000":
		return UTF32LE, 0
	case string(zeros) == "000x":
		return UTF32BE, 0
	case bytes.HasPrefix(zeros, []byte("x0")):
		return UTF16LE, 0
	case bytes.HasPrefix(zeros, []byte("0x")):
		return UTF16BE, 0
	}
	return "", 0
}

// FormOf returns the encoding of a text.
func FormOf(text []byte) Form {
	form, _ := formOf(text[:min(len(text), headLen)])
	return form
}

// Text returns a text as UTF-8 without a mark. For UTF-8 the result is a part
// of text. Invalid units become the replacement character.
func Text(text []byte) []byte {
	switch form, mark := formOf(text[:min(len(text), headLen)]); form {
	case "", MarkedUTF8:
		return text[mark:]
	}
	out, _ := io.ReadAll(NewReader(bytes.NewReader(text))) // neither reader can fail
	return out
}

// NewReader returns a reader that decodes r as Text does.
func NewReader(r io.Reader) io.Reader {
	in := bufio.NewReader(r)
	head, _ := in.Peek(headLen) // the next read returns the error again
	form, mark := formOf(head)
	_, _ = in.Discard(mark) // Peek returned these bytes
	switch form {
	case UTF16LE:
		return &wideReader{in: in, size: 2, order: binary.LittleEndian}
	case UTF16BE:
		return &wideReader{in: in, size: 2, order: binary.BigEndian}
	case UTF32LE:
		return &wideReader{in: in, size: 4, order: binary.LittleEndian}
	case UTF32BE:
		return &wideReader{in: in, size: 4, order: binary.BigEndian}
	}
	return in
}

// wideReader decodes units of 2 or 4 bytes to UTF-8.
type wideReader struct {
	in    *bufio.Reader
	size  int
	order binary.ByteOrder
	out   []byte // decoded bytes that Read has not returned yet
	high  rune   // the first half of a surrogate pair, 0 for none
	err   error  // the error at the end of in
}

// decodeAtOnce is how many bytes are decoded at a time.
const decodeAtOnce = 4 << 10

// Read implements io.Reader.
func (r *wideReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(r.out) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.decode()
		if len(r.out) == 0 {
			return 0, r.err
		}
	}
	n := copy(p, r.out)
	r.out = r.out[n:]
	return n, nil
}

// decode fills out from the buffered bytes of in, with at least one unit if
// there is one.
func (r *wideReader) decode() {
	r.out = nil
	for {
		var unit [4]byte
		n, err := io.ReadFull(r.in, unit[:r.size])
		if err != nil {
			if n > 0 || r.high != 0 { // in ends within a unit or a pair
				r.out = utf8.AppendRune(r.out, utf8.RuneError)
			}
			if r.err = err; err == io.ErrUnexpectedEOF {
				r.err = io.EOF
			}
			return
		}
		if r.size == 4 {
			r.out = utf8.AppendRune(r.out, rune(min(r.order.Uint32(unit[:]), utf8.MaxRune+1)))
		} else {
			r.unit(rune(r.order.Uint16(unit[:])))
		}
		if len(r.out) > 0 && (len(r.out) >= decodeAtOnce || r.in.Buffered() < r.size) {
			return
		}
	}
}

// unit decodes one unit of UTF-16.
func (r *wideReader) unit(u rune) {
	if r.high != 0 {
		pair := utf16.DecodeRune(r.high, u)
		r.high = 0
		r.out = utf8.AppendRune(r.out, pair)
		if pair != utf8.RuneError {
			return
		}
	}
	if utf16.IsSurrogate(u) && u < 0xdc00 {
		r.high = u
		return
	}
	r.out = utf8.AppendRune(r.out, u)
}

// Lines yields the lines of a text, each with its line ending: LF, CR or CRLF.
func Lines(text []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for len(text) > 0 {
			end := len(text)
			if i := bytes.IndexAny(text, "\r\n"); i >= 0 {
				if end = i + 1; text[i] == '\r' && end < len(text) && text[end] == '\n' {
					end++
				}
			}
			if !yield(text[:end:end]) {
				return
			}
			text = text[end:]
		}
	}
}
