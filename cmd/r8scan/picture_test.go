package main

import (
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"r8scan/internal/git/gittest"
	"r8scan/report"
)

var update = flag.Bool("update", false, "write docs/run.svg")

// figures are the numbers in the last line of a run: they differ between
// machines and git versions.
var figures = regexp.MustCompile(`[0-9.]+ ?(ms|s|[kMG]?B|objects|files|commits)\b`)

// TestPicture makes sure that the README's picture shows what r8scan prints
// today: docs/run.svg is drawn from a real audit of a repository made here.
func TestPicture(t *testing.T) {
	repo := gittest.New(t, "--template=") // without sample hooks, which would be counted
	commit := func(path, text, message string) {
		repo.Write(path, text)
		repo.Git("add", ".")
		repo.Git("commit", "-q", "-m", message)
	}
	commit("app.py", "import replicate\nclient = replicate.Client(\""+fakeToken("a")+"\")\n", "Draw a cat")
	commit("app.py", "import replicate\nclient = replicate.Client()\n", "Read the token from the environment")
	commit("deploy.yaml", "kind: Secret\ndata:\n  token: "+base64.StdEncoding.EncodeToString([]byte(fakeToken("a")))+"\n", "Deploy it")

	golden, err := filepath.Abs(filepath.Join(top, "docs", "run.svg"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(repo.Dir)
	code, out, errs := runCommand(t, "", "audit", "--no-cache", "-f", "json")
	if code != exitFound {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	doc, err := report.Read(strings.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	render, err := report.ByName("text")
	if err != nil {
		t.Fatal(err)
	}
	var screen bytes.Buffer
	opts := report.Options{Color: true}
	screen.WriteString("\x1b[1m$ r8scan audit\x1b[0m\n")
	if err := render(&screen, doc, opts); err != nil {
		t.Fatal(err)
	}
	if err := report.Summary(&screen, doc, opts); err != nil {
		t.Fatal(err)
	}
	drawn := drawTerminal("r8scan audit: a leaked token, where it is, where it came from, and what to do", screen.String())
	if form := shows(drawn, fakeToken("a")); form != "" {
		t.Fatalf("the picture shows a token in %s", form)
	}

	if *update {
		if err := os.WriteFile(golden, []byte(drawn), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	was, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if figures.ReplaceAllString(string(was), "N $1") != figures.ReplaceAllString(drawn, "N $1") {
		t.Errorf("docs/run.svg is out of date: run go test ./cmd/r8scan -run TestPicture -update\n%s", drawn)
	}
}

// Sizes of the picture, in pixels and columns. The width of a letter is that of common
// monospaced fonts, rounded up.
const (
	pictureColumns = 92
	letterWidth    = 8.5
	lineHeight     = 20
	pictureMargin  = 20
)

// escapeSequence is a color, or the start or end of a link.
var escapeSequence = regexp.MustCompile(`\x1b\[([0-9;]*)m|\x1b\]8;;[^\x1b]*\x1b\\`)

// looks maps the terminal's colors to those on a dark background.
var looks = map[string]string{
	"1":    ` font-weight="bold"`,
	"2":    ` fill="#8b949e"`,
	"31":   ` fill="#ff7b72"`,
	"32":   ` fill="#7ee787"`,
	"33":   ` fill="#e3b341"`,
	"1;31": ` fill="#ff7b72" font-weight="bold"`,
}

// drawTerminal draws text as a terminal shows it, as SVG. Lines are broken at the
// width, and a color must end on its line.
func drawTerminal(title, text string) string {
	var body strings.Builder
	y := pictureMargin + lineHeight/2
	for line := range strings.Lines(text) {
		for _, row := range brokenRows(strings.TrimRight(line, "\n")) {
			fmt.Fprintf(&body, "<text x=\"%d\" y=\"%d\">%s</text>\n", pictureMargin, y, coloredSpans(row))
			y += lineHeight
		}
	}
	width, height := 2*pictureMargin+int(pictureColumns*letterWidth), y+pictureMargin/2
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">
<title>%s</title>
<rect width="100%%" height="100%%" rx="8" fill="#0d1117"/>
<g fill="#e6edf3" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" xml:space="preserve">
%s</g>
</svg>
`, width, height, width, height, html.EscapeString(title), body.String())
}

// coloredSpans turns the colors of a row into spans.
func coloredSpans(row string) string {
	var b strings.Builder
	at, look := 0, ""
	put := func(s string) {
		switch {
		case s == "":
		case look == "":
			b.WriteString(html.EscapeString(s))
		default:
			fmt.Fprintf(&b, "<tspan%s>%s</tspan>", look, html.EscapeString(s))
		}
	}
	for _, m := range escapeSequence.FindAllStringSubmatchIndex(row, -1) {
		put(row[at:m[0]])
		at = m[1]
		if m[2] >= 0 {
			look = looks[row[m[2]:m[3]]]
		}
	}
	put(row[at:])
	return b.String()
}

// brokenRows breaks a line at spaces, at the width of the picture, and indents the rest
// like the line. Only lines without colors may be that long.
func brokenRows(line string) []string {
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))] + "   "
	var rows []string
	for utf8.RuneCountInString(escapeSequence.ReplaceAllString(line, "")) > pictureColumns {
		cut := strings.LastIndexByte(line[:pictureColumns], ' ')
		if cut <= len(indent) {
			break
		}
		rows = append(rows, line[:cut])
		line = indent + line[cut+1:]
	}
	return append(rows, line)
}
