package report

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"
	"time"
)

// everything are documents in which each format has something to say.
func everything() map[string]*Document {
	odd := fullDocument()
	for i := range odd.Findings {
		for j := range odd.Findings[i].Locations {
			odd.Findings[i].Locations[j].Path = "=HYPERLINK(\"x\")\n<script>&]]>\u202e\xff" + odd.Findings[i].Locations[j].Path
			odd.Findings[i].Locations[j].Member = "-1+1\r@x"
		}
	}
	return map[string]*Document{"full": fullDocument(), "empty": emptyDocument(), "siblings": siblingsDocument(), "odd": odd}
}

// TestCSV reads the lines again: one a place, none with a formula.
func TestCSV(t *testing.T) {
	for name, doc := range everything() {
		lines, err := csv.NewReader(strings.NewReader(render(t, "csv", doc, Options{}))).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		places := 0
		for _, f := range doc.Findings {
			places += len(f.Locations)
		}
		if len(lines) != places+1 {
			t.Errorf("%s: %d lines for %d places", name, len(lines), places)
		}
		for _, line := range lines {
			for _, cell := range line {
				if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r\n") || strings.ContainsAny(cell, "\x1b\r\n\u202e") {
					t.Errorf("%s: a cell is %q", name, cell)
				}
			}
		}
	}
}

// TestJUnit reads the report as a CI service does: the numbers are those of the
// cases, and only a run that found nothing and read everything passes.
func TestJUnit(t *testing.T) {
	for name, doc := range everything() {
		var got junitSuites
		if err := xml.Unmarshal([]byte(render(t, "junit", doc, Options{})), &got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		s, passed := got.Suite, 0
		for _, c := range s.Cases {
			if c.Failure == nil && c.Error == nil && c.Skipped == nil {
				passed++
			}
			if c.Name == "" || c.Class == "" {
				t.Errorf("%s: a case without a name: %+v", name, c)
			}
		}
		clean := len(doc.Findings) == 0 && doc.Complete
		if s.Tests != len(s.Cases) || s.Tests != s.Failures+s.Errors+s.Skipped+passed || (passed > 0) != clean || s.Errors != len(doc.Coverage.Unread) {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// TestGitLab has what the schema of secret detection asks for.
func TestGitLab(t *testing.T) {
	for name, doc := range everything() {
		var got gitlabReport
		text := render(t, "gitlab", doc, Options{})
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, at := range []string{got.Scan.StartTime, got.Scan.EndTime} {
			if _, err := time.Parse("2006-01-02T15:04:05", at); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, tool := range []gitlabTool{got.Scan.Analyzer, got.Scan.Scanner} {
			if tool.ID == "" || tool.Name == "" || tool.Version == "" || tool.Vendor.Name == "" {
				t.Errorf("%s: %+v", name, tool)
			}
		}
		if got.Version != "15.2.1" || got.Scan.Type != "secret_detection" || got.Scan.Status != "success" || got.Vulnerabilities == nil || strings.Contains(text, "raw_source_code_extract") {
			t.Errorf("%s: %+v", name, got.Scan)
		}
		if len(got.Scan.Messages) != len(doc.Coverage.Unread) {
			t.Errorf("%s: %d messages", name, len(got.Scan.Messages))
		}
		ids := map[string]bool{}
		for _, v := range got.Vulnerabilities {
			if ids[v.ID] && name != "siblings" || // which has places twice
				len(v.Identifiers) == 0 || v.Identifiers[0].Value == "" || len(v.Location.Commit.SHA) < 7 || v.Severity == "" {
				t.Errorf("%s: %+v", name, v)
			}
			ids[v.ID] = true
		}
	}
}

// TestCodeQuality has what GitLab shows in a merge request: a path, a line from 1
// on, and a fingerprint of its own.
func TestCodeQuality(t *testing.T) {
	for name, doc := range everything() {
		var got []qualityIssue
		if err := json.Unmarshal([]byte(render(t, "codequality", doc, Options{})), &got); err != nil || got == nil {
			t.Fatalf("%s: %v", name, err)
		}
		seen := map[string]bool{}
		for _, i := range got {
			if seen[i.Fingerprint] && name != "siblings" || i.Location.Path == "" || i.Location.Lines.Begin < 1 || i.CheckName == "" || i.Description == "" {
				t.Errorf("%s: %+v", name, i)
			}
			seen[i.Fingerprint] = true
		}
	}
}

// TestFormatOf chooses a format by the name of a file.
func TestFormatOf(t *testing.T) {
	for path, want := range map[string]string{"": "text", "-": "text", "a.txt": "text", "a.json": "json", "dir.json/a": "text", "A.SARIF": "sarif",
		"a.sarif.json": "sarif", "x/gl-secret-detection-report.json": "gitlab", "gl-code-quality-report.json": "codequality", "a.md": "markdown",
		"a.csv": "csv", "a.xml": "junit", "a.jsonl": "jsonl"} {
		got := formatOf(path)
		if _, err := ByName(got); err != nil || got != want {
			t.Errorf("%q: %s, want %s (%v)", path, got, want, err)
		}
	}
}
