package report

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"r8scan/internal/terminal"
	"r8scan/result"
	"r8scan/rules"
)

// staged returns the n-th finding of a commit, in the files.
func staged(n int, rule string, files ...string) Finding {
	f := Finding{Rule: rule, Token: fakeSecret(n % 37).Mask(), TokenID: fakeSecret(n % 37).ID(), Confidence: rules.High,
		Exposure: result.ExposureStaged, Verification: Verification{Status: StatusUnchecked}}
	for i, path := range files {
		f.Locations = append(f.Locations, result.Location{Path: path, Line: 12 + i, Column: 9, EndColumn: 49, Kind: result.KindIndex, Object: commit("9")})
	}
	return f
}

// hookCases are what hooks tell, by the names of their golden files.
func hookCases() map[string]struct {
	doc  Document
	opts HookOptions
} {
	type hookCase = struct {
		doc  Document
		opts HookOptions
	}
	committed := result.Target{Kind: "staged", Path: ".", Head: commit("e")}
	many := Document{Run: Run{Target: committed}}
	for i := range 500 {
		many.Findings = append(many.Findings, staged(i, rules.APIToken.ID, fmt.Sprintf("src/module%03d/config.py", i/2), "src/all.env"))
	}
	for range 40 {
		many.Coverage.Unread = append(many.Coverage.Unread, result.Unread{What: strings.Repeat("dir/", 60) + "big.zip", Reason: "the archive is damaged"})
	}
	notes := []string{".r8scan.yaml:3: token 0123456789abcdef was allowed until 2024-01-01 and is reported again: disable it", "another"}
	low := staged(4, rules.APIToken.ID, "a b/it's.env", "漢字/é\x1b[2J.py")
	low.Confidence = rules.Low
	pushed := func(n int, l result.Location, introduced string) Finding {
		f := staged(n, rules.APIToken.ID)
		f.Exposure, f.Locations = result.ExposureHistory, []result.Location{l}
		if introduced != "" {
			f.History = &result.History{Introduced: &result.Event{Commit: introduced}}
		}
		return f
	}
	inFile := pushed(0, result.Location{Path: "config/settings.py", Line: 12, Column: 9, EndColumn: 49, Kind: result.KindBlob, Object: commit("9"), Commit: commit("a")}, commit("a"))
	inMessage := pushed(1, result.Location{Line: 3, Column: 1, EndColumn: 41, Kind: result.KindCommit, Object: commit("e"), Commit: commit("e")}, commit("e"))
	inTag := pushed(2, result.Location{Line: 6, Column: 1, EndColumn: 41, Kind: result.KindTag, Object: commit("b")}, commit("a"))
	inName := pushed(3, result.Location{Path: "refs/heads/r8_****", Line: 1, Column: 12, EndColumn: 52, Kind: result.KindRef}, "")
	nextMessage := staged(5, rules.APIToken.ID)
	nextMessage.Exposure, nextMessage.Locations = result.ExposureUntracked, []result.Location{{Line: 1, Column: 9, EndColumn: 49, Kind: result.KindCommit}}
	history := func(all ...Finding) Document {
		return Document{Run: Run{Target: result.Target{Kind: "repository", Path: ".", Head: commit("e")}}, Findings: all}
	}
	manyPushed := many
	manyPushed.Findings = nil
	for i := range 500 {
		manyPushed.Findings = append(manyPushed.Findings, pushed(i, result.Location{Path: strings.Repeat("long/", 40) + "x.py", Line: i + 1, Column: 1, EndColumn: 41, Kind: result.KindBlob, Commit: commit("a")}, commit("a")))
	}
	unread := Document{Run: Run{Target: committed, Coverage: result.Coverage{Unread: many.Coverage.Unread[:12]}}}
	return map[string]hookCase{
		"hook-staged-one": {Document{Run: Run{Target: committed}, Findings: []Finding{staged(0, rules.APIToken.ID, "config/settings.py")}},
			HookOptions{Kind: Staged, Stops: true}},
		"hook-staged-first-commit": {Document{Findings: []Finding{staged(1, rules.WebhookSecret.ID, "a.env"), staged(2, rules.CogToken.ID, "b.json"), staged(3, rules.SecretInput.ID, "c.py")}},
			HookOptions{Kind: Staged, Stops: true}},
		"hook-staged-odd":    {Document{Run: Run{Target: committed}, Findings: []Finding{low}}, HookOptions{Kind: Staged}},
		"hook-staged-many":   {many, HookOptions{Kind: Staged, Stops: true, Notes: notes}},
		"hook-staged-unread": {unread, HookOptions{Kind: Staged, Stops: true, Notes: notes[1:]}},

		"hook-message": {Document{Run: Run{Target: result.Target{Kind: "message", Path: ".git/COMMIT_EDITMSG", Head: commit("e")}}, Findings: []Finding{nextMessage}},
			HookOptions{Kind: Message, Stops: true}},
		"hook-push-file":      {history(inFile), HookOptions{Kind: Push, Stops: true}},
		"hook-push-last":      {history(inMessage), HookOptions{Kind: Push, Stops: true}},
		"hook-push-commits":   {history(inFile, inMessage), HookOptions{Kind: Push, Stops: true}},
		"hook-push-tag":       {history(inTag), HookOptions{Kind: Push, Stops: true}},
		"hook-push-name":      {history(inName), HookOptions{Kind: Push, Stops: true}},
		"hook-push-unread":    {unread, HookOptions{Kind: Push, Stops: true}},
		"hook-receive-file":   {history(inFile), HookOptions{Kind: Receive, Stops: true}},
		"hook-receive-many":   {manyPushed, HookOptions{Kind: Receive, Stops: true, Notes: notes}},
		"hook-receive-unread": {unread, HookOptions{Kind: Receive, Stops: true}},
	}
}

func TestHook(t *testing.T) {
	for name, tt := range hookCases() {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := Hook(&b, &tt.doc, tt.opts); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".text")
			if *update {
				if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if b.String() != string(want) {
				t.Errorf("got\n%s\nwant\n%s", b.String(), want)
			}
		})
	}
}

// Whatever is found, a hook's text fits a screen and is safe for a terminal.
func TestHookFitsAScreen(t *testing.T) {
	for name, tt := range hookCases() {
		for _, rule := range rules.All() {
			doc := tt.doc
			doc.Findings = nil
			for _, f := range tt.doc.Findings {
				f.Rule = rule.ID
				doc.Findings = append(doc.Findings, f)
			}
			for _, unread := range [][]result.Unread{nil, hookCases()["hook-staged-many"].doc.Coverage.Unread} {
				doc.Coverage.Unread = unread
				var b bytes.Buffer
				opts := tt.opts
				opts.Stops, opts.Notes = true, []string{strings.Repeat("a long note ", 50), "another"}
				if err := Hook(&b, &doc, opts); err != nil {
					t.Fatal(err)
				}
				lines, wide := 0, 80
				if opts.Kind == Receive { // behind "remote: "
					wide = 72
				}
				for line := range strings.Lines(b.String()) {
					line = strings.TrimSuffix(line, "\n")
					lines += max(1, (columns(line)+wide-1)/wide)
					if terminal.Safe(line) != line {
						t.Errorf("%s, %s: %q is not safe", name, rule.ID, line)
					}
				}
				if lines > 24 {
					t.Errorf("%s, %s: %d lines:\n%s", name, rule.ID, lines, b.String())
				}
			}
		}
	}
}
