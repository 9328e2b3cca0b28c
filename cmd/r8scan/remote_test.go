package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"r8scan/internal/git/gittest"
	"r8scan/scanner"
)

// serveRepositories serves the repositories below a folder over http. URL is the
// server's address, and URLS that of one with TLS: serve FOLDER.
func serveRepositories(ts *testscript.TestScript, neg bool, args []string) {
	handler, err := gittest.Backend(ts.MkAbs(arg(ts, neg, args, 1)[0]))
	if err != nil {
		ts.Fatalf("%v", err)
	}
	for name, start := range map[string]func(http.Handler) *httptest.Server{"URL": httptest.NewServer, "URLS": httptest.NewTLSServer} {
		server := start(handler)
		ts.Defer(server.Close)
		ts.Setenv(name, server.URL)
	}
}

// TestRemoteTorture scans the repositories that the torture test damages, whole, on a
// server and on disk. The findings must be the same.
func TestRemoteTorture(t *testing.T) {
	cloned := 0
	for _, base := range tortureBases(t) {
		t.Run(base.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "mirror.git")
			git := gittest.New(t)
			if _, err := git.Try("", "-c", "safe.directory=*", "clone", "-q", "--mirror", "--no-local", "--", base.audit, dir); err != nil {
				t.Log(err) // such as one with reftables, by an older git
				return
			}
			cloned++
			url := gittest.Serve(t, filepath.Dir(dir), false, nil).URL + "/mirror.git"
			var texts []string
			for _, path := range []string{dir, url} {
				res, err := scanner.History(context.Background(), path, scanner.Options{})
				if err != nil {
					t.Fatal(err)
				}
				text, err := json.MarshalIndent([]any{res.Findings, res.Allowed, res.LeftOut, res.Coverage.Objects, res.Coverage.Bytes, res.Coverage.Commits}, "", " ")
				if err != nil {
					t.Fatal(err)
				}
				texts = append(texts, string(text))
			}
			if texts[0] != texts[1] {
				t.Errorf("on a server:\n%s\non disk:\n%s", texts[1], texts[0])
			}
		})
	}
	if cloned < 5 {
		t.Errorf("only %d repositories were compared", cloned)
	}
}

// TestRecheckRemote makes sure that the tokens of a repository on a server are found
// there again, and that one whose server is gone is not called revoked.
func TestRecheckRemote(t *testing.T) {
	home, _ := sickbed(t)
	git, served := gittest.New(t), t.TempDir()
	live, gone := seededToken(1), seededToken(2)
	git.Write("app.py", live+" "+gone)
	git.Git("add", ".")
	git.Git("commit", "-qm", "one")
	mirror := filepath.Join(served, "repo.git")
	git.Git("clone", "-q", "--mirror", ".", mirror)
	url := gittest.Serve(t, served, false, nil).URL + "/repo.git"
	saved := filepath.Join(home, "leak.json")
	if code, _, errs := runCommand(t, "", "history", url, "-f", "json", "-o", saved); code != exitFound {
		t.Fatalf("exit %d: %s", code, errs)
	}
	newFakeAPI(t, map[string]fakeAnswer{live: liveAnswer})
	code, out, errs := runCommand(t, "", "recheck", saved)
	if code != exitFound || !strings.Contains(errs, "1 live, 1 revoked") {
		t.Errorf("exit %d: %s", code, errs)
	}
	wantAll(t, out, "now live: disable it as ada", "now revoked: no action needed")
	assertNoToken(t, out+errs, live, gone)

	if err := os.RemoveAll(mirror); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := runCommand(t, "", "recheck", saved); code != exitUsage || out != "" || !strings.Contains(errs, "there is no such repository (404)") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
}

// TestVerifyRemoteAgain makes sure that tokens that are remembered without their values
// are read again to be asked about.
func TestVerifyRemoteAgain(t *testing.T) {
	sickbed(t)
	git, live := gittest.New(t), seededToken(1)
	git.Write("app.py", live)
	git.Git("add", ".")
	git.Git("commit", "-qm", "one")
	url := gittest.Serve(t, filepath.Dir(git.GitDir()), false, nil).URL + "/.git"
	newFakeAPI(t, map[string]fakeAnswer{live: liveAnswer})
	for _, args := range [][]string{{"history", url}, {"history", url}, {"scan", url, "--verify"}, {"audit", url, "--verify"}, {"history", url, "--verify", "--fail-on", "live"}} {
		code, out, errs := runCommand(t, "", args...)
		if asked := len(args) > 2; code != exitFound || strings.Contains(out+errs, "1 live") != asked {
			t.Errorf("%v: exit %d: %s%s", args[2:], code, out, errs)
		}
		assertNoToken(t, out+errs, live)
	}
}
