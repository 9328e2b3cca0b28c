package report

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"r8scan/internal/terminal"
	"r8scan/result"
)

// codeSpans are what code writes: within them GitHub sees no markup.
var codeSpans = regexp.MustCompile("`[^`|\n]+`|<code>([^\x00-\x7f]|[0-9A-Za-z]|&#[0-9]+;)*</code>")

// TestMarkdownTakesNoMarkup puts text that is markup wherever text of a
// repository or a server goes. None of it may stand outside a code span.
func TestMarkdownTakesNoMarkup(t *testing.T) {
	for _, evil := range []string{
		"a`b`EVIL", "a|EVIL|c", "</code><img src=EVIL>", "@EVIL", "[EVIL](https://example.com)", "EVIL\n## head", "``EVIL", "\\`EVIL",
		"\\|EVIL", " EVIL ", "EVIL\\", "$`EVIL`$", "<!-- EVIL", "EVIL\r\n\r\n| a |", "&lt;EVIL", "#1 EVIL", "\u202eEVIL", "\xffEVIL", "```\nEVIL",
	} {
		f := found(result.Location{Kind: "blob", Path: evil, Member: evil, Object: evil, Commit: evil + "x", Encoding: []string{evil}})
		f.Rule, f.Token = evil, evil
		f.Verification = Verification{Status: StatusLive, Reason: evil, Account: &Account{evil, evil, evil}}
		f.History = &result.History{Introduced: &result.Event{Commit: evil, Author: evil}, Removed: &result.Event{Commit: evil}, Refs: []string{evil}}
		doc := &Document{Run{Target: result.Target{Range: evil}, Asked: &Asked{Host: evil, Also: evil},
			Coverage: result.Coverage{Unread: []result.Unread{{What: evil, Reason: evil}}}}, []Finding{f}}
		out := render(t, "markdown", doc, Options{})
		if n := strings.Count(out, "EVIL"); n < 8 {
			t.Errorf("%q: it is shown %d times, so this test sees nothing", evil, n)
		}
		left := codeSpans.ReplaceAllString(out, "")
		if strings.Contains(left, "EVIL") || strings.ContainsAny(left, "`<@$") {
			t.Errorf("%q stands outside of a code span:\n%s", evil, left)
		}
		for line := range strings.Lines(out) {
			if strings.HasPrefix(line, "|") && strings.Count(line, "|") != 6 {
				t.Errorf("%q breaks the table: %s", evil, line)
			}
		}
	}
}

// TestMarkdownFits holds the size below GitHub's 1 MiB, whatever the result
// holds, and makes it say how much is left out.
func TestMarkdownFits(t *testing.T) {
	long := strings.Repeat("`", 4096)
	doc := &Document{Run{Target: result.Target{Range: long}}, nil}
	for range 70_000 {
		f := found(result.Location{Kind: "blob", Path: long, Member: long, Object: long, Commit: long})
		f.Rule = long
		f.Verification = Verification{Status: StatusUnknown, Reason: long}
		f.History = &result.History{Introduced: &result.Event{Commit: long, Author: long}}
		doc.Findings = append(doc.Findings, f)
		doc.Coverage.Unread = append(doc.Coverage.Unread, result.Unread{What: long, Reason: long})
	}
	out := render(t, "markdown", doc, Options{})
	if len(out) > 1<<20-100_000 {
		t.Errorf("%d bytes", len(out))
	}
	rows := strings.Count(out, "\n| `r8_Hw")
	for _, want := range []string{
		"## r8scan: 70,000 tokens found\n",
		fmt.Sprintf("\n%s tokens more that are not listed here", terminal.Count(int64(70_000-rows))),
		fmt.Sprintf("\n- and %s things more", terminal.Count(int64(70_000-strings.Count(out, "\n- <code>")))),
	} {
		if !strings.Contains(out, want) {
			t.Errorf("it lacks %q", want)
		}
	}

	// Everything is listed up to the very limit.
	small := fullDocument()
	var whole, cut bytes.Buffer
	if err := markdown(&whole, small, summaryLimits); err != nil {
		t.Fatal(err)
	}
	rowsSize := 0
	for line := range strings.Lines(whole.String()) {
		if strings.HasPrefix(line, "| `r8_") {
			rowsSize += len(line)
		}
	}
	for room, want := range map[int]string{rowsSize: "", rowsSize - 1: "\n1 token more that", 0: "\n7 tokens more that"} {
		cut.Reset()
		if err := markdown(&cut, small, markdownLimits{room, 100_000, 300}); err != nil {
			t.Fatal(err)
		}
		if want == "" && cut.String() != whole.String() || !strings.Contains(cut.String(), want) {
			t.Errorf("with room for %d bytes it lacks %q", room, want)
		}
	}
}

func TestMarkdownTitles(t *testing.T) {
	leak, note := found(file("a", 1)), found(file(".env", 1))
	note.Exposure = result.ExposureIgnored
	for _, tt := range []struct {
		findings []Finding
		complete bool
		want     string
	}{
		{nil, true, "## r8scan: no tokens found\n"},
		{nil, false, "## r8scan: no tokens found, but the scan is incomplete\n"},
		{[]Finding{note}, true, "## r8scan: 1 token found, and nothing urgent to do\n"},
		{[]Finding{note, leak}, true, "## r8scan: 2 tokens found\n"},
	} {
		out := render(t, "markdown", &Document{Run{Complete: tt.complete}, tt.findings}, Options{})
		if !strings.HasPrefix(out, tt.want) || strings.Contains(out, "**Incomplete**") == tt.complete {
			t.Errorf("want %q, got %s", tt.want, out)
		}
	}
}

func TestClip(t *testing.T) {
	for _, tt := range []struct {
		s     string
		limit int
		want  string
	}{{"abc", 3, "abc"}, {"abcd", 3, "…"}, {"abcdef", 5, "ab…"}, {"aéé", 5, "aéé"}, {"aééx", 5, "a…"}, {"abc", 0, "…"}} {
		if got := clip(tt.s, tt.limit); got != tt.want {
			t.Errorf("clip(%q, %d) is %q, want %q", tt.s, tt.limit, got, tt.want)
		}
	}
}
