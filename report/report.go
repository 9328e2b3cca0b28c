// Package report turns the result of a scan into what people and programs
// read: text, JSON, JSON lines, SARIF, Markdown and GitHub's annotations.
//
// Every format is made from a Document, which holds masks and token ids and
// never a token. What else it says, such as a path, may hold one, and is masked
// where a report is written: no format can leak one.
package report

import (
	"fmt"
	"io"
	"strings"

	"r8scan/internal/door"
)

// homePage is where the project can be read about; "" until it has a public
// home. Nothing else may name an address of the project's.
const homePage = ""

// Options say how a report looks. The zero value is plain and short.
type Options struct {
	Color   bool // text: ANSI colors
	Links   bool // text: OSC 8 links on the places that are files; needs Root
	Verbose bool // text: every location, ref and unread thing, not the first few

	// Root is the absolute path of the folder that paths in the result are
	// relative to; "" if there is none.
	Root string

	// RepositoryURI is the absolute URI of the scanned repository, as SARIF
	// names it; without one, SARIF names Root. A password in it is left out.
	RepositoryURI string
}

// Renderer writes doc to w in one format. It does not change doc. An error is
// one of writing to w, or says what the format cannot hold.
type Renderer func(w io.Writer, doc *Document, opts Options) error

// formats is in the order in which help texts name the formats.
var formats = []struct {
	name   string
	render Renderer
}{
	{"text", writeText},
	{"json", writeJSON},
	{"jsonl", writeJSONLines},
	{"sarif", writeSARIF},
	{"markdown", writeMarkdown},
	{"github", writeGitHub},
}

// Formats returns the names that ByName takes.
func Formats() []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	return names
}

// ByName returns the renderer of a format. A command calls it before the scan,
// so that a misspelled format does not cost one.
func ByName(name string) (Renderer, error) {
	for _, f := range formats {
		if f.name == name {
			return func(w io.Writer, doc *Document, opts Options) error {
				return f.render(w, door.Values(doc), door.Values(opts))
			}, nil
		}
	}
	return nil, fmt.Errorf("unknown format %q: use one of %s", name, strings.Join(Formats(), ", "))
}
