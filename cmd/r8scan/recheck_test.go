package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"r8scan/internal/ask"
	"r8scan/rules"
)

// states returns the state of each token of a recheck, by token id.
func states(t *testing.T, out string) map[string]string {
	t.Helper()
	var doc ask.RecheckDocument
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	m := map[string]string{}
	for _, tok := range doc.Tokens {
		m[tok.Token[:5]] = tok.State
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
	wantAll(t, out, "state    live", "account  user ada", "disable it at "+rules.TokensPage+" as ada", "no action needed")
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
	got := states(t, string(text))
	if got[old[:5]] != ask.Revoked || got[now[:5]] != ask.Unknown || got[file[:5]] != ask.Revoked {
		t.Errorf("states %v", got)
	}
	assertNoToken(t, string(text)+errs, old, now, file)

	newFakeAPI(t, nil)
	code, out, errs = runCommand(t, "", "recheck", saved, "--dir", dir)
	if code != exitClean || !strings.Contains(errs, "0 live, 3 revoked") {
		t.Errorf("exit %d: %s", code, errs)
	}
	wantAll(t, out, "revoked since")
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
	got := states(t, out)
	if code != exitFound || got[kept[:5]] != ask.Live || got[gone[:5]] != ask.Gone || got[edited[:5]] != ask.Gone {
		t.Errorf("exit %d, states %v: %s", code, got, errs)
	}
	newFakeAPI(t, nil)
	code, out, errs = runCommand(t, saved, "recheck", "-")
	if code != exitIncomplete {
		t.Errorf("exit %d: %s", code, errs)
	}
	wantAll(t, out, "removing it did not disable it", "state    revoked")

	_, saved, _ = runCommand(t, kept, "files", "-", "-f", "json")
	code, out, _ = runCommand(t, saved, "recheck", "-")
	if code != exitIncomplete {
		t.Errorf("exit %d", code)
	}
	wantAll(t, out, "state    not found", "not read: standard input")
	_, saved, _ = runCommand(t, "", "files", "edited.txt", "-f", "json")
	if code, _, errs := runCommand(t, saved, "recheck", "-"); code != exitClean || !strings.Contains(errs, "no token was sent") {
		t.Errorf("a clean result: exit %d: %s", code, errs)
	}
}

func TestRecheckUsage(t *testing.T) {
	_, dir := sickbed(t)
	writeFile(t, filepath.Join(dir, "bad.json"), `{"schema":"other/1"}`, 0o600)
	for want, args := range map[string][]string{
		"takes one result": nil, "name a file that": {"missing.json"}, "scan again with": {"bad.json"}, "text or json": {"bad.json", "-f", "xml"},
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
