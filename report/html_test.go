package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"r8scan/internal/door"
	"r8scan/result"
)

// readHTML returns the texts and the values of attributes of a page that runs
// nothing and loads nothing.
func readHTML(t *testing.T, report string) (texts []string) {
	t.Helper()
	inStyle := false
	for z := html.NewTokenizer(strings.NewReader(report)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			if z.Err() != io.EOF {
				t.Fatal(z.Err())
			}
			return texts
		}
		tok := z.Token()
		switch kind {
		case html.TextToken:
			if inStyle {
				continue
			}
			if text := strings.TrimSpace(tok.Data); text != "" {
				texts = append(texts, text)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			inStyle = tok.Data == "style"
			if strings.Contains(" script iframe object embed base form img audio video ", " "+tok.Data+" ") {
				t.Errorf("html: there is a <%s>", tok.Data)
			}
			for _, a := range tok.Attr {
				texts = append(texts, a.Val)
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" || a.Key == "srcset" {
					t.Errorf("html: there is an attribute %s", a.Key)
				}
				if a.Key == "href" && !strings.HasPrefix(a.Val, "#") && !strings.HasPrefix(a.Val, "https://") && a.Val != "data:," {
					t.Errorf("html: there is a link to %q", a.Val)
				}
			}
		case html.EndTagToken:
			inStyle = false
		case html.CommentToken:
			t.Errorf("html: there is a comment %q", tok.Data)
		}
	}
}

// throughDoor is what a command writes of a report.
func throughDoor(t *testing.T, report string) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := io.WriteString(door.NewWriter(&b), report); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestHTMLPolicy: the policy of the page forbids everything but its own stylesheet,
// whose hash is that of what arrives.
func TestHTMLPolicy(t *testing.T) {
	text := throughDoor(t, render(t, "html", fullDocument(), Options{}))
	_, rest, _ := strings.Cut(text, "<style>")
	style, _, found := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; img-src data:; form-action 'none'; base-uri 'none'"
	if !found || !strings.Contains(html.UnescapeString(text), `<meta http-equiv="Content-Security-Policy" content="`+want+`">`) {
		t.Errorf("the policy is not %s", want)
	}
}

// TestHTMLSaysAll: the page has what the one who must act needs: the steps, each
// token with its owner, all of its places, what became of it, and what was not read.
func TestHTMLSaysAll(t *testing.T) {
	doc := fullDocument()
	doc.Findings[0].Verification = Verification{Status: StatusLive, Account: &Account{"organization", "acme", "Acme"}}
	texts := strings.Join(readHTML(t, render(t, "html", doc, Options{})), "\n")
	for _, want := range []string{
		"1 token to disable now", "First committed over 90 days ago", "organization acme (Acme)", "not known: Replicate was not asked",
		"Came in on 2023-04-05 as src/old.py", "Moved or copied on 2023-06-07 to src/v0.py", "Went out on 2022-02-03", "Still in the files at HEAD",
		"Still reachable: in main,", "v2", "bad zlib header", "One bar a month. ", "r8_Kq***", "1,200", "by .r8scan.yaml",
	} {
		if !strings.Contains(texts, want) {
			t.Errorf("the page does not say %q:\n%s", want, texts)
		}
	}
	for _, f := range doc.Findings {
		for _, l := range f.Locations {
			if !strings.Contains(texts, place(l)) {
				t.Errorf("the page does not have %s", place(l))
			}
		}
	}
}

// TestHTMLEmpty: a page never says clean of what was not read.
func TestHTMLEmpty(t *testing.T) {
	for complete, want := range map[bool]string{true: "No tokens found.", false: "No tokens found, but the scan is incomplete."} {
		doc := &Document{Run: Run{Complete: complete}}
		if !complete {
			doc.Coverage.Unread = []result.Unread{{What: "x", Reason: "y"}}
		}
		texts := readHTML(t, render(t, "html", doc, Options{}))
		if !strings.Contains(strings.Join(texts, "\n"), want) {
			t.Errorf("complete %v: %q", complete, texts)
		}
	}
}

// TestHTMLFilters: each choice has a rule in the stylesheet, and each token the
// class that it names.
func TestHTMLFilters(t *testing.T) {
	doc := manyFindings(100)
	for i := range doc.Findings {
		if doc.Findings[i].Verification.Status == StatusLive {
			doc.Findings[i].Verification.Account = &Account{"user", fmt.Sprintf("u%d", i/4%12), ""}
		}
	}
	text := render(t, "html", doc, Options{})
	choices := 0
	for _, f := range filtersOf(doc.Findings) {
		for _, c := range f.Choices {
			choices++
			if !strings.Contains(text, `id="`+c.ID+`"`) {
				t.Errorf("there is no choice %s", c.ID)
			}
			if c.ID != "f-all" && !strings.Contains(text, "#"+c.ID+":") {
				t.Errorf("the stylesheet has no rule for %s", c.ID)
			}
		}
	}
	if choices < 4+3+10 {
		t.Errorf("%d choices", choices)
	}
	for _, class := range []string{" o1", "s-live e-history", "s-unchecked", "e-ignored", " o9"} {
		if !strings.Contains(text, class) {
			t.Errorf("no token has the class %q", class)
		}
	}
}

// TestHTMLAxis: a wrong date in a commit does not squeeze the drawings.
func TestHTMLAxis(t *testing.T) {
	event := func(at string) *result.Event { return &result.Event{Commit: commit("1"), Date: day(at)} }
	f := found(file("a", 1))
	f.History = &result.History{Introduced: event("1970-01-01T00:00:00Z"), Removed: event("9000-01-01T00:00:00Z")}
	g := found(file("b", 1))
	g.History = &result.History{Introduced: event("2024-01-01T00:00:00Z"), AtHead: true}
	doc := &Document{Run{StartedAt: day("2024-12-31T00:00:00Z")}, []Finding{f, g}}
	a := axisOf(doc)
	if !a.from.Equal(day("2024-01-01T00:00:00Z")) || a.at(day("2024-07-01T12:00:00Z")) != "50.0%" || a.at(time.Time{}) != "0.0%" {
		t.Errorf("the axis is from %s to %s", a.from, a.to)
	}
	l := lifeOf(doc, f, a)
	if fmt.Sprint(l.Lines) != "[{head from-in to-out 0.0% 100.0%}]" {
		t.Errorf("%+v", l.Lines)
	}
	if line := timelineOf(doc, a); line.Period != "month" || len(line.Rows) != 2 || line.Rows[0].In != 2 || line.Rows[1].Out != 1 {
		t.Errorf("%+v", line)
	}
}
