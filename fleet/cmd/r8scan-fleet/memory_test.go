package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"r8scan/fleet/store"
	"r8scan/internal/git/gittest"
)

// push adds a commit with a file to a repository of the world.
func (w *world) push(i int, path, text string) {
	w.t.Helper()
	dir := w.t.TempDir()
	r := &gittest.Repo{T: w.t, Dir: dir}
	r.Git("clone", "-q", filepath.Join(w.root, fmt.Sprintf("r%d.git", i)), ".")
	r.Write(path, text)
	r.Git("add", ".")
	r.Git("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "-qm", "more")
	r.Git("push", "-q", "origin", "HEAD:main")
}

// findings returns what the fleet keeps of each token in each repository.
func (w *world) findings() map[string]string {
	w.t.Helper()
	s, err := store.Open(context.Background(), w.db)
	if err != nil {
		w.t.Fatal(err)
	}
	defer s.Close()
	rows, err := s.DB.Query(`select repo.url, token, coalesce(gone, 0) > 0, body from finding join repo on repo.id = finding.repo`)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	got := map[string]string{}
	for rows.Next() {
		var url, token, body string
		var gone bool
		if err := rows.Scan(&url, &token, &gone, &body); err != nil {
			w.t.Fatal(err)
		}
		got[url+" "+token] = fmt.Sprint(gone, body)
	}
	return got
}

// traffic counts what the server of a world sends.
type traffic struct{ haves, bytes atomic.Int64 }

// count counts the requests that name what is known already, and the bytes of packs.
func (w *world) count() *traffic {
	n := &traffic{}
	w.mu.Lock() // the servers run
	w.wrap = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/git-upload-pack") {
				next.ServeHTTP(out, r)
				return
			}
			body, err := io.ReadAll(r.Body)
			if err != nil || bytes.Contains(body, []byte("have ")) {
				n.haves.Add(1)
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			answer := httptest.NewRecorder()
			next.ServeHTTP(answer, r)
			n.bytes.Add(int64(answer.Body.Len()))
			maps.Copy(out.Header(), answer.Header())
			out.WriteHeader(answer.Code)
			_, _ = out.Write(answer.Body.Bytes())
		})
	}
	w.mu.Unlock()
	return n
}

// TestMemory visits repositories that change a little: only what is new is sent, and the
// fleet knows the same as one that has just read everything.
func TestMemory(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		w := newWorld(t, distinct, database)
		n := w.count()
		var noise strings.Builder // that does not get smaller
		for i := range 1000 {
			fmt.Fprintf(&noise, "%x\n", sha256.Sum256([]byte{byte(i), byte(i >> 8)}))
		}
		w.push(0, "noise.txt", noise.String())
		w.run("add", "file:"+w.list())
		if code, _, errs := w.run(w.work("--until-idle", "--role", "scan")...); code != 0 {
			t.Fatalf("run: %d\n%s", code, errs)
		}
		whole := n.bytes.Load()
		if n.haves.Load() != 0 || w.query("select count(*) from memory") != distinct {
			t.Fatalf("%d requests with what is known, %d repositories remembered", n.haves.Load(), w.query("select count(*) from memory"))
		}
		for round := range 3 {
			token := gittest.Token(5000 + round)
			w.known = append(w.known, token)
			w.push(0, fmt.Sprintf("new%d.py", round), "x = '"+token+"'\n")
			w.push(3, fmt.Sprintf("clean%d.py", round), fmt.Sprintf("x = %d\n", round))
			w.push(4, "again.py", fmt.Sprintf("x = '%s' # %d\n", token, round))
			n.bytes.Store(0)
			n.haves.Store(0)
			w.query("update repo set due = 0 returning 1")
			if code, _, errs := w.run(w.work("--until-idle", "--role", "scan")...); code != 0 {
				t.Fatalf("run: %d\n%s", code, errs)
			}
			if n.haves.Load() != 3 || n.bytes.Load() > whole/4 {
				t.Errorf("round %d: %d requests with what is known, %d bytes, all of them are %d", round, n.haves.Load(), n.bytes.Load(), whole)
			}
			fresh := &world{t: t, urls: w.urls, known: w.known, api: w.api, db: filepath.Join(t.TempDir(), "fresh.db")}
			fresh.run("add", "file:"+w.list())
			if code, _, errs := fresh.run(w.work("--until-idle", "--role", "scan")...); code != 0 {
				t.Fatalf("run: %d\n%s", code, errs)
			}
			if got, want := w.findings(), fresh.findings(); !maps.Equal(got, want) {
				t.Fatalf("round %d: the fleet knows\n%v\na new one\n%v", round, got, want)
			}
		}
		w.remembered()
	})
}

// remembered checks that nothing is remembered of what is forgotten, or was not committed.
func (w *world) remembered() {
	w.t.Helper()
	if files, _ := filepath.Glob(w.db + "*"); len(files) > 0 {
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				w.t.Fatal(err)
			}
			w.noToken(file, text)
		}
	}
	before := w.query("select sum(length(body)) from memory")
	w.push(6, "crash.py", "x = 1\n")
	w.query("update repo set due = 0 returning 1")
	w.wait(w.start(programs.crashing, []string{"R8SCAN_FLEET_CRASH=3"}, w.work("--role", "scan")...), time.Minute)
	if after := w.query("select sum(length(body)) from memory"); after != before {
		w.t.Errorf("%d bytes are remembered after a crash, %d before", after, before)
	}
	if code, _, errs := w.run(w.work("--until-idle", "--role", "scan")...); code != 0 {
		w.t.Fatalf("run: %d\n%s", code, errs)
	}
	_, tokens, _ := w.run("tokens")
	id, _, _ := strings.Cut(tokens, " ")
	holders := w.query("select count(*) from finding where token = '" + id + "'")
	if code, _, errs := w.run("forget", id); code != 0 || holders == 0 || w.query("select count(*) from memory") != distinct-holders {
		w.t.Errorf("forget a token of %d repositories: %d %s, %d remembered", holders, code, errs, w.query("select count(*) from memory"))
	}
	w.run("forget", w.urls[1])
	if n := w.query("select count(*) from memory where repo not in (select id from repo)"); n != 0 || w.query("select count(*) from memory") != distinct-holders-1 {
		w.t.Errorf("a forgotten repository is remembered")
	}
}
