package report

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"r8scan/internal/page"
	"r8scan/result"
	"r8scan/rules"
)

var update = flag.Bool("update", false, "write the golden files anew")

// fakeSecret returns a token of the right form. It is put together here, so
// that no scanner trips over this file.
func fakeSecret(n int) rules.Secret {
	const digits = "Kq7ZtY3mWx0Lr9DsVb4GhTn8CpJf2RyEu6Aa1"
	return rules.NewSecret("r8_"+digits[n:]+digits[:n], 5)
}

func commit(digit string) string { return strings.Repeat(digit, 40) }

func day(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func file(path string, line int) result.Location {
	return result.Location{Path: path, Line: line, Column: 9, EndColumn: 49, Kind: result.KindFile}
}

// fullResult has every exposure, every kind of location, hostile strings and
// long lists.
func fullResult() result.Result {
	hostile := "evil\x1b[2J\u202e[click](https://example.com)\xff.env"
	return result.Result{
		Target: result.Target{Kind: "repository", Path: ".", Head: commit("e")},
		Coverage: result.Coverage{
			Files: 1203, Bytes: 512_345_678, Objects: 54988, Commits: 210, ArchiveMembers: 12,
			Unread: []result.Unread{
				{What: "pack-1.pack", Reason: "object at 12: bad zlib header"},
				{What: "evil\nname", Reason: "permission denied"},
			},
		},
		Allowed: []result.Allowed{
			{TokenID: fakeSecret(7).ID(), Rule: rules.APIToken.ID, By: result.AllowedByOwn, Reason: "revoked\x1b[2J", Locations: []result.Location{file("a.py", 1), file("b.py", 2)}},
			{TokenID: fakeSecret(8).ID(), Rule: rules.APIToken.ID, By: result.AllowedByBaseline, Locations: []result.Location{file("c.py", 3)}},
			{TokenID: fakeSecret(9).ID(), Rule: rules.APIToken.ID, By: result.AllowedByBaseline, Reason: "old", Locations: []result.Location{file("d.py", 4)}},
		},
		LeftOut: map[string]int{"placeholder": 1200, "part of a longer word": 1},
		Findings: []result.Finding{
			inFileAndHistory(), inHistoryOnly(), inOddPlaces(),
			{
				Rule: rules.APIToken.ID, Secret: fakeSecret(3), Confidence: rules.Medium,
				Exposure: result.ExposureStaged,
				Locations: []result.Location{
					{Path: "cfg/a b.yml", Line: 2, Column: 1, EndColumn: 41, Kind: result.KindIndex, Object: commit("9")},
				},
			},
			{
				Rule: rules.APIToken.ID, Secret: fakeSecret(4), Confidence: rules.High,
				Exposure: result.ExposureUntracked, Locations: []result.Location{file(hostile, 1)},
			},
			{
				Rule: rules.APIToken.ID, Secret: fakeSecret(5), Confidence: rules.High,
				Exposure: result.ExposureIgnored, Locations: []result.Location{file(".env", 1)},
			},
			{
				Rule: rules.APIToken.ID, Secret: fakeSecret(6), Confidence: rules.Low,
				Exposure: result.ExposureTracked, Locations: []result.Location{file("doc/é.md", 7)},
			},
		},
	}
}

// inFileAndHistory is at HEAD, in many places, and not first in a file.
func inFileAndHistory() result.Finding {
	locs := []result.Location{
		{Path: "src/old.py", Line: 3, Column: 5, EndColumn: 45, Kind: result.KindBlob, Object: commit("1"), Commit: commit("a")},
		file("src/app.py", 12),
	}
	for i := range 6 {
		locs = append(locs, result.Location{
			Path: fmt.Sprintf("src/v%d.py", i), Line: 3, Column: 5, EndColumn: 45,
			Kind: result.KindBlob, Object: commit("2"), Commit: commit("b"), Committed: day("2023-06-07T08:09:10Z"),
		})
	}
	refs := []string{"refs/heads/main", "refs/heads/\x1b]0;x\a", "refs/heads/c", "refs/heads/d", "refs/heads/e", "refs/tags/v1", "refs/tags/v2"}
	return result.Finding{
		Rule: rules.APIToken.ID, Secret: fakeSecret(0), Confidence: rules.High,
		Exposure: result.ExposureHistory, Locations: locs,
		History: &result.History{
			Introduced: &result.Event{Commit: commit("a"), Date: day("2023-04-05T23:30:00-07:00"), Author: "Ann <ann@example.com>", Path: "src/old.py"},
			AtHead:     true, Reachable: true, Refs: refs,
		},
	}
}

// inHistoryOnly was removed, and stands in an archive and base64.
func inHistoryOnly() result.Finding {
	return result.Finding{
		Rule: rules.APIToken.ID, Secret: fakeSecret(1), Confidence: rules.High,
		Exposure: result.ExposureHistory,
		Locations: []result.Location{
			{Path: "dist/a.whl", Member: "b/c.py", Line: 1, Column: 5, EndColumn: 59, Encoding: []string{"base64", "hex"},
				Kind: result.KindBlob, Object: commit("3"), Commit: commit("c")},
		},
		History: &result.History{
			Introduced: &result.Event{Commit: commit("c"), Date: day("2022-01-02T10:00:00Z"), Author: "Bob <bob@example.com>", Path: "dist/a.whl"},
			Removed:    &result.Event{Commit: commit("d"), Date: day("2022-02-03T10:00:00Z"), Author: "\u202eBob"},
			Reachable:  true, Refs: []string{"refs/heads/main"},
		},
	}
}

// inOddPlaces has no path anywhere and no commit that is known.
func inOddPlaces() result.Finding {
	at := func(kind, path, object string) result.Location {
		return result.Location{Kind: kind, Path: path, Object: object, Line: 1, Column: 2, EndColumn: 42}
	}
	return result.Finding{
		Rule: rules.APIToken.ID, Secret: fakeSecret(2), Confidence: rules.High,
		Exposure: result.ExposureHistory,
		Locations: []result.Location{
			at(result.KindBlob, "", commit("4")),
			at(result.KindCommit, "", commit("5")),
			at(result.KindTag, "", commit("6")),
			at(result.KindTree, "r8_Hw***", commit("7")),
			at(result.KindRef, "refs/heads/r8_Hw***", ""),
			at(result.KindReflog, ".git/logs/HEAD", ""),
		},
		History: &result.History{},
	}
}

func fullDocument() *Document {
	return New(fullResult(), Tool{Name: "r8scan", Version: "v1.2.3"}, day("2024-05-06T07:08:09+02:00"), 1234*time.Millisecond)
}

// siblingsDocument has a finding of every rule but the API token's, in history
// and in a file.
func siblingsDocument() *Document {
	res := result.Result{Target: result.Target{Kind: "repository", Path: ".", Head: commit("e")}, Coverage: result.Coverage{Files: 9, Objects: 8, Commits: 7}}
	for i, r := range rules.All() {
		if r == rules.APIToken {
			continue
		}
		secret := rules.NewSecret(fmt.Sprint(i, strings.Repeat("Kq7ZtY3m", 4)), 0)
		for _, exposure := range []result.Exposure{result.ExposureHistory, result.ExposureTracked} {
			res.Findings = append(res.Findings, result.Finding{Rule: r.ID, Secret: secret, Confidence: rules.Medium, Exposure: exposure,
				Locations: []result.Location{file("app/"+r.ID, i)}})
		}
	}
	return New(res, Tool{Name: "r8scan", Version: "v1.2.3"}, day("2024-05-06T07:08:09Z"), time.Second)
}

// postedDocument has tokens in the texts beside a repository: one in all kinds, one in
// a file too, and one whose places have no page that may be shown.
func postedDocument() *Document {
	at := func(kind, path, part, page string) result.Location {
		return result.Location{Kind: kind, Path: path, Part: part, URL: page, Line: 2, Column: 3, EndColumn: 43}
	}
	const home = "https://github.com/example/app/"
	log := at(result.KindLog, "actions/runs/9/attempts/2", "", home+"actions/runs/9/attempts/2")
	log.Member = "build/3_Run tests.txt"
	res := result.Result{
		Target:   result.Target{Kind: "repository", Path: home + "app", Remote: home[:len(home)-1], Head: commit("e"), Bare: true, Anchor: "README.md"},
		Coverage: result.Coverage{Objects: 8, Commits: 7, Texts: 345, Unread: []result.Unread{{What: "logs of runs", Reason: "forbidden (403)"}}},
		Findings: []result.Finding{
			{Rule: rules.APIToken.ID, Secret: fakeSecret(0), Confidence: rules.High, Exposure: result.ExposurePosted, Locations: []result.Location{
				at(result.KindIssue, "issues/12", "title", home+"issues/12"),
				at(result.KindIssueComment, "issues/12/comments/345", "body of 2024-05-06T07:08:09Z", home+"issues/12#issuecomment-345"),
				at(result.KindReleaseFile, "releases/v1/app.zip", "", home+"releases/tag/v1"),
				at(result.KindGist, "gists/0123456789abcdef", "", "https://gist.github.com/0123456789abcdef"),
				log,
			}},
			{Rule: rules.APIToken.ID, Secret: fakeSecret(1), Confidence: rules.High, Exposure: result.ExposureHistory, History: &result.History{Reachable: true, Refs: []string{"refs/heads/main"}},
				Locations: []result.Location{
					{Kind: result.KindBlob, Path: "app.py", Object: commit("1"), Commit: commit("a"), Line: 1, Column: 1, EndColumn: 41, Current: true},
					at(result.KindReviewComment, "pulls/3/comments/4", "body", home+"pull/3#discussion_r4"),
				}},
			{Rule: rules.APIToken.ID, Secret: fakeSecret(2), Confidence: rules.High, Exposure: result.ExposureHistory,
				History: &result.History{Introduced: &result.Event{Commit: commit("b"), Date: day("2024-01-02T03:04:05Z"), Author: "Ann <ann@example.com>", Path: "wiki/Home.md"}, AtHead: true, Reachable: true, Refs: []string{"refs/heads/main"}}, Locations: []result.Location{
					{Kind: result.KindBlob, Path: "wiki/Home.md", Object: commit("2"), Commit: commit("b"), URL: home + "wiki", Line: 1, Column: 1, EndColumn: 41, Current: true},
					at(result.KindDiscussion, "discussions/5", "body", "javascript:alert(1)"),
					at(result.KindDiscussionComment, "discussions/5/comments/6", "body", "https://user:password@example.com/"),
				}},
		},
	}
	return New(res, Tool{Name: "r8scan", Version: "v1.2.3"}, day("2024-05-06T07:08:09Z"), time.Second)
}

// imageDocument has tokens in a container image: one in a file that a later layer removes,
// one in the configuration, and one in an archive in a layer.
func imageDocument() *Document {
	const name = "docker://registry.example.com/app:1"
	at := func(layer int, by, member string, gone int) result.Location {
		return result.Location{Kind: result.KindLayer, Path: name, Member: member, Object: "sha256:" + strings.Repeat("0a", 32), Layer: layer, MadeBy: by, GoneIn: gone, Line: 2, Column: 3, EndColumn: 43}
	}
	res := result.Result{
		Target:   result.Target{Kind: "image", Path: name},
		Coverage: result.Coverage{Files: 4, Bytes: 5678, ArchiveMembers: 90, Unread: []result.Unread{{What: name + " layer 3", Reason: "the registry has no such blob"}}},
		Findings: []result.Finding{
			{Rule: rules.APIToken.ID, Secret: fakeSecret(0), Confidence: rules.High, Exposure: result.ExposureImage, Locations: []result.Location{at(1, "COPY . /app", "app/.env", 2)}},
			{Rule: rules.APIToken.ID, Secret: fakeSecret(1), Confidence: rules.High, Exposure: result.ExposureImage, Locations: []result.Location{
				{Kind: result.KindImage, Path: name, Header: "ENV REPLICATE_API_TOKEN", Line: 1, Column: 1, EndColumn: 41}}},
			{Rule: rules.APIToken.ID, Secret: fakeSecret(2), Confidence: rules.High, Exposure: result.ExposureImage, Locations: []result.Location{at(4, "RUN pip install ./app.whl", "app/app.whl!app/key.py", 0)}},
		},
	}
	return New(res, Tool{Name: "r8scan", Version: "v1.2.3"}, day("2024-05-06T07:08:09Z"), time.Second)
}

func emptyDocument() *Document {
	return New(result.Result{Target: result.Target{Kind: "files", Path: "."}},
		Tool{Name: "r8scan", Version: "(devel)"}, day("2024-05-06T07:08:09Z"), time.Millisecond)
}

func render(t *testing.T, format string, doc *Document, opts Options) string {
	t.Helper()
	r, err := ByName(format)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r(&b, doc, opts); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.String()
}

// golden compares got with testdata/name, or renews that file with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i, line := range gotLines {
		if i >= len(wantLines) || line != wantLines[i] {
			t.Errorf("%s differs from line %d (renew with -update if that is right): %q", path, i+1, line)
			return
		}
	}
	t.Errorf("%s has more lines", path)
}

// policyHash is that of the stylesheet, which has no part in what a page says. In an
// attribute, a plus is written as a number.
var policyHash = regexp.MustCompile(`sha256-([A-Za-z0-9/=]|&#43;)*`)

func TestGolden(t *testing.T) {
	for _, doc := range []struct {
		name string
		doc  *Document
	}{{"full", fullDocument()}, {"empty", emptyDocument()}, {"siblings", siblingsDocument()}, {"posted", postedDocument()}, {"image", imageDocument()}, {"many", manyDocument()}} {
		for _, format := range Formats() {
			of := *doc.doc
			if format == "sarif" {
				of.Target.Path, of.Target.Anchor = "https://user:password@github.com/example/app?x=1", "README.md"
			}
			text := render(t, format, &of, Options{})
			if format == "html" {
				text = strings.Replace(text, string(page.Head{}.Style()), "", 1)
				text = policyHash.ReplaceAllString(text, "sha256-")
			}
			golden(t, doc.name+"."+format, text)
		}
		var b bytes.Buffer
		if err := Summary(&b, doc.doc, Options{}); err != nil {
			t.Fatal(err)
		}
		golden(t, doc.name+".summary", b.String())
	}
}

// TestAdviceFits makes sure that only what can be disabled on the page of API
// tokens is sent there, and that every rule has advice of its own for a leak.
func TestAdviceFits(t *testing.T) {
	seen := map[string]string{}
	for _, r := range rules.All() {
		for _, e := range []result.Exposure{result.ExposureHistory, result.ExposureTracked, result.ExposureUntracked} {
			f := Finding{Rule: r.ID, Confidence: rules.Medium, Exposure: e}
			text := strings.Join(advice(f), " ") + messageAdvice(f)
			onPage := r == rules.APIToken || r == rules.LegacyToken
			if strings.Contains(text, rules.TokensPage) != onPage {
				t.Errorf("%s, %s: %s", r.ID, e, text)
			}
		}
		text := r.Remedy.Disable
		if other, ok := seen[text]; ok && r != rules.LegacyToken {
			t.Errorf("%s has the advice of %s", r.ID, other)
		}
		seen[text] = r.ID
	}
}

// leaked returns the part of a token that out shows beyond the mask, in any of
// the forms that a format could turn it into.
func leaked(out string, secret rules.Secret) string {
	token := secret.Reveal()
	for i := len("r8_Hw"); i+10 <= len(token); i++ {
		part := token[i : i+10]
		for _, form := range []string{part, hex.EncodeToString([]byte(part)), base64.StdEncoding.EncodeToString([]byte(part))} {
			if strings.Contains(out, form) {
				return form
			}
		}
	}
	return ""
}

// The one promise of every format, also of those that are added later.
func TestNoFormatShowsAToken(t *testing.T) {
	res := fullResult()
	doc := fullDocument()
	for i, f := range res.Findings {
		if leaked("key="+f.Secret.Reveal(), f.Secret) == "" {
			t.Fatal("this test cannot see a token")
		}
		for _, format := range Formats() {
			out := render(t, format, doc, Options{Verbose: true, Color: true, Links: true, Root: t.TempDir()})
			if s := leaked(out, f.Secret); s != "" {
				t.Errorf("finding %d: %s shows %d characters of the token", i, format, len(s))
			}
			if !strings.Contains(out, f.Secret.Mask()) || !strings.Contains(out, f.Secret.ID()) {
				t.Errorf("finding %d: %s lacks the mask or the token id", i, format)
			}
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	_, err := ByName("yaml")
	want := `unknown format "yaml": use one of text, json, jsonl, sarif, html, markdown, github, gitlab, codequality, csv, junit`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

type brokenWriter struct{ left int }

func (b *brokenWriter) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, os.ErrClosed
	}
	return len(p), nil
}

// A full disk must not pass for a written report, wherever it strikes.
func TestWriteErrors(t *testing.T) {
	doc := fullDocument()
	for _, f := range formats {
		size := len(render(t, f.name, doc, Options{}))
		for _, room := range []int{0, size / 2, size - 1} {
			render, _ := ByName(f.name)
			if err := render(&brokenWriter{room}, doc, Options{}); err == nil {
				t.Errorf("%s: no error with room for %d of %d bytes", f.name, room, size)
			}
		}
	}
	if err := Summary(&brokenWriter{}, doc, Options{}); err == nil {
		t.Error("summary: no error")
	}
}

// TestAskedOfTwo makes sure that each format names both hosts that tokens went to, and
// the one alone if there was one.
func TestAskedOfTwo(t *testing.T) {
	for _, also := range []string{"", "r8.im"} {
		doc := fullDocument()
		doc.Asked = &Asked{Host: "api.replicate.com", Also: also, Live: 1, Revoked: 1, Sent: 2, Handling: "x"}
		var b strings.Builder
		if err := Summary(&b, doc, Options{}); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"summary": "asked api.replicate.com: 1 live, 1 revoked, 0 unknown; tokens were sent to no other host", "markdown": "`api.replicate.com` was asked: 1 live", "html": "api.replicate.com: 1 live", "json": `"host": "api.replicate.com"`}
		if also != "" {
			want = map[string]string{"summary": "asked api.replicate.com and r8.im: 1 live, 1 revoked, 0 unknown; each token was sent to one of them only", "markdown": "`api.replicate.com` and `r8.im` were asked: 1 live", "html": "api.replicate.com and r8.im: 1 live", "json": `"also": "r8.im"`}
		}
		got := map[string]string{"summary": b.String()}
		for _, format := range []string{"markdown", "html", "json"} {
			got[format] = render(t, format, doc, Options{})
		}
		for format, text := range want {
			if !strings.Contains(got[format], text) {
				t.Errorf("%s does not say %q", format, text)
			}
		}
		if also == "" && strings.Contains(got["json"], `"also"`) {
			t.Error("it names a second host")
		}
	}
}
