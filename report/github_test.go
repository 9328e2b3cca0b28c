package report

import (
	"fmt"
	"strings"
	"testing"

	"r8scan/internal/terminal"
	"r8scan/result"
	"r8scan/rules"
)

// annotated is a workflow command as a runner understands it.
type annotated struct {
	level      string
	properties map[string]string
	message    string
}

// parseAnnotations reads lines as the runner does: leading space is skipped,
// the command ends at the second ::, properties at commas.
func parseAnnotations(t *testing.T, out string) []annotated {
	t.Helper()
	var all []annotated
	for line := range strings.Lines(out) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "::")
		head, data, whole := strings.Cut(rest, "::")
		if !ok || !whole || strings.ContainsAny(strings.TrimSuffix(line, "\n"), "\r\x1b") {
			t.Fatalf("not a workflow command: %q", line)
		}
		level, list, _ := strings.Cut(head, " ")
		if level != "error" && level != "warning" && level != "notice" {
			t.Fatalf("another command than an annotation: %q", line)
		}
		a := annotated{level, map[string]string{}, strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%").Replace(data)}
		for pair := range strings.SplitSeq(list, ",") {
			name, value, _ := strings.Cut(pair, "=")
			a.properties[name] = strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%", "%3A", ":", "%2C", ",").Replace(value)
		}
		all = append(all, a)
	}
	return all
}

func annotate(t *testing.T, findings ...Finding) []annotated {
	t.Helper()
	return parseAnnotations(t, render(t, "github", &Document{Run{Complete: true}, findings}, Options{}))
}

func found(l result.Location) Finding {
	return Finding{Rule: rules.APIToken.ID, Token: "r8_Hw***", TokenID: "0123456789abcdef", Confidence: rules.High, Exposure: result.ExposureHistory, Locations: []result.Location{l}}
}

// A line that the repository does not have now must not be pointed at.
func TestGitHubPlaces(t *testing.T) {
	for _, tt := range []struct {
		name string
		at   result.Location
		want string
	}{
		{"file", file("a b/c.py", 3), "a b/c.py:3:9:49"},
		{"index", result.Location{Kind: "index", Path: "c", Line: 1, Column: 2, EndColumn: 3}, "c:1:2:3"},
		{"current blob", result.Location{Kind: "blob", Path: "c", Line: 1, Column: 2, EndColumn: 3, Current: true}, "c:1:2:3"},
		{"member", result.Location{Kind: "file", Path: "a.zip", Member: "x", Line: 7, Column: 2, EndColumn: 3}, "a.zip:::"},
		{"a name that needs escapes", result.Location{Kind: "file", Path: "50%, a:b=c", Line: 1, Column: 2, EndColumn: 3}, "50%, a:b=c:1:2:3"},
		{"old blob", result.Location{Kind: "blob", Path: "c", Line: 1, Column: 2, EndColumn: 3}, ":::"},
		{"commit", result.Location{Kind: "commit", Object: commit("1"), Line: 1}, ":::"},
		{"below .git", file(".git/hooks/pre-push", 1), ":::"},
		{"below another .git", file("sub/.git/hooks/pre-push", 1), ":::"},
		{"a name like .git", file(".github/x", 1), ".github/x:1:9:49"},
		{"config", result.Location{Kind: "config", Path: ".git/config", Line: 1}, ":::"},
		{"standard input", file("", 1), ":::"},
		{"a name that starts a line", file("a\n::error::b", 1), ":::"},
		{"a name that is not UTF-8", file("\xff", 1), ":::"},
	} {
		a := annotate(t, found(tt.at))
		if len(a) != 1 {
			t.Fatalf("%s: %d annotations", tt.name, len(a))
		}
		p := a[0].properties
		got := strings.Join([]string{p["file"], p["line"], p["col"], p["endColumn"]}, ":")
		if got != tt.want || p["title"] != "Replicate API token" {
			t.Errorf("%s: got %q, want %q; title %q", tt.name, got, tt.want, p["title"])
		}
	}
}

// Git's own copy of a message must not hide the file that can be fixed.
func TestGitHubPrefersFiles(t *testing.T) {
	f := found(file(".git/COMMIT_EDITMSG", 1))
	f.Locations = append(f.Locations, file("app.py", 3))
	if got := annotate(t, f); got[0].properties["file"] != "app.py" {
		t.Errorf("%+v", got)
	}
}

// Whatever a repository puts into names, each finding stays one annotation.
func TestGitHubTakesNoCommands(t *testing.T) {
	hostile := "x\n::add-mask::y\r\n::stop-commands::z%0A::error::\x1b[2J##[error]"
	f := found(result.Location{Kind: "blob", Path: hostile, Member: hostile, Object: hostile, Commit: hostile, Encoding: []string{hostile}})
	f.Rule, f.Verification = hostile, Verification{Status: StatusLive, Reason: hostile, Account: &Account{hostile, hostile, hostile}}
	doc := &Document{Run{Coverage: result.Coverage{Unread: []result.Unread{{What: hostile, Reason: hostile}}}}, []Finding{f}}
	got := parseAnnotations(t, render(t, "github", doc, Options{}))
	if len(got) != 2 || got[0].level != "error" || got[1].level != "warning" {
		t.Errorf("%+v", got)
	}
	f = found(result.Location{Kind: "file", Path: strings.Repeat("é", 1<<20), Line: 1})
	if out := render(t, "github", &Document{Run{Complete: true}, []Finding{f}}, Options{}); len(out) > 4<<20 || len(parseAnnotations(t, out)[0].message) > maxAnnotation {
		t.Errorf("%d bytes", len(out))
	}
}

// GitHub drops what is beyond ten of a level, so the tenth counts the rest.
func TestGitHubLimits(t *testing.T) {
	for _, tt := range []struct{ findings, shown, rest int }{{0, 0, 0}, {1, 1, 0}, {10, 10, 0}, {11, 9, 2}, {2000, 9, 1991}} {
		var findings []Finding
		for i := range tt.findings {
			findings = append(findings, found(file(fmt.Sprintf("f%04d", i), 1)))
		}
		got := annotate(t, findings...)
		for i := range tt.shown {
			if got[i].properties["file"] != fmt.Sprintf("f%04d", i) {
				t.Errorf("%d findings: annotation %d is %+v", tt.findings, i, got[i])
			}
		}
		switch {
		case tt.rest == 0:
			if len(got) != tt.shown {
				t.Errorf("%d findings: %d annotations", tt.findings, len(got))
			}
		case len(got) != 10 || !strings.HasPrefix(got[9].message, terminal.Count(int64(tt.rest))+" tokens more"):
			t.Errorf("%d findings: %d annotations, the last %+v", tt.findings, len(got), got[len(got)-1])
		}
	}
	var unread []result.Unread
	for range 50 {
		unread = append(unread, result.Unread{What: "a", Reason: "b"})
	}
	got := parseAnnotations(t, render(t, "github", &Document{Run{Coverage: result.Coverage{Unread: unread}}, nil}, Options{}))
	if len(got) != 1 || got[0].level != "warning" || !strings.HasSuffix(got[0].message, "and 45 things more") {
		t.Errorf("%+v", got)
	}
}
