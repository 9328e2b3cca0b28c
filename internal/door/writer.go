package door

import (
	"bytes"
	"io"
	"sync"
	"unicode"
	"unicode/utf8"

	"r8scan/internal/terminal"
	"r8scan/rules"
)

// Writer is the last door before a stream or a file. Each Write is to be a
// piece that is whole in itself, such as a line: tokens in it are masked, it is
// made safe for terminals, and no line of it begins as an order to a runner of GitHub does. It
// is safe for use by several goroutines.
type Writer struct {
	mu     sync.Mutex
	w      io.Writer
	orders bool // lines may begin as they like
	begun  bool // the line has something in it beside white space
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Under returns what d writes to.
func (d *Writer) Under() io.Writer { return d.w }

// Under returns what a Writer writes to, and any other writer as it is. It is
// for asking what w is, and for what must come out byte by byte.
func Under(w io.Writer) io.Writer {
	if d, ok := w.(*Writer); ok {
		return d.Under()
	}
	return w
}

// Orders returns a writer to where w leads, through which a format may give
// orders to a runner: its lines are all its own.
func Orders(w io.Writer) io.Writer {
	if d, ok := w.(*Writer); ok {
		return &Writer{w: d.w, orders: true}
	}
	return w
}

// Write writes what p is to those who may see it.
func (d *Writer) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := terminal.SafeText(withoutTokens(p))
	if !d.orders {
		out = d.quoted(out)
	}
	if _, err := d.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// withoutTokens masks the API tokens in a text that was put together of many,
// where they stand as they are. The other credentials, and what a token may be
// encoded in, are told by what is around them, and here something else is around
// them than where they came from: quotes of JSON, for one. It returns text
// itself, or a copy.
func withoutTokens(text []byte) []byte {
	copied := false
	for _, m := range rules.Default().FindTokens(nil, text, 0, len(text)) {
		if m.Encoding != nil {
			continue
		}
		if !copied {
			text, copied = bytes.Clone(text), true
		}
		copy(text[m.Start:m.End], m.Secret.Mask())
	}
	return text
}

// quoted puts ./ before what begins a line as an order. Runners look behind
// white space, and take a carriage return for the end of a line too.
func (d *Writer) quoted(p []byte) []byte {
	var out []byte
	done := 0 // p[:done] is in out
	for at := 0; at < len(p); {
		if !d.begun {
			at += blanks(p[at:])
			if at == len(p) {
				break
			}
			if isOrder(p[at:]) {
				out = append(append(out, p[done:at]...), "./"...)
				done = at
			}
			d.begun = true
		}
		end := bytes.IndexAny(p[at:], "\n\r")
		if end < 0 {
			break
		}
		at += end
		d.begun = false
	}
	if out == nil {
		return p
	}
	return append(out, p[done:]...)
}

// isOrder reports whether a line that begins with p may be one: of GitHub's,
// Azure's and TeamCity's runners, or a mark of GitLab's. Of two colons the second
// may be yet to come. A heading of Markdown is none.
func isOrder(p []byte) bool {
	return bytes.HasPrefix(p, []byte("::")) || string(p) == ":" ||
		bytes.HasPrefix(p, []byte("##")) && len(p) > 2 && p[2] != ' ' && p[2] != '#' ||
		bytes.HasPrefix(p, []byte("section_start:")) || bytes.HasPrefix(p, []byte("section_end:"))
}

// blanks returns how many bytes p begins with that a runner or a terminal shows
// nothing of: white space and the codes of colors.
func blanks(p []byte) int {
	at := 0
	for at < len(p) {
		r, size := utf8.DecodeRune(p[at:])
		switch {
		case unicode.IsSpace(r):
			at += size
		case bytes.HasPrefix(p[at:], []byte("\x1b[")):
			end := bytes.IndexFunc(p[at+2:], unicode.IsLetter)
			if end < 0 {
				return len(p)
			}
			at += 2 + end + 1
		default:
			return at
		}
	}
	return at
}
