package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"r8scan/internal/git/gittest"
	"r8scan/scanner"
)

// serveRepositories serves the repositories below a folder over http. URL is the
// server's address, SLOW that of one that sends a little at a time, and URLS that of one
// with TLS, whose certificate is in the file CA: serve FOLDER.
func serveRepositories(ts *testscript.TestScript, neg bool, args []string) {
	handler, err := gittest.Backend(ts.MkAbs(arg(ts, neg, args, 1)[0]))
	if err != nil {
		ts.Fatalf("%v", err)
	}
	servers := map[string]*httptest.Server{"URL": httptest.NewServer(handler), "URLS": httptest.NewTLSServer(handler),
		"SLOW": httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			handler.ServeHTTP(&trickle{w}, r)
		}))}
	for name, server := range servers {
		ts.Defer(server.Close)
		ts.Setenv(name, server.URL)
	}
	ca := ts.MkAbs("ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: servers["URLS"].Certificate().Raw})
	ts.Check(os.WriteFile(ca, text, 0o600))
	ts.Setenv("CA", ca)
}

// trickle sends a little at a time.
type trickle struct{ http.ResponseWriter }

func (w *trickle) Write(b []byte) (n int, err error) {
	for part := range slices.Chunk(b, 500) {
		k, err := w.ResponseWriter.Write(part)
		if n += k; err != nil {
			return n, err
		}
		if err := http.NewResponseController(w.ResponseWriter).Flush(); err != nil {
			return n, err
		}
		time.Sleep(100 * time.Microsecond)
	}
	return n, nil
}

// TestRemoteKilled: of what a server sent nothing is left on disk when the process is
// killed while it arrives.
func TestRemoteKilled(t *testing.T) {
	git, served, tmp := gittest.New(t), t.TempDir(), t.TempDir()
	noise := make([]byte, 32<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	git.Write("noise", string(noise))
	git.Git("add", ".")
	git.Git("commit", "-qm", "one")
	git.Git("clone", "-q", "--mirror", ".", filepath.Join(served, "repo.git"))
	half := make(chan bool)
	url := gittest.Serve(t, served, false, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&halting{w, len(noise) / 2, r.Context(), half}, r)
		})
	}).URL + "/repo.git"
	var errs bytes.Buffer
	cmd := &exec.Cmd{Path: os.Args[0], Args: []string{"r8scan", "history", url}, Stderr: &errs,
		Env: append(os.Environ(), "TMPDIR="+tmp, "TMP="+tmp, "HOME="+tmp, "XDG_CACHE_HOME="+tmp, "LocalAppData="+tmp)}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-half
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || errs.Len() > 0 {
		t.Fatalf("it was not killed: %v, %s", err, &errs)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// halting stops after so many bytes, says so, and waits until the client is gone.
type halting struct {
	http.ResponseWriter
	left int
	gone context.Context
	said chan bool
}

func (w *halting) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	if w.left -= n; w.left <= 0 {
		w.said <- true
		<-w.gone.Done()
		return n, w.gone.Err()
	}
	return n, err
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
