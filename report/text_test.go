package report

import (
	"bytes"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"r8scan/internal/terminal"
	"r8scan/result"
	"r8scan/rules"
	"r8scan/scanner"
)

// Whatever string of a result is hostile, the text stays harmless.
func TestTextIsSafeForATerminal(t *testing.T) {
	bad := "x\x1b]8;;http://evil\a\u202e\xff\u009b\ny"
	event := &result.Event{Commit: bad, Author: bad, Path: bad}
	finding := Finding{
		Rule: bad, Token: bad, TokenID: bad, Exposure: scanner.Exposure(bad),
		Verification: Verification{Status: Status(bad), Reason: bad, Account: &Account{bad, bad, bad}},
		Locations: []result.Location{
			{Path: bad, Member: bad, Encoding: []string{bad}, Object: bad, Kind: bad, Commit: bad + "2", Line: 1, Column: 1},
			{Object: bad, Kind: bad},
			{Path: bad, Kind: result.KindFile},
		},
		History: &result.History{Introduced: event, Removed: event, Reachable: true, Refs: []string{bad}},
	}
	doc := &Document{
		Run:      Run{Coverage: result.Coverage{Unread: []result.Unread{{What: bad, Reason: bad}}}},
		Findings: []Finding{finding},
	}
	opts := Options{Verbose: true}
	var b bytes.Buffer
	if err := Summary(&b, doc, opts); err != nil {
		t.Fatal(err)
	}
	out := render(t, "text", doc, opts) + b.String()
	if got := terminal.Safe(strings.ReplaceAll(out, "\n", "")); got != strings.ReplaceAll(out, "\n", "") {
		t.Errorf("not safe: %s", got)
	}
	if strings.Contains(out, "\ny") {
		t.Error("a line break came through")
	}

	// With links, the only escape sequences are our own four for each.
	opts.Links, opts.Root = true, t.TempDir()
	out = render(t, "text", doc, opts)
	if n := strings.Count(out, "\x1b"); n != 4 {
		t.Errorf("%d escape characters for one link, want 4: %q", n, out)
	}
}

func TestTextShortensLists(t *testing.T) {
	f := fullDocument().Findings[0]
	f.Locations = make([]result.Location, 1002)
	for i := range f.Locations {
		f.Locations[i] = file(fmt.Sprintf("f%d", i), i+1)
	}
	doc := &Document{Findings: []Finding{f}}
	short := render(t, "text", doc, Options{})
	for want, there := range map[string]bool{
		"    f2:3:9\n": true, "    f3:4:9\n": false, "    and 999 more places (-v lists them)\n": true,
		", \\x1b]0;x\\x07 and 5 more refs\n": true, "v1": false,
	} {
		if strings.Contains(short, want) != there {
			t.Errorf("%q: want %v in\n%s", want, there, short)
		}
	}
	long := render(t, "text", doc, Options{Verbose: true})
	for want, there := range map[string]bool{
		"    f1001:1002:9\n": true, " more": false, "refs/tags/v1, refs/tags/v2\n": true,
	} {
		if strings.Contains(long, want) != there {
			t.Errorf("verbose, %q: want %v", want, there)
		}
	}
}

func TestTextLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the paths here are Unix paths")
	}
	at := func(kind, path string) string {
		w := textWriter{opts: Options{Links: true, Root: "/home/a b"}}
		w.spot(Finding{Verification: Verification{Status: StatusRevoked}}, spot{at: result.Location{Kind: kind, Path: path, Line: 1, Column: 2}})
		return w.String()
	}
	for _, tt := range []struct{ kind, path, want string }{
		{result.KindFile, "x/é;.py", "    \x1b]8;;file:///home/a%20b/x/%C3%A9;.py#L1,2\x1b\\x/é;.py:1:2\x1b]8;;\x1b\\\n"},
		{result.KindFile, "/tmp/x", "    \x1b]8;;file:///tmp/x#L1,2\x1b\\/tmp/x:1:2\x1b]8;;\x1b\\\n"},
		{result.KindBlob, "x.py", "    x.py:1:2 (blob)\n"}, // need not exist any more
		{result.KindFile, "", "    stdin:1:2\n"},
	} {
		if got := at(tt.kind, tt.path); got != tt.want {
			t.Errorf("%s %q: got %q, want %q", tt.kind, tt.path, got, tt.want)
		}
	}
	if got := fileURL("", "x"); got != "" {
		t.Errorf("without a root the link is %q", got)
	}
	if got := fileURL(filepath.FromSlash("/r"), "../x"); got != "file:///x" {
		t.Errorf("got %q", got)
	}
}

func TestTextColor(t *testing.T) {
	doc := fullDocument()
	plain := render(t, "text", doc, Options{})
	if strings.Contains(plain, "\x1b") {
		t.Error("colors without Color")
	}
	colored := render(t, "text", doc, Options{Color: true})
	for _, want := range []string{"\x1b[33mCommitted, on no remote branch: take out before it is pushed (2 tokens)\x1b[0m", "\x1b[2mOnly in files that git ignores", "\x1b[33mNot in git", "\x1b[1m" + doc.Findings[0].Token} {
		if !strings.Contains(colored, want) {
			t.Errorf("no %q", want)
		}
	}
	for _, code := range []string{"0", "1", "2", "31", "33"} {
		colored = strings.ReplaceAll(colored, "\x1b["+code+"m", "")
	}
	if colored != plain {
		t.Error("Color changes more than colors")
	}
}

// TestKnownOf shows beside a token what its group's title does not say.
func TestKnownOf(t *testing.T) {
	api := Finding{Rule: rules.APIToken.ID, Confidence: rules.High}
	for _, tt := range []struct {
		change func(f *Finding)
		want   string
	}{
		{func(*Finding) {}, ""},
		{func(f *Finding) { f.Rule = rules.WebhookSecret.ID }, rules.WebhookSecret.Title},
		{func(f *Finding) { f.Rule = "of-a-newer-version" }, "of-a-newer-version"},
		{func(f *Finding) { f.Confidence = rules.Medium }, "confidence medium"},
		{func(f *Finding) {
			f.Verification = Verification{Status: StatusLive, Account: &Account{"user", "ada", "Ada L."}}
		}, "user ada (Ada L.)"},
		{func(f *Finding) {
			f.Verification = Verification{Status: StatusLive, Account: &Account{"organization", "acme", ""}, Reason: "billing required"}
		}, "organization acme, billing required"},
		{func(f *Finding) { f.Verification = Verification{Status: StatusUnknown, Reason: "throttled\x1b"} }, `throttled\x1b`},
	} {
		f := api
		tt.change(&f)
		if got := strings.Join(knownOf(f), ", "); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestSummary(t *testing.T) {
	unread := func(n int) []result.Unread {
		u := make([]result.Unread, n)
		for i := range u {
			u[i] = result.Unread{What: fmt.Sprintf("f%d", i), Reason: "gone"}
		}
		return u
	}
	found := fullDocument().Findings
	for _, tt := range []struct {
		name     string
		findings []Finding
		coverage result.Coverage
		ms       int64
		verbose  bool
		want     string
	}{
		{"nothing", nil, result.Coverage{Files: 1, Bytes: 1}, 59_940, false,
			"no tokens found; read 1 file, 1 byte in 59.9s\n"},
		{"nothing, but incomplete", nil, result.Coverage{Unread: unread(1)}, 0, false,
			"no tokens found, but the scan is incomplete; read 0 bytes in 0s\nincomplete: 1 thing was not read:\n  f0: gone\n"},
		{"two", found[1:3], result.Coverage{Objects: 54988, Files: 1203, Bytes: 512e6}, 1234, false,
			"2 tokens in 7 places; read 54,988 objects, 1,203 files, 512 MB in 1.2s\n"},
		{"one ignored", found[5:6], result.Coverage{Bytes: 999_700}, 123_400, false,
			"1 token in 1 place (1 only in files that git ignores); read 1.0 MB in 2m3s\n"},
		{"many unread", nil, result.Coverage{Unread: unread(1005)}, 1, false,
			"no tokens found, but the scan is incomplete; read 0 bytes in 1ms\nincomplete: 1,005 things were not read:\n" +
				"  f0: gone\n  f1: gone\n  f2: gone\n  f3: gone\n  f4: gone\n  and 1,000 more (see -v or -f json)\n"},
		{"all unread", nil, result.Coverage{Unread: unread(6)}, 1, true,
			"no tokens found, but the scan is incomplete; read 0 bytes in 1ms\nincomplete: 6 things were not read:\n" +
				"  f0: gone\n  f1: gone\n  f2: gone\n  f3: gone\n  f4: gone\n  f5: gone\n"},
	} {
		doc := &Document{Run{DurationMS: tt.ms, Coverage: tt.coverage, Complete: tt.coverage.Complete()}, tt.findings}
		var b bytes.Buffer
		if err := Summary(&b, doc, Options{Verbose: tt.verbose}); err != nil {
			t.Fatal(err)
		}
		if b.String() != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, b.String(), tt.want)
		}
	}
}

func TestUnits(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", 123456: "123,456", 1234567: "1,234,567",
	} {
		if got := terminal.Count(n); got != want {
			t.Errorf("Count(%d) = %s, want %s", n, got, want)
		}
	}
	for n, want := range map[int64]string{
		999: "999 bytes", 1000: "1.0 kB", 9940: "9.9 kB", 9960: "10 kB", 999_499: "999 kB", 999_500: "1.0 MB",
		14_000_000_000: "14 GB", 5_000_000_000_000_000: "5000 TB",
	} {
		if got := size(n); got != want {
			t.Errorf("size(%d) = %s, want %s", n, got, want)
		}
	}
	for ms, want := range map[int64]string{0: "0s", 240: "240ms", 1234: "1.2s", 59_999: "1m0s", 3_600_000: "1h0m0s"} {
		if got := duration(ms); got != want {
			t.Errorf("duration(%d) = %s, want %s", ms, got, want)
		}
	}
}

// TestTextOfMany: thousands of findings begin with what to do, and have a line
// each.
func TestTextOfMany(t *testing.T) {
	doc := fullDocument()
	f := doc.Findings[0]
	doc.Findings = nil
	for i := range 3000 {
		f.TokenID = fmt.Sprintf("%016x", i)
		f.Verification.Status = []Status{StatusLive, StatusUnknown, StatusRevoked}[i%3]
		doc.Findings = append(doc.Findings, f)
	}
	out := render(t, "text", doc, Options{})
	if n := strings.Count(out, "\n"); n > 4000 {
		t.Errorf("%d lines", n)
	}
	if want := "1,000 tokens to disable now: live, and others may have copies; 1,000 tokens to\n"; !strings.HasPrefix(out, want) {
		t.Errorf("it begins with %q", out[:100])
	}
	for _, f := range doc.Findings {
		if !strings.Contains(out, f.TokenID) {
			t.Fatalf("%s is not listed", f.TokenID)
		}
	}
}

// TestTextWidth wraps what is ours at words, for any width.
func TestTextWidth(t *testing.T) {
	doc := fullDocument()
	long := map[int]int{}
	for _, width := range []int{1, 20, 40, 80, 200} {
		out := render(t, "text", doc, Options{Width: width})
		for line := range strings.Lines(out) {
			if columns(strings.TrimSuffix(line, "\n")) > width {
				long[width]++
			}
		}
		if got, want := strings.Fields(out), strings.Fields(render(t, "text", doc, Options{Width: 80})); width > 40 && len(got) != len(want) {
			t.Errorf("%d columns: %d words, want %d", width, len(got), len(want))
		}
	}
	if long[200] > 0 || long[80] > 4 { // commands and places are not broken
		t.Errorf("lines that are too long, by width: %v", long)
	}
}

// TestTextCode shows the line of code below its place, harmless and masked.
func TestTextCode(t *testing.T) {
	doc := fullDocument()
	code := func(at result.Location, columns int) string {
		if at.Path != "src/app.py" || columns != 74 {
			return ""
		}
		return "key = '" + fakeSecret(0).Reveal() + "' \x1b[2J"
	}
	out := render(t, "text", doc, Options{Code: code})
	if want := "    src/app.py:12:9\n      key = '" + fakeSecret(0).Mask() + "' \\x1b[2J\n"; !strings.Contains(out, want) {
		t.Errorf("no %q in\n%s", want, out)
	}
}

// TestTextPermalink: the page of a line is named in a pipe and on a terminal, where
// a place in an old commit has no other link.
func TestTextPermalink(t *testing.T) {
	doc := fullDocument()
	doc.Target.Remote = "https://github.com/acme/cats"
	for i := range doc.Findings {
		if h := doc.Findings[i].History; h != nil {
			h.Refs = append(h.Refs, "refs/remotes/origin/main")
		}
	}
	for _, opts := range []Options{{}, {Color: true, Links: true, Root: "/home/ada", Width: 120}} {
		out := render(t, "text", doc, opts)
		if want := "\n      https://github.com/acme/cats/blob/" + commit("c") + "/dist/a.whl\n"; !strings.Contains(out, want) {
			t.Errorf("links %v: no %q in\n%s", opts.Links, want, out)
		}
	}
}
