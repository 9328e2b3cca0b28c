package report

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"r8scan/result"
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
	return map[string]*Document{"full": fullDocument(), "empty": emptyDocument(), "siblings": siblingsDocument(), "many": manyDocument(), "odd": odd}
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

// documents are those that schemas are tried on: everything, and hostile names.
func documents() map[string]*Document {
	docs := everything()
	for i, name := range hostileNames {
		docs[fmt.Sprint("hostile ", i)] = hostileDocument(name)
	}
	docs["of a saved result"] = &Document{Run{Tool: Tool{Name: "x"}, NotListed: map[Status]int{StatusUnknown: 2}}, []Finding{found(file("a", 0))}}
	return docs
}

// TestGitLab holds the report to GitLab's schema of secret detection, and counts
// what is in it.
func TestGitLab(t *testing.T) {
	validate := schemaValidator(t, "gitlab.schema.json")
	for name, doc := range documents() {
		text := render(t, "gitlab", doc, Options{})
		if err := validate(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got gitlabReport
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(got.Scan.Messages) != len(doc.Coverage.Unread)+min(1, len(doc.NotListed)) {
			t.Errorf("%s: %d messages", name, len(got.Scan.Messages))
		}
		ids, places := map[string]bool{}, 0
		for _, f := range doc.Findings {
			places += len(f.Locations)
		}
		for _, v := range got.Vulnerabilities {
			ids[v.ID] = true
		}
		if len(got.Vulnerabilities) != places || len(ids) != places && name != "siblings" { // which has places twice
			t.Errorf("%s: %d vulnerabilities, %d ids, %d places", name, len(got.Vulnerabilities), len(ids), places)
		}
	}
	if err := validate(strings.Replace(render(t, "gitlab", fullDocument(), Options{}), "secret_detection", "sast", 1)); err == nil {
		t.Error("the schema accepts anything")
	}
}

// TestCodeQuality has what GitLab shows in a merge request: a path, a line from 1
// on, and a fingerprint of its own.
func TestCodeQuality(t *testing.T) {
	validate := schemaValidator(t, "codequality.schema.json")
	for name, doc := range documents() {
		text := render(t, "codequality", doc, Options{})
		if err := validate(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got []qualityIssue
		if err := json.Unmarshal([]byte(text), &got); err != nil || got == nil {
			t.Fatalf("%s: %v", name, err)
		}
		seen := map[string]bool{}
		for _, i := range got {
			if seen[i.Fingerprint] && name != "siblings" {
				t.Errorf("%s: %+v", name, i)
			}
			seen[i.Fingerprint] = true
		}
	}
}

// TestGitLabPlaces: what is in no file of the repository is shown at the anchor,
// without a line.
func TestGitLabPlaces(t *testing.T) {
	member := file("a.zip", 3)
	member.Member = "x"
	for _, tt := range []struct {
		at     result.Location
		anchor string
		want   string // GitLab's file:line, and code quality's
	}{
		{file("a", 3), "README", "a:3 a:3"},
		{member, "README", "a.zip:0 a.zip:1"},
		{result.Location{Kind: "commit", Line: 3}, "README", "README:0 README:1"},
		{result.Location{Kind: "commit", Line: 3}, "", ":0"},
		{file(".git/COMMIT_EDITMSG", 3), "README", "README:0 README:1"},
		{file(".git/COMMIT_EDITMSG", 3), "", ":0 .git/COMMIT_EDITMSG:3"},
	} {
		doc := &Document{Run{Target: result.Target{Anchor: tt.anchor}}, []Finding{found(tt.at)}}
		var lab gitlabReport
		if err := json.Unmarshal([]byte(render(t, "gitlab", doc, Options{})), &lab); err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(lab.Vulnerabilities[0].Location.File, ":", lab.Vulnerabilities[0].Location.StartLine)
		var quality []qualityIssue
		if err := json.Unmarshal([]byte(render(t, "codequality", doc, Options{})), &quality); err != nil {
			t.Fatal(err)
		}
		for _, i := range quality {
			got += fmt.Sprint(" ", i.Location.Path, ":", i.Location.Lines.Begin)
		}
		if got != tt.want {
			t.Errorf("%+v, %q: %s, want %s", tt.at, tt.anchor, got, tt.want)
		}
	}
}

func TestCodeSpan(t *testing.T) {
	for s, want := range map[string]string{"a": "`a`", "a`b": "`` a`b ``", "``": "``` `` ```", "": "`  `", "](x)<b>@c": "`](x)<b>@c`"} {
		if got := codeSpan(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

// TestHarmless: no cell is a formula.
func TestHarmless(t *testing.T) {
	for cell, want := range map[string]string{"": "", "a=1": "a=1", "=1": "'=1", "+1": "'+1", "-1": "'-1", "@x": "'@x", " =1": "' =1", "\u3000＝1": "\\u3000＝1",
		"＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠x": "'＠x", "'=1": "''=1", "\t=1": `\x09=1`, "\r=1": `\x0d=1`} {
		if got := harmless(cell); got != want {
			t.Errorf("%q: %q, want %q", cell, got, want)
		}
	}
}

// TestFormatOf chooses a format by the name of a file.
func TestFormatOf(t *testing.T) {
	for path, want := range map[string]string{"": "text", "-": "text", "a.txt": "text", "a.json": "json", "dir.json/a": "text", "A.SARIF": "sarif",
		"a.sarif.json": "sarif", "x/gl-secret-detection-report.json": "gitlab", "gl-code-quality-report.json": "codequality", "a.md": "markdown", "a.html": "html", "A.HTM": "html",
		"a.csv": "csv", "a.xml": "junit", "a.jsonl": "jsonl"} {
		got := formatOf(path)
		if _, err := ByName(got); err != nil || got != want {
			t.Errorf("%q: %s, want %s (%v)", path, got, want, err)
		}
	}
}
