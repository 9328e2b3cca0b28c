package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"r8scan/report"
)

// TestFleet is the way of docs/fleet.md, from a list with bad lines to a report.
func TestFleet(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		w := newWorld(t, distinct, database)
		password := "https://user:pw1234@example.com/x"
		code, out, errs := w.run("add", "file:"+w.list(password, "not a url"))
		if code != exitIncomplete || !strings.Contains(out, "repositories: 12 queued, 0 there already\nlines refused: 2\n") || strings.Contains(out+errs, "pw1234") || strings.Count(errs, "repos.txt:") != 2 {
			t.Fatalf("add: %d\n%s%s", code, out, errs)
		}
		if code, out, errs := w.run("add", w.urls[0]); code != 0 || !strings.Contains(out, "repositories: 0 queued, 1 there already") {
			t.Errorf("add again: %d\n%s%s", code, out, errs)
		}
		w.finish(1)
		if w.extra() != 0 {
			t.Errorf("%d questions too many", w.extra())
		}
		w.listed()
		w.reported()
		w.again()
		w.forgotten()
		if files, _ := filepath.Glob(database + "*"); len(files) > 0 {
			for _, file := range files {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				w.noToken(file, text)
			}
		}
	})
}

// listed checks the list of tokens.
func (w *world) listed() {
	w.t.Helper()
	code, out, errs := w.run("tokens", "-f", "json")
	var tokens []struct {
		ID       string `json:"token_id"`
		Status   string
		Account  *report.Account
		Places   []struct{ Repository string }
		Verdicts []struct{ Status string }
	}
	if err := json.Unmarshal([]byte(out), &tokens); err != nil || code != exitFound {
		w.t.Fatalf("tokens: %d, %v\n%s%s", code, err, out, errs)
	}
	live := 0
	for _, token := range tokens {
		if len(token.Verdicts) != 1 || len(token.Places) != 1 || token.Status != token.Verdicts[0].Status {
			w.t.Errorf("token %+v", token)
		}
		if token.Status == "live" && token.Account != nil && token.Account.Username == "acme" {
			live++
		}
	}
	if live != len(w.tokens)/2 || len(tokens) != len(w.tokens) {
		w.t.Errorf("%d of %d tokens are live", live, len(tokens))
	}
	if code, out, _ := w.run("tokens"); code != exitFound || !strings.Contains(out, " live of acme") {
		w.t.Errorf("tokens: %d\n%s", code, out)
	}
}

// reported checks that all formats can be written, and read again.
func (w *world) reported() {
	w.t.Helper()
	for _, format := range report.Formats() {
		if code, out, errs := w.run("report", "-f", format); code != exitFound || out == "" {
			w.t.Errorf("report -f %s: %d\n%s", format, code, errs)
		}
	}
	_, out, _ := w.run("report", "-f", "json")
	var doc report.Document
	if err := json.Unmarshal([]byte(out), &doc); err != nil || len(doc.Findings) != len(w.tokens) || doc.Findings[0].Locations[0].Path != "app.env" || !strings.HasPrefix(w.urls[0], doc.Findings[0].Locations[0].Repository[:7]) || doc.Findings[0].History == nil {
		w.t.Errorf("%v, %d findings", err, len(doc.Findings))
	}
	if strings.Contains(out, "ada@example.org") {
		w.t.Error("an author's address is kept")
	}
}

// again visits all repositories again: no pack is transferred, but for one that changed.
func (w *world) again() {
	w.t.Helper()
	packs := w.fetched()
	w.query(`update repo set due = 0 returning 1`)
	if code, _, errs := w.run(w.work("--until-idle", "--role", "scan")...); code != 0 {
		w.t.Fatalf("run again: %d\n%s", code, errs)
	}
	w.whole(2)
	if w.fetched() != packs {
		w.t.Errorf("an unchanged repository was fetched: %d packs", w.fetched()-packs)
	}
	if code, out, _ := w.run("recheck"); code != 0 || out != fmt.Sprintf("%d tokens queued\n", len(w.tokens)) {
		w.t.Errorf("recheck: %d %s", code, out)
	}
	if code, _, errs := w.run(w.work("--until-idle")...); code != 0 {
		w.t.Fatalf("run after recheck: %d\n%s", code, errs)
	}
	if n := w.query(`select count(*) from token where open = 1`); n != len(w.tokens)/2 {
		w.t.Errorf("%d tokens are asked about again, want the live ones: %d", n, len(w.tokens)/2)
	}
}

// forgotten checks that nothing of a repository stays.
func (w *world) forgotten() {
	w.t.Helper()
	url := w.urls[3]
	_, before, _ := w.run("tokens")
	if code, _, errs := w.run("forget", url); code != 0 || !strings.Contains(before, url+"\n") {
		w.t.Errorf("forget: %d %s\n%s", code, errs, before)
	}
	_, after, _ := w.run("tokens")
	_, status, _ := w.run("status", "-f", "json")
	if strings.Contains(after+status, url+"\n") || strings.Count(after, "r8_") != len(w.tokens)-2 || w.query(`select count(*) from forgotten`) != 1 {
		w.t.Errorf("after forget:\n%s", after)
	}
	id, _, _ := strings.Cut(after, " ")
	if code, _, errs := w.run("forget", id); code != 0 {
		w.t.Errorf("forget a token: %d %s", code, errs)
	}
	if code, _, _ := w.run("forget", id); code != exitUsage {
		w.t.Errorf("forget it twice: %d", code)
	}
}

// TestBroken names what cannot be read, and goes on.
func TestBroken(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		w := newWorld(t, 3, database)
		gone := strings.Replace(w.urls[0], "r0.git", "gone.git", 1)
		w.run("add", gone)
		w.run("add", "file:"+w.list())
		code, _, errs := w.run(w.work("--until-idle")...)
		if code != exitIncomplete || w.query(`select count(*) from repo where state = 'done'`) != 3 {
			t.Errorf("run: %d\n%s", code, errs)
		}
		if _, out, _ := w.run("status"); !strings.Contains(out, "not read: "+gone+": ") {
			t.Errorf("status:\n%s", out)
		}
		if code, _, errs := w.run("report"); code != exitFound || !strings.Contains(errs, "gone.git") {
			t.Errorf("report: %d\n%s", code, errs)
		}
	})
}

// TestFolders scans repositories on this machine.
func TestFolders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, distinct, filepath.Join(t.TempDir(), "fleet.db"))
	w.urls = nil
	for i := range distinct {
		w.urls = append(w.urls, filepath.Join(w.root, fmt.Sprintf("r%d.git", i)))
	}
	if code, _, errs := w.run("add", "file:"+w.list("/no/such/folder")); code != exitIncomplete || strings.Count(errs, "\n") != 1 {
		t.Fatalf("add: %d\n%s", code, errs)
	}
	// One process scans and asks nothing, and the next one asks.
	if code, _, errs := w.run(w.work("--until-idle", "--role", "scan")...); code != 0 || w.questions() > 0 || strings.Contains(errs, "job failed") {
		t.Fatalf("run: %d, %d tokens asked about\n%s", code, w.questions(), errs)
	}
	w.whole(1)
	if code, _, errs := w.run(w.work("--until-idle", "--role", "verify")...); code != 0 || w.questions() <= len(w.tokens) {
		t.Fatalf("run: %d, %d tokens asked about\n%s", code, w.questions(), errs)
	}
	if w.fetched() != 0 || w.extra() != 0 {
		t.Errorf("%d packs, %d questions too many", w.fetched(), w.extra())
	}
	if _, out, _ := w.run("report", "-f", "csv"); !strings.Contains(out, ",app.env,") {
		t.Errorf("report:\n%s", out)
	}
	if code, _, errs := w.run("forget", w.urls[3]); code != 0 {
		t.Errorf("forget: %d\n%s", code, errs)
	}
}

// TestWrong checks messages of wrong usage.
func TestWrong(t *testing.T) {
	t.Parallel()
	w := &world{t: t, db: filepath.Join(t.TempDir(), "f.db")}
	for _, args := range [][]string{{"add"}, {"add", "file:/nowhere/x"}, {"add", "/no/such/folder"}, {"add", "https://user:pw1234@example.com/x"}, {"run", "--role", "x"}, {"run", "-j", "0"}, {"nothing"}, {"tokens", "-f", "x"}, {"report", "-f", "x"}, {"run", "--sweep", "1s"}, {"run", "--api-url", "http://example.com"}, {"status", "x"}, {"forget", "x"}} {
		if code, out, errs := w.run(args...); code != exitUsage || out != "" || !strings.HasPrefix(errs, "r8scan-fleet: ") || strings.Count(errs, "\n") != 1 || strings.Contains(errs, "pw1234") {
			t.Errorf("%q: %d %q %q", args, code, out, errs)
		}
	}
	if code, out, _ := w.run("tokens"); code != 0 || out != "" {
		t.Errorf("tokens of an empty fleet: %d %s", code, out)
	}
	w.db = filepath.Join(w.db, "f.db") // a file is no folder
	if code, _, errs := w.run("status"); code != exitUsage || !strings.Contains(errs, "R8SCAN_FLEET_DB") {
		t.Errorf("a folder that cannot be written: %d %s", code, errs)
	}
}

// TestReportUnasked says which command asks about tokens: it is no flag.
func TestReportUnasked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, filepath.Join(t.TempDir(), "fleet.db"))
	w.run("add", w.urls[0])
	w.run(w.work("--until-idle", "--role", "scan")...)
	if _, out, _ := w.run("report"); !strings.Contains(out, "r8scan-fleet run asks") || strings.Contains(out, "--verify") {
		t.Errorf("report:\n%s", out)
	}
}
