package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"r8scan/internal/ask"
	"r8scan/internal/git/gittest"
	"r8scan/report"
	"r8scan/rules"
	"r8scan/scanner"
	"r8scan/verifier"
)

// rechecks returns what became of each token of a recheck, as "status state", by
// the token's mask, and checks that the result says the same in every format when
// it is read again.
func rechecks(t *testing.T, out string) map[string]string {
	t.Helper()
	doc, err := report.Read(strings.NewReader(out))
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	m := map[string]string{}
	for _, f := range doc.Findings {
		m[f.Token[:5]] = string(f.Verification.Status) + " " + string(f.Recheck.State)
	}
	if code, again, errs := runCommand(t, out, "report", "-f", "json"); code != exitClean || again != out {
		t.Errorf("exit %d: read again it is %s%s, not %s", code, again, errs, out)
	}
	return m
}

// TestRecheckRepository makes sure that a token that only an old commit has is found
// again, and that recheck ends with 0 once all are revoked.
func TestRecheckRepository(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git to make a repository with")
	}
	home, dir := sickbed(t)
	git := func(args ...string) {
		t.Helper()
		args = append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@b"}, args...)
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	old, now, file := seededToken(1), seededToken(2), seededToken(3)
	writeFile(t, filepath.Join(dir, "app.py"), old, 0o600)
	git("init", "-q")
	git("add", ".")
	git("commit", "-qm", "one")
	writeFile(t, filepath.Join(dir, "app.py"), now, 0o600)
	git("commit", "-qam", "two")
	writeFile(t, filepath.Join(dir, "notes"), file, 0o600)
	newFakeAPI(t, map[string]fakeAnswer{old: liveAnswer, now: liveAnswer})
	saved := filepath.Join(home, "leak.json")
	if code, _, errs := runCommand(t, "", "audit", "--verify", "-f", "json", "-o", saved); code != exitFound {
		t.Fatalf("exit %d: %s", code, errs)
	}
	// A token that is allowed since then is still live.
	writeFile(t, filepath.Join(dir, ".r8scan.yaml"), "rules: {off: [replicate-api-token]}\n", 0o600)
	writeFile(t, filepath.Join(dir, "notes"), file+" r8scan:allow", 0o600)
	code, out, errs := runCommand(t, "", "recheck", saved)
	if code != exitFound || !strings.Contains(errs, "2 live, 1 revoked") {
		t.Errorf("exit %d: %s", code, errs)
	}
	wantAll(t, out, "and still is: disable it as ada at "+rules.TokensPage+", then recheck", "user ada (Ada L.)", "and still is: no action needed")
	assertNoToken(t, out+errs, old, now, file)

	// One is disabled now, one gets no clear answer, a revoked one is deleted.
	newFakeAPI(t, map[string]fakeAnswer{now: {403, "<html>"}})
	if err := os.Remove(filepath.Join(dir, "notes")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(home)
	after := filepath.Join(home, "after.json")
	code, out, errs = runCommand(t, "", "recheck", saved, "--dir", dir, "-f", "json", "-o", after)
	if code != exitIncomplete || out != "" {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	text, err := os.ReadFile(after)
	if err != nil {
		t.Fatal(err)
	}
	got := rechecks(t, string(text))
	if got[old[:5]] != "revoked there" || got[now[:5]] != "unknown there" || got[file[:5]] != "revoked gone" {
		t.Errorf("got %v", got)
	}
	assertNoToken(t, string(text)+errs, old, now, file)

	newFakeAPI(t, nil)
	code, out, errs = runCommand(t, "", "recheck", saved, "--dir", dir)
	if code != exitClean || !strings.Contains(errs, "0 live, 3 revoked") {
		t.Errorf("exit %d: %s", code, errs)
	}
	wantAll(t, out, "was live on 20", ", now revoked (user ada): no action needed")
	code, _, errs = runCommand(t, "", "recheck", saved, "--dir", filepath.Join(home, "nowhere"))
	if code != exitUsage || !strings.Contains(errs, "--dir says where") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// TestRecheckFiles makes sure that a token that is gone is not called revoked.
func TestRecheckFiles(t *testing.T) {
	_, dir := sickbed(t)
	kept, gone, edited := seededToken(1), seededToken(2), seededToken(3)
	writeFile(t, filepath.Join(dir, "a b.txt"), kept, 0o600)
	writeFile(t, filepath.Join(dir, "sub", "gone.txt"), gone, 0o600)
	writeFile(t, filepath.Join(dir, "edited.txt"), edited, 0o600)
	newFakeAPI(t, map[string]fakeAnswer{kept: liveAnswer})
	_, saved, _ := runCommand(t, "", "files", "-f", "json")
	if err := os.RemoveAll(filepath.Join(dir, "sub")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "edited.txt"), "nothing", 0o600)
	code, out, errs := runCommand(t, saved, "recheck", "-", "-f", "json")
	got := rechecks(t, out)
	if code != exitFound || got[kept[:5]] != "live there" || got[gone[:5]] != "unknown gone" || got[edited[:5]] != "unknown gone" {
		t.Errorf("exit %d, %v: %s", code, got, errs)
	}
	newFakeAPI(t, nil)
	code, out, errs = runCommand(t, saved, "recheck", "-")
	if code != exitIncomplete {
		t.Errorf("exit %d: %s", code, errs)
	}
	wantAll(t, out, "now gone from its places: that does not disable it", "now revoked: no action needed")

	_, saved, _ = runCommand(t, kept, "files", "-", "-f", "json")
	code, out, errs = runCommand(t, saved, "recheck", "-")
	if code != exitIncomplete {
		t.Errorf("exit %d", code)
	}
	wantAll(t, out, "and its places could not be read")
	wantAll(t, errs, "standard input: what was read there is not kept", "0 live, 0 revoked, 1 unknown (1 in places that could not be read)")
	if code, _, errs := runCommand(t, saved, "recheck", "-", "--dir", "nowhere"); code != exitIncomplete {
		t.Errorf("exit %d: %s", code, errs)
	}
	_, saved, _ = runCommand(t, "", "files", "edited.txt", "-f", "json")
	if code, _, errs := runCommand(t, saved, "recheck", "-"); code != exitClean || !strings.Contains(errs, "no token was sent") {
		t.Errorf("a clean result: exit %d: %s", code, errs)
	}
}

func TestRecheckUsage(t *testing.T) {
	_, dir := sickbed(t)
	writeFile(t, filepath.Join(dir, "bad.json"), `{"schema":"other/1"}`, 0o600)
	for want, args := range map[string][]string{
		"takes one result": nil, "name a file that": {"missing.json"}, "scan again with": {"bad.json"}, "unknown format": {"bad.json", "-f", "xml"},
		"--jobs -1: use 1 to 1024": {"bad.json", "-j", "-1"}, "--jobs 5000: use 1 to 1024": {"bad.json", "-j", "5000"}, "plain http": {"bad.json", "--api-url", "http://example.com"}, "no schema": {"-"},
	} {
		input := "{}"
		if code, out, errs := runCommand(t, input, append([]string{"recheck"}, args...)...); code != exitUsage || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%v: exit %d: %s%s", args, code, out, errs)
		}
	}
}

// TestRecheckStaged makes sure that a token that was staged, and is now only in an
// object that nothing names, is found again.
func TestRecheckStaged(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git to make a repository with")
	}
	home, dir := sickbed(t)
	token := seededToken(1)
	writeFile(t, filepath.Join(dir, "app.py"), token, 0o600)
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}} {
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	saved := filepath.Join(home, "staged.json")
	if code, _, errs := runCommand(t, "", "staged", "-f", "json", "-o", saved); code != exitFound {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, path := range []string{"app.py", ".git/index"} {
		if err := os.Remove(filepath.Join(dir, path)); err != nil {
			t.Fatal(err)
		}
	}
	newFakeAPI(t, map[string]fakeAnswer{token: liveAnswer})
	if code, out, errs := runCommand(t, "", "recheck", saved); code != exitFound || !strings.Contains(errs, "1 live") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
}

// TestRecheckFormats: a recheck goes into any format, by the name of the file too,
// and what was saved of it gives the same.
func TestRecheckFormats(t *testing.T) {
	home, dir := sickbed(t)
	live, gone := seededToken(1), seededToken(2)
	writeFile(t, filepath.Join(dir, "a.txt"), live, 0o600)
	writeFile(t, filepath.Join(dir, "b.txt"), gone, 0o600)
	api := newFakeAPI(t, map[string]fakeAnswer{live: liveAnswer})
	_, saved, _ := runCommand(t, "", "files", "-f", "json")
	if err := os.Remove(filepath.Join(dir, "b.txt")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"after.md", "after.json", "after.sarif", "after.csv", "after.xml", "after.txt"} {
		path := filepath.Join(home, name)
		if code, out, errs := runCommand(t, saved, "recheck", "-", "-o", path); code != exitFound || out != "" {
			t.Errorf("%s: exit %d: %s%s", name, code, out, errs)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{".md": "## r8scan: 2 tokens found", ".json": `"schema": "r8scan/1"`, ".sarif": `"version": "2.1.0"`, ".csv": "token_id", ".xml": "<testsuite", ".txt": "2 tokens to take out of files"}[filepath.Ext(name)]
		wantAll(t, string(text), want)
		assertNoToken(t, string(text), live, gone)
	}
	from, err := ask.NewReplicate(api.URL, tool.Version, verifier.Config{})
	if err != nil {
		t.Fatal(err)
	}
	before, err := report.Read(strings.NewReader(saved))
	if err != nil {
		t.Fatal(err)
	}
	after, err := ask.Recheck(t.Context(), from, before, dir, scanner.Options{}, tool)
	if err != nil {
		t.Fatal(err)
	}
	in := func(format string) string {
		render, err := report.ByName(format)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := render(&b, after, report.Options{}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for _, format := range report.Formats() {
		if code, out, errs := runCommand(t, in("json"), "report", "-f", format); code != exitClean || out != in(format) {
			t.Errorf("%s: exit %d: %s%s, not %s", format, code, out, errs, in(format))
		}
	}
}

// TestRecheckAgain: a recheck of a recheck still tells that a token was live, and
// which scan it was that found it.
func TestRecheckAgain(t *testing.T) {
	_, dir := sickbed(t)
	token, path := seededToken(1), filepath.Join(dir, "a.txt")
	writeFile(t, path, token, 0o600)
	newFakeAPI(t, map[string]fakeAnswer{token: liveAnswer})
	_, saved, _ := runCommand(t, "", "files", "--verify", "-f", "json")
	scan, err := report.Read(strings.NewReader(saved))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	code, once, errs := runCommand(t, saved, "recheck", "-", "-f", "json")
	if got := rechecks(t, once); code != exitIncomplete || got[token[:5]] != "unknown gone" {
		t.Errorf("exit %d, %v: %s", code, got, errs)
	}
	writeFile(t, path, token, 0o600)
	newFakeAPI(t, nil)
	code, twice, errs := runCommand(t, once, "recheck", "-", "-f", "json")
	doc, err := report.Read(strings.NewReader(twice))
	if err != nil || code != exitClean {
		t.Fatalf("exit %d, %v: %s", code, err, errs)
	}
	f := doc.Findings[0]
	if f.Verification.Status != report.StatusRevoked || f.Recheck.Before.Status != report.StatusLive || f.Recheck.Before.Account.Username != "ada" || f.Recheck.Places != 1 {
		t.Errorf("%+v, %+v", f.Verification, f.Recheck)
	}
	if r := doc.Rechecked; !r.ScannedAt.Equal(scan.StartedAt) || r.ScannedBy != scan.Tool || !r.ScanComplete || r.Gone+r.Unread != 0 {
		t.Errorf("%+v", r)
	}
	if !reflect.DeepEqual(doc.Target, scan.Target) || doc.Asked.Revoked != 1 || doc.Coverage.Files != 1 {
		t.Errorf("%+v", doc.Run)
	}
}

// TestRecheckRepositoryGone: where the repository was there are files only, or
// nothing: nobody knows what its objects held.
func TestRecheckRepositoryGone(t *testing.T) {
	r := gittest.New(t)
	token := seededToken(1)
	r.Write("a.txt", token)
	r.Git("add", ".")
	r.Git("commit", "-qm", "one")
	r.Write("a.txt", "nothing")
	newFakeAPI(t, map[string]fakeAnswer{token: liveAnswer})
	_, saved, _ := runCommand(t, "", "audit", r.Dir, "-f", "json")
	if err := os.RemoveAll(filepath.Join(r.Dir, ".git")); err != nil {
		t.Fatal(err)
	}
	code, out, errs := runCommand(t, saved, "recheck", "-", "-f", "json")
	if got := rechecks(t, out); code != exitIncomplete || got[token[:5]] != "unknown unread" {
		t.Errorf("exit %d, %v: %s", code, got, errs)
	}
	if err := os.RemoveAll(r.Dir); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := runCommand(t, saved, "recheck", "-"); code != exitUsage || out != "" || !strings.Contains(errs, "does not exist") || !strings.Contains(errs, "--dir says where") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
}

// TestRecheckMany rechecks a result of 10,000 findings, of which one is still there,
// in each format.
func TestRecheckMany(t *testing.T) {
	_, dir := sickbed(t)
	const n = 10_000
	var leak strings.Builder
	for i := range n {
		leak.WriteString("T=" + gittest.Token(i) + "\n")
	}
	writeFile(t, filepath.Join(dir, "leak.txt"), leak.String(), 0o600)
	newFakeAPI(t, map[string]fakeAnswer{gittest.Token(0): liveAnswer})
	code, saved, errs := runCommand(t, "", "files", "-f", "json")
	if code != exitFound || !strings.Contains(errs, "10,000 tokens") {
		t.Fatalf("exit %d: %s", code, errs)
	}
	writeFile(t, filepath.Join(dir, "leak.txt"), "T="+gittest.Token(0)+"\n", 0o600)
	for _, format := range report.Formats() {
		if code, out, errs := runCommand(t, saved, "recheck", "-", "-f", format); code != exitFound || out == "" || !strings.Contains(errs, "1 live, 0 revoked, 9,999 unknown (9,999 gone from their places)") {
			t.Errorf("%s: exit %d: %s", format, code, errs)
		}
	}
}

// TestRecheckBadResults: what is damaged or too new is refused, and nothing written.
func TestRecheckBadResults(t *testing.T) {
	home, dir := sickbed(t)
	token := seededToken(1)
	writeFile(t, filepath.Join(dir, "a.txt"), token, 0o600)
	newFakeAPI(t, map[string]fakeAnswer{token: liveAnswer})
	_, saved, _ := runCommand(t, "", "files", "-f", "json")
	for _, tt := range []struct {
		name, text string
		code       int
		want       string
	}{
		{"cut short", saved[:len(saved)/2], exitUsage, "read result: unexpected end"},
		{"a newer schema", strings.Replace(saved, "r8scan/1", "r8scan/2", 1), exitUsage, `its schema is "r8scan/2"`},
		{"the former schema of rechecks", strings.Replace(saved, "r8scan/1", "r8scan-recheck/1", 1), exitUsage, `its schema is "r8scan-recheck/1"`},
		{"newer fields", strings.Replace(saved, `"schema"`, `"later": {"a": [1]}, "schema"`, 1), exitFound, "1 live"},
		{"an unmasked token", strings.Replace(saved, token[:5]+strings.Repeat("*", 35), token, 1), exitUsage, "token is not masked"},
	} {
		out := filepath.Join(home, tt.name+".json")
		code, _, errs := runCommand(t, tt.text, "recheck", "-", "-o", out)
		_, err := os.Stat(out)
		if code != tt.code || !strings.Contains(errs, tt.want) || (err == nil) != (code == exitFound) {
			t.Errorf("%s: exit %d, %v: %s", tt.name, code, err, errs)
		}
		assertNoToken(t, errs, token)
	}
}
