package main

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"r8scan/internal/git/gittest"
)

// hub is a small GitHub: git repositories, and the API for o/app.
type hub struct {
	git   http.Handler
	url   string // of the server itself
	other string // of another host, which serves files

	mu      sync.Mutex
	answers map[string]any    // JSON, by path below the repository
	files   map[string][]byte // on the other host
	log     io.Writer
}

// serveGitHub serves the repositories below a folder, with the API of one of them and the
// script's tokens in its texts: github FOLDER. URL is its address. What is asked, and
// not answered with 304, is in the file requests.
func serveGitHub(ts *testscript.TestScript, neg bool, args []string) {
	git, err := gittest.Backend(ts.MkAbs(arg(ts, neg, args, 1)[0]))
	ts.Check(err)
	log, err := os.Create(filepath.Join(ts.MkAbs("."), "requests"))
	ts.Check(err)
	h := &hub{git: git, log: log}
	server, other := httptest.NewServer(h), httptest.NewServer(http.HandlerFunc(h.serveFile))
	ts.Defer(func() { server.Close(); other.Close(); _ = log.Close() })
	h.url, h.other = server.URL, other.URL
	ts.Setenv("URL", server.URL)
	h.fill(ts.Getenv)
}

// fill makes the texts.
func (h *hub) fill(getenv func(string) string) {
	page, api := h.url+"/o/app", h.url+"/api/v3/repos/o/app"
	recently := time.Now().UTC().Add(-time.Hour).Format(time.RFC3339)
	const long = "2024-01-01T00:00:00Z"
	h.files = map[string][]byte{
		"/asset.zip": zipWith("src/.env", "KEY="+getenv("tok_c")),
		"/named":     []byte("nothing"),
		"/log.zip":   zipWith("build/1_test.txt", "a\r\nb\r\ntoken "+getenv("tok_d")+"\r\n"),
		"/bomb.zip":  zipWith("zeros", strings.Repeat("0", 80<<20)),
	}
	h.answers = map[string]any{
		"": map[string]any{"full_name": "o/app", "has_issues": true, "has_wiki": true, "has_discussions": false},
		"/issues": []any{map[string]any{"id": 1, "node_id": "I_1", "number": 1, "url": api + "/issues/1", "html_url": page + "/issues/1", "title": "it \x1b[2J fails", "body": "I use\r\n" + getenv("tok_a") + "\r\nhere", "created_at": long, "updated_at": long},
			map[string]any{"id": 8, "node_id": "I_8", "number": 8, "url": api + "/issues/8", "html_url": page + "/issues/8", "title": "long", "created_at": long, "updated_at": long,
				"body": strings.Repeat("x y\r\n", 13000) + "=> " + base64.StdEncoding.EncodeToString([]byte("key "+getenv("tok_working")))}},
		"/issues/comments": []any{map[string]any{"id": 2, "node_id": "IC_2", "url": api + "/issues/comments/2", "html_url": page + "/pull/3#issuecomment-2", "issue_url": api + "/issues/3", "body": "edited", "created_at": long, "updated_at": "2024-01-02T00:00:00Z"}},
		"/pulls/comments":  []any{}, "/comments": []any{},
		"/releases": []any{map[string]any{"id": 4, "url": api + "/releases/4", "html_url": page + "/releases/tag/v1", "tag_name": "v1", "body": "notes",
			"assets": []any{map[string]any{"id": 44, "url": api + "/files/asset.zip", "name": "app.zip", "updated_at": long},
				map[string]any{"id": 45, "url": api + "/files/named", "name": "\x1b[2J" + getenv("tok_filename"), "updated_at": long}}}},
		"/actions/runs":      map[string]any{"total_count": 1, "workflow_runs": []any{map[string]any{"id": 5, "run_attempt": 1, "status": "completed", "html_url": page + "/actions/runs/5", "created_at": recently}}},
		"/actions/artifacts": map[string]any{"total_count": 2, "artifacts": []any{map[string]any{"id": 6, "name": "logs", "expired": true}, map[string]any{"id": 7, "name": "bomb", "workflow_run": map[string]any{"id": 5}}}},
		"nodes": map[string]any{"data": map[string]any{"nodes": []any{map[string]any{"id": "IC_2", "body": "edited", "updatedAt": "2024-01-02T00:00:00Z", "userContentEdits": map[string]any{"totalCount": 2, "nodes": []any{
			map[string]any{"diff": "edited", "editedAt": "2024-01-02T00:00:00Z"}, map[string]any{"diff": "was " + getenv("tok_b"), "editedAt": long}}}},
			map[string]any{"id": "I_1", "updatedAt": long, "body": "I use\r\n" + getenv("tok_a") + "\r\nhere"}}}},
		"pullRequests": map[string]any{"data": map[string]any{"repository": map[string]any{"list": map[string]any{"nodes": []any{}}}}},
	}
}

func zipWith(name, text string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err != nil || z.Close() != nil {
		panic("no zip")
	}
	return b.Bytes()
}

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	path, isAPI := strings.CutPrefix(r.URL.Path, "/api/v3/repos/o/app")
	switch {
	case r.URL.Path == "/api/graphql":
		query, _ := io.ReadAll(r.Body)
		for _, name := range []string{"nodes", "pullRequests"} {
			if strings.Contains(string(query), name+"(") {
				h.answer(w, r, "graphql "+name, h.answers[name])
				return
			}
		}
	case !isAPI:
		h.git.ServeHTTP(w, r)
	case r.Header.Get("Authorization") != "Bearer hubtoken" && strings.HasPrefix(path, "/actions"):
		w.WriteHeader(http.StatusForbidden)
	case path == "/actions/runs/5/attempts/1/logs":
		http.Redirect(w, r, h.other+"/log.zip", http.StatusFound)
	case path == "/actions/artifacts/7/zip":
		http.Redirect(w, r, h.other+"/bomb.zip", http.StatusFound)
	case strings.HasPrefix(path, "/files/"):
		http.Redirect(w, r, h.other+strings.TrimPrefix(path, "/files"), http.StatusFound)
	case h.answers[path] != nil:
		h.answer(w, r, path, h.answers[path])
	default:
		http.NotFound(w, r)
	}
}

func (h *hub) answer(w http.ResponseWriter, r *http.Request, name string, value any) {
	if body := tagged(w, r, value); body != nil {
		fmt.Fprintln(h.log, name)
		_, _ = w.Write(body)
	}
}

// tagged sends the ETag of a value, and returns the JSON to send after it. Who has that
// value gets a 304, and nothing is left to send.
func tagged(w http.ResponseWriter, r *http.Request, value any) []byte {
	body, _ := json.Marshal(value)
	sum := fnv.New64a()
	_, _ = sum.Write(body)
	etag := fmt.Sprintf(`"%x"`, sum.Sum64())
	w.Header().Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return body
}

// serveFile is the other host, which must not get the token.
func (h *hub) serveFile(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	fmt.Fprintln(h.log, "file "+r.URL.Path)
	if r.Header.Get("Authorization") != "" {
		fmt.Fprintln(h.log, "CREDENTIALS")
	}
	_, _ = w.Write(h.files[r.URL.Path])
}

// TestRecheckTexts makes sure that a token in a text beside a repository is found there
// again, and asked about.
func TestRecheckTexts(t *testing.T) {
	home, _ := sickbed(t)
	git, served := gittest.New(t), t.TempDir()
	git.Write("app.py", "print(1)")
	git.Git("add", ".")
	git.Git("commit", "-qm", "one")
	git.Git("clone", "-q", "--mirror", ".", filepath.Join(served, "o", "app"))
	backend, err := gittest.Backend(served)
	if err != nil {
		t.Fatal(err)
	}
	live := seededToken(1)
	h := &hub{git: backend, log: io.Discard}
	server := httptest.NewServer(h)
	defer server.Close()
	h.url = server.URL
	h.fill(func(name string) string {
		if name == "tok_a" {
			return live
		}
		return "none"
	})
	saved := filepath.Join(home, "leak.json")
	code, _, errs := runCommand(t, "", "scan", server.URL+"/o/app", "--texts", "-f", "json", "-o", saved)
	if code != exitFound {
		t.Fatalf("exit %d: %s", code, errs)
	}
	newFakeAPI(t, map[string]fakeAnswer{live: liveAnswer})
	code, out, errs := runCommand(t, "", "recheck", saved)
	if code != exitFound || !strings.Contains(errs, "1 live") {
		t.Errorf("exit %d: %s", code, errs)
	}
	wantAll(t, out, "now live", "/o/app/issues/1")
	assertNoToken(t, out+errs, live)
}
