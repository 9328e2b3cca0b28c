package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"r8scan/internal/door"
	"r8scan/result"
	"r8scan/rules"
)

// hostileNames are what a repository may call its files, and what it may write
// into authors, refs and messages. HOSTILE shows that a test looks at the right text.
var hostileNames = []string{
	"a b HOSTILE", "50% %0A %s HOSTILE", "HOSTILE\n::error::x", "HOSTILE\r\n::set-output name=x::y", "<script>HOSTILE</script>", "=HOSTILE()", "+HOSTILE", "-HOSTILE", "@HOSTILE",
	"\tHOSTILE", "＝HOSTILE()", "\u202eHOSTILE\u2066", "\xffHOSTILE\xc3", "HOSTILE](https://example.com)", "`HOSTILE``", "::set-output name=x::HOSTILE", "HOSTILE\x00b", "\x1b]0;HOSTILE\a",
	"]]>HOSTILE<!--&", `"HOSTILE";'x'`, `HOSTILE\`, "HOSTILE|x", "##[error]HOSTILE", "HOSTILE\u2028\u0085::x", "HOSTILE," + strings.Repeat("x", 5000), "../../HOSTILE", "c:\\HOSTILE", " HOSTILE ",
}

// hostileDocument has name wherever text of a repository or a server goes.
func hostileDocument(name string) *Document {
	f := found(result.Location{Path: name, Kind: "file", Line: 3, Column: 4, EndColumn: 44})
	f.Token, f.Verification = fakeSecret(0).Mask(), Verification{Status: StatusUnknown, Reason: name, Account: &Account{name, name, name}}
	for _, kind := range []string{result.KindBlob, result.KindCommit, result.KindTag, result.KindTree, result.KindIndex, result.KindRef, result.KindReflog, result.KindConfig, result.KindLayer, result.KindImage} {
		f.Locations = append(f.Locations, result.Location{Path: name, Member: name, Header: name, Encoding: []string{name}, Kind: kind, Object: commit("1"), Commit: commit("2"), Committed: day("2024-02-02T03:04:05Z"), Line: 1, Column: 1, EndColumn: 2})
	}
	event := &result.Event{Commit: commit("3"), Date: day("2024-01-02T03:04:05Z"), Author: name, Path: name}
	f.History = &result.History{Introduced: event, Removed: event, Refs: []string{name, "refs/remotes/" + name}}
	other := f
	other.TokenID, other.Exposure = "fedcba9876543210", result.ExposureIgnored
	target := result.Target{Kind: "repository", Path: name, Branch: name, Anchor: "README.md", Remote: "https://github.com/a/b"}
	return &Document{Run{Schema: Schema, Tool: Tool{Name: "r8scan", Version: name, Commit: name}, Target: target, StartedAt: day("2024-05-06T07:08:09Z"),
		Coverage: result.Coverage{Files: 1, Commits: 1, Unread: []result.Unread{{What: name, Reason: name}}},
		LeftOut:  map[string]int{},
		Allowed:  []result.Allowed{{TokenID: "0123456789abcdef", Rule: rules.APIToken.ID, By: name, Reason: name, Locations: f.Locations}}},
		[]Finding{f, other}}
}

// formatReaders read a report of each format as its users do, and return the texts
// that are in it.
var formatReaders = map[string]func(t *testing.T, report string) []string{
	"text":        readLines,
	"json":        readJSON,
	"jsonl":       readJSON,
	"sarif":       readJSON,
	"gitlab":      readJSON,
	"codequality": readJSON,
	"markdown": func(t *testing.T, report string) []string {
		return readLines(t, codeSpans.ReplaceAllString(report, "")) // within them nothing is markup
	},
	"html": readHTML,
	"github": func(t *testing.T, report string) (texts []string) {
		for _, a := range parseAnnotations(t, report) {
			texts = append(texts, a.message, a.properties["title"], a.properties["file"])
		}
		return texts
	},
	"csv": func(t *testing.T, report string) (texts []string) {
		rows, err := csv.NewReader(strings.NewReader(report)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if len(row) != len(csvHead) {
				t.Errorf("a row of %d cells", len(row))
			}
			texts = append(texts, row...)
		}
		return texts
	},
	"junit": func(t *testing.T, report string) (texts []string) {
		dec := xml.NewDecoder(strings.NewReader(report))
		for {
			tok, err := dec.Token()
			switch {
			case err == io.EOF:
				return texts
			case err != nil:
				t.Fatal(err)
			}
			switch tok := tok.(type) {
			case xml.StartElement:
				for _, a := range tok.Attr {
					texts = append(texts, a.Value)
				}
			case xml.CharData:
				texts = append(texts, strings.Split(string(tok), "\n")...)
			case xml.Comment, xml.Directive:
				t.Errorf("there is %v", tok)
			}
		}
	},
}

func readLines(_ *testing.T, report string) []string { return strings.Split(report, "\n") }

// readJSON returns the strings in JSON values behind each other.
func readJSON(t *testing.T, report string) (texts []string) {
	dec := json.NewDecoder(strings.NewReader(report))
	for {
		tok, err := dec.Token()
		switch text, isText := tok.(string); {
		case err == io.EOF:
			return texts
		case err != nil:
			t.Fatal(err)
		case isText:
			texts = append(texts, text)
		}
	}
}

// TestHostileNames gives every format names that would break out of it. Each
// report can be read as its format, and has as much in it as one with a plain name.
func TestHostileNames(t *testing.T) {
	for _, format := range Formats() {
		read := formatReaders[format]
		if read == nil {
			t.Fatalf("%s has no reader here", format)
		}
		plain := len(read(t, render(t, format, hostileDocument("HOSTILE"), Options{})))
		for _, name := range hostileNames {
			report := render(t, format, hostileDocument(name), Options{})
			if format != "github" { // as the command writes it
				var b bytes.Buffer
				if _, err := io.WriteString(door.NewWriter(&b), report); err != nil {
					t.Fatal(err)
				}
				report = b.String()
			}
			texts := read(t, report)
			if format != "text" && format != "markdown" && len(texts) != plain { // those wrap lines
				t.Errorf("%s, %q: %d texts, %d with a plain name", format, name, len(texts), plain)
			}
			if n := strings.Count(report, "HOSTILE"); n == 0 {
				t.Errorf("%s, %q: the name is not shown", format, name)
			}
			checkHostile(t, format, name, report, texts)
		}
	}
}

// checkHostile looks for what no report of a format may have.
func checkHostile(t *testing.T, format, name, report string, texts []string) {
	t.Helper()
	if bad := strings.IndexFunc(report, func(r rune) bool {
		return r < ' ' && r != '\n' || r == 0x7f || strings.ContainsRune("\ufffd\u0085\u2028\u202e\u2066", r)
	}); bad >= 0 {
		t.Errorf("%s: there is a control: %q", format, report[max(0, bad-20):bad+4])
	}
	for _, text := range texts {
		start := strings.TrimSpace(text)
		switch {
		case format == "csv" && start != "" && strings.ContainsAny(start[:1], "=+-@"), format == "csv" && strings.HasPrefix(start, "＝"):
			t.Errorf("csv: a cell is a formula: %q", text)
		case format == "sarif" && text != name && strings.Contains(text, "](http"): // the branch's name is in no message
			t.Errorf("sarif: there is a link: %q", text)
		case format == "text" && (strings.HasPrefix(start, "::") || strings.HasPrefix(start, "##[")):
			t.Errorf("%s: a line is an order: %q", format, text)
		case format == "markdown" && (strings.ContainsAny(text, "<`") || strings.Contains(text, "](http://example") || strings.Contains(text, "HOSTILE")):
			t.Errorf("markdown: there is markup: %q", text)
		}
	}
}

// TestSavedAndDirect: a report of a saved result has the bytes of the report that
// the scan itself would have given, whatever is in it.
func TestSavedAndDirect(t *testing.T) {
	docs := everything()
	for i, name := range hostileNames {
		docs[fmt.Sprint("hostile ", i)] = hostileDocument(name)
	}
	live := fullDocument()
	live.Findings[0].Verification = Verification{Status: StatusLive, CheckedAt: live.StartedAt, Account: &Account{"user", "ann", "Ann \xff"}}
	live.Asked = &Asked{Host: "api.example.com", Live: 1, Sent: 1, Handling: "x"}
	live.keepLive()
	docs["live ones only"] = live
	for name, doc := range docs {
		saved, err := Read(strings.NewReader(render(t, "json", doc, Options{})))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, format := range Formats() {
			for _, opts := range []Options{{}, {Verbose: true, Color: true}} {
				direct, again := render(t, format, doc, opts), render(t, format, saved, opts)
				if at := differ(direct, again); at >= 0 {
					t.Errorf("%s, %s: direct it is %q, and of the saved result %q", name, format, cutFrom(direct, at), cutFrom(again, at))
				}
			}
		}
	}
}

// differ returns where two texts differ first, -1 if they do not.
func differ(a, b string) int {
	if a == b {
		return -1
	}
	at := 0
	for at < min(len(a), len(b)) && a[at] == b[at] {
		at++
	}
	return at
}

// cutFrom is some bytes of s before and after at.
func cutFrom(s string, at int) string { return s[max(0, at-40):min(len(s), at+40)] }

// TestManyFindings: ten times the findings take about ten times the work, counted
// in bytes of memory and not in time, which other programs share.
func TestManyFindings(t *testing.T) {
	if testing.Short() {
		t.Skip("it makes 10,000 findings")
	}
	many := manyFindings(10_000)
	for _, format := range Formats() {
		write, err := ByName(format)
		if err != nil {
			t.Fatal(err)
		}
		work := func(findings []Finding) uint64 {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if err := write(io.Discard, &Document{many.Run, findings}, Options{Verbose: true}); err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		few, all := work(many.Findings[:1000]), work(many.Findings)
		if all > 15*few {
			t.Errorf("%s: %d bytes for 1,000 findings and %d for 10,000", format, few, all)
		}
	}
}

// manyFindings has n findings of all kinds, in many files and commits.
func manyFindings(n int) *Document {
	doc := New(result.Result{Target: result.Target{Kind: "repository", Path: ".", Anchor: "README.md"}, Coverage: result.Coverage{Files: 9, Commits: 9}},
		Tool{Name: "r8scan", Version: "v1.2.3"}, day("2024-05-06T07:08:09Z"), time.Second)
	for i := range n {
		f := fullDocument().Findings[i%7]
		f.TokenID = fmt.Sprintf("%016x", i)
		for j := range f.Locations {
			if l := &f.Locations[j]; l.Path != "" {
				l.Path = fmt.Sprintf("d%d/%s", i, l.Path)
			}
			f.Locations[j].Commit = fmt.Sprintf("%040x", i*8+j)
		}
		f.Verification.Status = statuses[i%len(statuses)]
		doc.Findings = append(doc.Findings, f)
	}
	return doc
}
