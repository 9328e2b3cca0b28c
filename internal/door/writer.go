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

// Writer is the last stage before a stream or a file. Each Write must be
// complete in itself, such as a line. Writer masks tokens in it, escapes it for
// terminals, and makes sure that no line starts a command for a CI runner. It
// is safe for concurrent use.
type Writer struct {
	mu     sync.Mutex
	w      io.Writer
	orders bool // lines may start a command
	begun  bool // the current line has something other than white space
}

// NewWriter returns a Writer that writes to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Under returns the writer that d writes to.
func (d *Writer) Under() io.Writer { return d.w }

// Under returns the writer below a Writer, and any other writer itself. It is
// for inspecting w, and for output that must not be changed.
func Under(w io.Writer) io.Writer {
	if d, ok := w.(*Writer); ok {
		return d.Under()
	}
	return w
}

// Orders returns a writer to the same place as w that lets a format write
// commands for a CI runner. All its lines must come from the format itself.
func Orders(w io.Writer) io.Writer {
	if d, ok := w.(*Writer); ok {
		return &Writer{w: d.w, orders: true}
	}
	return w
}

// Write writes p, masked and escaped.
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

// withoutTokens masks the plain API tokens in a finished text. It cannot find
// other credentials and encoded tokens: they are recognized by their
// surroundings, which the output has changed. It returns text itself, or a
// copy.
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

// quoted puts ./ before the start of a line that a CI runner would take for a
// command. Runners skip white space, and a carriage return also ends a line.
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

// isOrder reports whether a line that starts with p may be a command: for the
// runners of GitHub, Azure and TeamCity, or a mark of GitLab. The second colon
// of "::" may be in the next write. A Markdown heading is no command.
func isOrder(p []byte) bool {
	return bytes.HasPrefix(p, []byte("::")) || string(p) == ":" ||
		bytes.HasPrefix(p, []byte("##")) && len(p) > 2 && p[2] != ' ' && p[2] != '#' ||
		bytes.HasPrefix(p, []byte("section_start:")) || bytes.HasPrefix(p, []byte("section_end:"))
}

// blanks returns the length of the invisible start of p: white space and color
// codes.
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
