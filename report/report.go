// Package report turns the result of a scan into what people and programs
// read: text, JSON, JSON lines, SARIF, HTML, Markdown and GitHub's annotations.
//
// New makes a Document of a result.Result, and ByName returns what writes a
// Document in one of the Formats. The json format is the one to keep: Read reads
// it, and what was read can be written in any other. Summary says in a few lines
// how a scan went, and Hook says it to somebody whom a git hook stops.
//
// A Document holds masks and token ids and never a token. What else it says, such
// as a path, may hold one, and is masked where it is written: no format can leak
// one, and none can make a terminal or the runner of a CI service do anything. A
// scan that could not read something is nowhere said to be clean.
package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"r8scan/internal/door"
	"r8scan/result"
)

// Options say how a report looks. The zero value is plain and short. A format
// passes over what does not concern it.
type Options struct {
	Color   bool // text: ANSI colors
	Links   bool // text: OSC 8 links on the places that are files; needs Root
	Verbose bool // text: every location, ref and unread thing, not the first few
	Width   int  // text: columns of a line, where words are wrapped; 0 for 80

	// Code returns the line of a place, cut to a number of columns, with no secret in
	// it, "" if it is not known; nil if the text is to show none.
	Code func(at result.Location, columns int) string

	OnlyLive bool // list live tokens only, and count the others

	// Root is the absolute path of the folder that paths in the result are
	// relative to; "" if there is none.
	Root string
}

// Renderer writes doc to w in one format. It does not change doc, and several
// may run at once. An error is one of writing to w, or says what the format cannot
// hold: SARIF refuses a finding of a rule that this version does not know. Findings
// stand most urgent first; in json lines, in the order of the scan.
type Renderer func(w io.Writer, doc *Document, opts Options) error

// formats is in the order in which help texts name the formats.
var formats = []struct {
	name   string
	render Renderer
	order  func(a, b Finding) int
}{
	{"text", writeText, urgent},
	{"json", writeJSON, urgent},
	{"jsonl", writeJSONLines, stable},
	{"sarif", writeSARIF, urgent},
	{"html", writeHTML, urgent},
	{"markdown", writeMarkdown, urgent},
	{"github", writeGitHub, urgent},
	{"gitlab", writeGitLab, urgent},
	{"codequality", writeCodeQuality, urgent},
	{"csv", writeCSV, urgent},
	{"junit", writeJUnit, urgent},
}

// Formats returns the names that ByName takes, in the order in which help texts
// name them: text, json, jsonl, sarif, html, markdown, github, gitlab,
// codequality, csv, junit.
func Formats() []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	return names
}

// ByName returns the renderer of a format. An unknown name is an error that lists
// the names. Call it before the scan, so that a misspelled name does not cost one.
func ByName(name string) (Renderer, error) {
	for _, f := range formats {
		if f.name == name {
			return func(w io.Writer, doc *Document, opts Options) error {
				masked := *door.Text(doc) // so that a saved result gives the same bytes
				masked.Findings = slices.Clone(masked.Findings)
				slices.SortFunc(masked.Findings, f.order)
				if opts.OnlyLive {
					masked.keepLive()
				}
				return f.render(w, &masked, door.Values(opts))
			}, nil
		}
	}
	return nil, fmt.Errorf("unknown format %q: use one of %s", name, strings.Join(Formats(), ", "))
}

// byExtension are the formats that a file's name stands for, by its end.
var byExtension = []struct{ end, format string }{
	{"gl-secret-detection-report.json", "gitlab"}, // GitLab's own names
	{"gl-code-quality-report.json", "codequality"},
	{".sarif.json", "sarif"},
	{".sarif", "sarif"},
	{".jsonl", "jsonl"},
	{".ndjson", "jsonl"},
	{".json", "json"},
	{".html", "html"},
	{".htm", "html"},
	{".md", "markdown"},
	{".markdown", "markdown"},
	{".csv", "csv"},
	{".xml", "junit"},
}

// Auto stands for the format that the name of the output file says.
const Auto = "auto"

// For is ByName for a result that goes to the file at path, "" for none: with Auto
// the file's name says the format. One that says none is for text.
func For(format, path string) (Renderer, error) {
	if format == Auto {
		format = formatOf(path)
	}
	return ByName(format)
}

// formatOf returns the format that the name of a file stands for.
func formatOf(path string) string {
	name := strings.ToLower(path)
	for _, e := range byExtension {
		if strings.HasSuffix(name, e.end) {
			return e.format
		}
	}
	return "text"
}
