package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"r8scan/report"
)

// TestScanVerifies scans three tokens, one of them in two files, with each flag about
// Replicate's answer.
func TestScanVerifies(t *testing.T) {
	good, gone, page := seededToken(1), seededToken(2), seededToken(3)
	folder := t.TempDir()
	for name, text := range map[string]string{"a.env": good, "b.env": good + "\n" + gone, "c.env": page} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("T="+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all, revoked := []string{folder}, []string{filepath.Join(folder, "r.env")}
	unclear := []string{filepath.Join(folder, "c.env")}
	if err := os.WriteFile(revoked[0], []byte(gone), 0o600); err != nil {
		t.Fatal(err)
	}
	api := newFakeAPI(t, map[string]fakeAnswer{good: liveAnswer, page: {403, "<html>"}})
	for _, c := range []struct {
		name  string
		paths []string
		flags []string
		code  int
		out   []string
		err   []string
	}{
		{"without", all, nil, exitFound, nil, []string{"3 tokens in 5 places"}},
		{"verify", all, []string{"--verify"}, exitFound, []string{"Live, not in git", "user ada (Ada L.)", "Revoked: nothing to disable (1 token)", "Not known whether live, not in git", "HTTP 403"}, []string{"asked 127.0.0.1", "1 live, 1 revoked, 1 unknown", "not stored or logged"}},
		{"live counts", all, []string{"--verify", "--fail-on", "live"}, exitFound, nil, nil},
		{"revoked does not", revoked, []string{"--verify", "--fail-on", "live"}, exitClean, []string{"Revoked: nothing to disable (1 token)"}, nil},
		{"revoked counts as any", revoked, []string{"--verify"}, exitFound, nil, nil},
		{"not known", unclear, []string{"--verify", "--fail-on", "live"}, exitIncomplete, []string{"Not known whether live"}, nil},
		{"none counts", all, []string{"--verify", "--fail-on", "none"}, exitClean, []string{"live"}, nil},
		{"none, not asked", all, []string{"--fail-on=none"}, exitClean, nil, nil},
		{"json", all, []string{"--verify", "-f", "json"}, exitFound, []string{`"status": "live"`, `"username": "ada"`, `"handling": "sent to no other host; not stored, not logged"`, `"checked_at": "20`}, nil},
		{"jsonl", all, []string{"--verify", "-f", "jsonl"}, exitFound, []string{`"asked":{"host":"127.0.0.1`}, nil},
		{"sarif", all, []string{"--verify", "-f", "sarif"}, exitFound, []string{`"level": "error"`, `"level": "note"`, "Replicate says that it is 'live', a token of the user 'ada'."}, nil},
		{"live without verify", all, []string{"--fail-on", "live"}, exitUsage, nil, []string{"needs --verify"}},
		{"only live", all, []string{"--verify", "--only-live"}, exitFound, []string{"1 token to take out", "2 more tokens not listed, as --only-live asks: 1 revoked, 1 unknown."}, []string{"3 tokens in 5 places; read"}},
		{"only live, json", all, []string{"--verify", "--only-live", "-f", "json"}, exitFound, []string{`"status": "live"`, "\"not_listed\": {\n    \"revoked\": 1,\n    \"unknown\": 1\n  }"}, nil},
		{"only live, none is", revoked, []string{"--verify", "--only-live"}, exitFound, []string{"No token to disable now.", "1 more token not listed"}, nil},
		{"only live without verify", all, []string{"--only-live"}, exitUsage, nil, []string{"needs --verify"}},
		{"bad fail-on", all, []string{"--fail-on", "maybe"}, exitUsage, nil, []string{"use any, live or none"}},
		{"bad url", all, []string{"--verify", "--api-url", "http://example.com"}, exitUsage, nil, []string{"plain http"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := api.requests(good)
			code, out, errs := runCommand(t, "", slices.Concat([]string{"files"}, c.paths, c.flags)...)
			if code != c.code {
				t.Errorf("exit %d, want %d: %s", code, c.code, errs)
			}
			for _, want := range c.out {
				if !strings.Contains(out, want) {
					t.Errorf("no %q in:\n%s", want, out)
				}
			}
			for _, want := range c.err {
				if !strings.Contains(errs, want) {
					t.Errorf("no %q in:\n%s", want, errs)
				}
			}
			assertNoToken(t, out+errs, good, gone, page)
			asked := 0
			if slices.Contains(c.flags, "--verify") && code != exitUsage && slices.Equal(c.paths, all) {
				asked = 1
			}
			if got := api.requests(good) - before; got != asked {
				t.Errorf("%d requests for a token, want %d", got, asked)
			}
		})
	}
}

// TestScanAtUntrustedServer makes sure that a server that accepts everything gets no
// token, and makes none live.
func TestScanAtUntrustedServer(t *testing.T) {
	token := seededToken(1)
	newFakeAPI(t, nil)
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("Authorization"))
		_, _ = w.Write([]byte(liveAnswer.body))
	}))
	t.Cleanup(s.Close)
	code, out, errs := runCommand(t, token, "files", "-", "--verify", "--fail-on", "live", "--api-url", s.URL, "-f", "json")
	doc, err := report.Read(strings.NewReader(out))
	if err != nil || code != exitIncomplete {
		t.Fatalf("exit %d, %v: %s", code, err, errs)
	}
	v := doc.Findings[0].Verification
	if v.Status != report.StatusUnknown || !strings.Contains(v.Reason, "accepts a fake token") || !v.CheckedAt.IsZero() {
		t.Errorf("%+v", v)
	}
	if doc.Asked.Sent != 0 || !strings.Contains(errs, "no token was sent") {
		t.Errorf("%+v: %s", doc.Asked, errs)
	}
	if len(got) != 1 || strings.Contains(got[0], token) {
		t.Errorf("%d requests, with the token: %v", len(got), len(got) > 0 && strings.Contains(got[0], token))
	}
}

// TestRecheckAtUntrustedServer makes sure that recheck does not claim to have sent
// tokens if it sent none.
func TestRecheckAtUntrustedServer(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(liveAnswer.body))
	}))
	t.Cleanup(s.Close)
	folder := t.TempDir()
	leak, saved := filepath.Join(folder, "leak.env"), filepath.Join(folder, "r.json")
	if err := os.WriteFile(leak, []byte(seededToken(1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := runCommand(t, "", "files", leak, "-f", "json", "-o", saved); code != exitFound {
		t.Fatalf("exit %d: %s", code, errs)
	}
	code, out, errs := runCommand(t, "", "recheck", saved, "--api-url", s.URL)
	if code != exitIncomplete || !strings.Contains(out, "accepts a fake token") || !strings.Contains(errs, "1 unknown") || !strings.Contains(errs, "no token was sent") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
}

// TestScannedFolderCannotTurnOnVerifying makes sure that no file in a scanned folder
// decides where tokens are sent.
func TestScannedFolderCannotTurnOnVerifying(t *testing.T) {
	token := seededToken(1)
	api := newFakeAPI(t, map[string]fakeAnswer{token: liveAnswer})
	folder := t.TempDir()
	for _, tt := range []struct {
		name, text string
		want       int
	}{
		{".env", "R8SCAN_API_URL=" + api.URL + "\nREPLICATE_API_TOKEN=" + token + "\n", exitFound},
		{".r8scan.yaml", "verify: true\n", exitUsage}, // refused, not ignored
		{".r8scan.yaml", "api-url: " + api.URL + "\n", exitUsage},
	} {
		writeFile(t, filepath.Join(folder, tt.name), tt.text, 0o600)
		for _, flag := range []string{"-q", "--verify"} {
			if flag == "--verify" && tt.want == exitFound {
				continue // the user asked for it, and it goes to Replicate
			}
			if code, _, errs := runCommand(t, "", "files", folder, flag); code != tt.want || api.requests(token) != 0 {
				t.Errorf("%s: exit %d, %d requests: %s", tt.text, code, api.requests(token), errs)
			}
		}
	}
}
