// Package page holds the look that all of r8scan's pages share: the templates, the
// stylesheet, and the policy under which a browser shows them. It knows nothing of
// what a page says.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"io"
	"io/fs"
	"sync"

	"r8scan/internal/pattern"
)

//go:embed *.tmpl style.css
var files embed.FS

// Head is what a page says of itself. The data of every template embed it.
type Head struct {
	Title string
	Forms bool // the page sends a form back to where it came from
}

// Policy is the Content-Security-Policy of a page: it runs no script and loads
// nothing.
func (h Head) Policy() string {
	forms := "'none'"
	if h.Forms {
		forms = "'self'"
	}
	hash := sha256.Sum256(style())
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) +
		"'; img-src data:; form-action " + forms + "; base-uri 'none'"
}

// Style is the stylesheet. Its bytes must arrive as they are: Policy has their hash.
func (Head) Style() template.CSS { return template.CSS(style()) }

var style = sync.OnceValue(func() []byte {
	text, err := files.ReadFile("style.css")
	if err != nil {
		panic(err) // it is in the program
	}
	return text
})

var templates = sync.OnceValue(func() Templates { return With(files) })

// Templates are those of pages, and the shared ones that they use.
type Templates struct{ all *template.Template }

// With returns the templates of files, each in a file *.tmpl, and the shared ones. It
// panics if they are wrong: they are part of the program.
func With(own fs.FS) Templates {
	shared := template.New("").Funcs(template.FuncMap{"linked": Linked})
	return Templates{template.Must(template.Must(shared.ParseFS(files, "head.tmpl")).ParseFS(own, "*.tmpl"))}
}

// Write writes the page of a template, "report" or "verify", to w: whole lines in
// each Write. Of data it takes what the template names.
func Write(w io.Writer, name string, data any) error { return templates().Write(w, name, data) }

// Write is the function Write for these templates.
func (t Templates) Write(w io.Writer, name string, data any) error {
	l := &lines{w: w}
	if err := t.all.ExecuteTemplate(l, name, data); err != nil {
		return err
	}
	_, err := w.Write(l.held)
	return err
}

// pieceSize is about how many bytes a Write of lines has.
const pieceSize = 64 << 10

// lines passes on whole lines, so that what looks for tokens in each Write finds
// them.
type lines struct {
	w    io.Writer
	held []byte
}

func (l *lines) Write(p []byte) (int, error) {
	l.held = append(l.held, p...)
	if len(l.held) < pieceSize {
		return len(p), nil
	}
	end := bytes.LastIndexByte(l.held, '\n') + 1
	if _, err := l.w.Write(l.held[:end]); err != nil {
		return 0, err
	}
	l.held = append(l.held[:0], l.held[end:]...)
	return len(p), nil
}

// Piece is a part of a text. It is a link if it has a URL.
type Piece struct{ Text, URL string }

// address matches a URL in a sentence of our own, without the sentence's end.
var address = pattern.Of(`https://[A-Za-z0-9./_-]*[A-Za-z0-9/_-]`)

// Linked splits a text of our own at its URLs.
func Linked(text string) []Piece {
	var pieces []Piece
	done := 0
	for _, m := range address().FindAllStringIndex(text, -1) {
		if m[0] > done {
			pieces = append(pieces, Piece{Text: text[done:m[0]]})
		}
		pieces = append(pieces, Piece{text[m[0]:m[1]], text[m[0]:m[1]]})
		done = m[1]
	}
	if done < len(text) {
		pieces = append(pieces, Piece{Text: text[done:]})
	}
	return pieces
}
