package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
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
