package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"r8scan/result"
	"r8scan/rules"
)

// manyDocument is of many repositories: one token in an original, a fork and a copy, one
// posted and in an image, and one in a repository of another server.
func manyDocument() *Document {
	const app, fork, copied = "https://github.com/acme/app", "https://github.com/bob/app", "https://gitlab.com/eve/copy"
	const own, image = "https://git.example.com:8443/a/b", "docker://registry.example.com/app:1"
	blob := func(of, path, in string, current bool) result.Location {
		return result.Location{Repository: of, Kind: result.KindBlob, Path: path, Object: commit("1"), Commit: commit(in), Line: 3, Column: 5, EndColumn: 45, Current: current}
	}
	came := func(in, at string) *result.Event {
		return &result.Event{Commit: commit(in), Date: day(at), Author: "Ann <ann@example.com>", Path: "app.py"}
	}
	main := []string{"refs/heads/main"}
	res := result.Result{
		Target: result.Target{Kind: "repositories", Path: "github:acme", Bare: true, Repositories: []result.Repository{
			{URL: image, Complete: true}, {URL: own, Archived: true}, {URL: app, Complete: true}, {URL: fork, Fork: true, Complete: true}, {URL: copied, Complete: true}}},
		Coverage: result.Coverage{Repositories: 4, Images: 1, Objects: 90, Commits: 8, Texts: 7, Unread: []result.Unread{{What: own, Reason: "the server ended its answer too early"}}},
		Since:    &result.Since{New: []string{}, Still: []string{fakeSecret(0).ID()}, Gone: []result.GoneToken{}, Refs: result.RefsSince{New: []string{}, Gone: []string{}, Advanced: []string{app + " refs/heads/main"}, Rewritten: []string{}}},
		Findings: []result.Finding{
			{Rule: rules.APIToken.ID, Secret: fakeSecret(0), Confidence: rules.High, Exposure: result.ExposureHistory,
				Locations: []result.Location{blob(app, "app.py", "a", false), blob(fork, "app.py", "a", true), blob(copied, "src/app.py", "c", false)},
				History:   &result.History{Repository: app, Introduced: came("a", "2023-04-05T06:07:08Z"), Removed: came("b", "2023-05-06T07:08:09Z"), Reachable: true, Refs: main},
				Elsewhere: []result.History{
					{Repository: fork, Fork: true, Introduced: came("a", "2023-04-05T06:07:08Z"), AtHead: true, Reachable: true, Refs: main},
					{Repository: copied, Introduced: came("c", "2024-01-02T03:04:05Z"), Reachable: true, Refs: main}}},
			{Rule: rules.APIToken.ID, Secret: fakeSecret(1), Confidence: rules.High, Exposure: result.ExposurePosted, Locations: []result.Location{
				{Repository: app, Kind: result.KindIssue, Path: "issues/1", Part: "body", URL: app + "/issues/1", Line: 1, Column: 1, EndColumn: 41},
				{Kind: result.KindLayer, Path: image, Member: "app/.env", Object: "sha256:" + strings.Repeat("0a", 32), Layer: 1, MadeBy: "COPY . /app", Line: 2, Column: 3, EndColumn: 43}}},
			{Rule: rules.APIToken.ID, Secret: fakeSecret(2), Confidence: rules.High, Exposure: result.ExposureHistory, Locations: []result.Location{
				blob(own, "a b.py", "d", true), {Repository: own, Kind: result.KindCommit, Object: commit("5"), Commit: commit("5"), Line: 1, Column: 2, EndColumn: 42}},
				History: &result.History{Repository: own, Introduced: came("d", "2024-01-02T03:04:05Z"), AtHead: true, Reachable: true, Refs: main}},
		},
	}
	return New(res, Tool{Name: "r8scan", Version: "v1.2.3"}, day("2024-05-06T07:08:09Z"), time.Second)
}

// TestManyFits: twenty tokens in fifty repositories fit a screen, with the repository
// where each stood first.
func TestManyFits(t *testing.T) {
	doc := manyDocument()
	first := doc.Findings[0]
	doc.Findings = nil
	for i := range 20 {
		f := first
		f.Token, f.TokenID = fakeSecret(i).Mask(), fakeSecret(i).ID()
		f.Locations = nil
		for j := range 50 {
			l := first.Locations[0]
			l.Repository = fmt.Sprintf("https://github.com/acme/a-repository-name-%02d", j)
			f.Locations = append(f.Locations, l)
			if j > 0 {
				f.Elsewhere = append(f.Elsewhere, result.History{Repository: l.Repository})
			}
		}
		doc.Findings = append(doc.Findings, f)
	}
	text := render(t, "text", doc, Options{})
	const screen = 48 // lines
	if n := strings.Count(text, "\n"); n > screen {
		t.Errorf("%d lines:\n%s", n, text)
	}
	for _, f := range doc.Findings {
		if !strings.Contains(text, f.TokenID) {
			t.Errorf("%s is missing", f.TokenID)
		}
	}
	if n := strings.Count(text, "acme/a-repository-name-00"); n != 20 {
		t.Errorf("the first repository is named %d times:\n%s", n, text)
	}
	for line := range strings.Lines(text) {
		if len([]rune(line)) > 81 {
			t.Errorf("a line is too long: %q", line)
		}
	}
}
