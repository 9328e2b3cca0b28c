package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	tarlayer "github.com/google/go-containerregistry/pkg/v1/tarball"

	"r8scan/internal/git/gittest"
	"r8scan/report"
)

// organization is a small GitHub with the organization acme: repositories behind git's own
// server, the API that lists them and their texts, and a registry.
type organization struct {
	git, images http.Handler

	mu     sync.Mutex
	names  []string         // of its repositories
	issues map[string][]any // by repository
	sent   []string         // what was sent that may be large: lists and texts, packs, layers
}

func (o *organization) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, isAPI := strings.CutPrefix(r.URL.Path, "/api/v3")
	switch {
	case strings.HasPrefix(r.URL.Path, "/v2/"):
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
			o.note("blob " + r.URL.Path)
		}
		o.images.ServeHTTP(w, r)
	case r.URL.Path == "/api/graphql":
		o.graphql(w, r)
	case isAPI:
		o.mu.Lock()
		value := o.answer(path, r)
		o.mu.Unlock()
		o.write(w, r, value)
	default:
		body, err := io.ReadAll(r.Body)
		if err != nil || bytes.Contains(body, []byte("want ")) {
			o.note("pack " + r.URL.Path)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		o.git.ServeHTTP(w, r)
	}
}

// graphql answers with the texts whose ids are asked for, and with empty lists.
func (o *organization) graphql(w http.ResponseWriter, r *http.Request) {
	query, err := io.ReadAll(r.Body)
	o.mu.Lock()
	defer o.mu.Unlock()
	nodes := []any{}
	for _, issues := range o.issues {
		for _, issue := range issues {
			if issue := issue.(map[string]any); err == nil && bytes.Contains(query, []byte(fmt.Sprintf("%q", issue["node_id"]))) {
				nodes = append(nodes, map[string]any{"id": issue["node_id"], "updatedAt": issue["updated_at"], "body": issue["body"], "title": issue["title"]})
			}
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{"nodes": nodes, "repository": map[string]any{"list": map[string]any{"nodes": []any{}}}}})
}

func (o *organization) note(sent string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent = append(o.sent, sent)
}

// answer returns what the API answers for a path, nil for 404.
func (o *organization) answer(path string, r *http.Request) any {
	site := "http://" + r.Host
	if path == "/orgs/acme/repos" {
		list := []any{}
		for _, name := range o.names {
			list = append(list, map[string]any{"full_name": "acme/" + name, "clone_url": site + "/acme/" + name + ".git", "fork": strings.HasPrefix(name, "fork"), "archived": strings.HasPrefix(name, "old")})
		}
		return list
	}
	name, rest, _ := strings.Cut(strings.TrimPrefix(path, "/repos/acme/"), "/")
	switch {
	case !strings.HasPrefix(path, "/repos/acme/"):
		return nil
	case rest == "":
		return map[string]any{"full_name": "acme/" + name, "has_issues": true, "has_wiki": false, "has_discussions": false}
	case rest == "issues" && o.issues[name] != nil:
		return o.issues[name]
	case rest == "actions/runs":
		return map[string]any{"total_count": 0, "workflow_runs": []any{}}
	case rest == "actions/artifacts":
		return map[string]any{"total_count": 0, "artifacts": []any{}}
	}
	return []any{}
}

func (o *organization) write(w http.ResponseWriter, r *http.Request, value any) {
	if value == nil {
		http.NotFound(w, r)
		return
	}
	if body := tagged(w, r, value); body != nil {
		o.note("answer " + r.URL.Path)
		_, _ = w.Write(body)
	}
}

// issue adds an issue to a repository.
func (o *organization) issue(site, repository string, number int, body string) {
	const at = "2024-01-01T00:00:00Z"
	o.issues[repository] = append(o.issues[repository], map[string]any{"id": number, "node_id": fmt.Sprint(repository, number), "number": number, "title": "help", "body": body, "created_at": at, "updated_at": at,
		"url": fmt.Sprintf("%s/api/v3/repos/acme/%s/issues/%d", site, repository, number), "html_url": fmt.Sprintf("%s/acme/%s/issues/%d", site, repository, number)})
}

// publish makes a repository with a commit of each text, after some others.
func (o *organization) publish(t *testing.T, root, name string, skip int, texts ...string) *gittest.Repo {
	t.Helper()
	r := gittest.New(t)
	m := &gittest.Import{}
	var parents []int
	for i := range skip + len(texts) {
		text := fmt.Sprintf("# %s %d\n", name, i)
		if i >= skip {
			text += texts[i-skip]
		}
		parents = []int{m.Commit("refs/heads/main", "change", parents, gittest.File{Path: "app.py", Mark: m.Blob(text)})}
	}
	m.Run(r)
	r.Git("clone", "-q", "--bare", ".", filepath.Join(root, "acme", name+".git"))
	o.names = append(o.names, name)
	return r
}

// push pushes an image with a file in a layer.
func pushImage(t *testing.T, at, file, text string) {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	err := w.WriteHeader(&tar.Header{Name: file, Mode: 0o644, Size: int64(len(text))})
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err == nil {
		err = w.Close()
	}
	var layer v1.Layer
	if err == nil {
		layer, err = tarlayer.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil })
	}
	var image v1.Image
	if err == nil {
		image, err = mutate.Append(empty.Image, mutate.Addendum{Layer: layer, History: v1.History{CreatedBy: "COPY . /app"}})
	}
	var ref name.Reference
	if err == nil {
		ref, err = name.ParseReference(at)
	}
	if err == nil {
		err = remote.Write(ref, image)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// lines returns a text with each of the tokens in a line.
func lines(tokens []string) string {
	var b strings.Builder
	for i, token := range tokens {
		fmt.Fprintf(&b, "key%d = %q\n", i, token)
	}
	return b.String()
}

// TestOrganization scans an organization of 50 repositories, their texts and an image
// with one command. 20 tokens stand in a repository, its forks and copies, in issues and
// in the image. The second time nothing is sent that has not changed, and the text fits
// a screen.
func TestOrganization(t *testing.T) {
	home, _ := sickbed(t)
	if err := os.WriteFile(filepath.Join(home, ".netrc"), []byte("machine 127.0.0.1 login me password hubtoken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	git, err := gittest.Backend(root)
	if err != nil {
		t.Skip(err)
	}
	o := &organization{git: git, images: registry.New(registry.Logger(log.New(io.Discard, "", 0))), issues: map[string][]any{}}
	server := httptest.NewServer(o)
	defer server.Close()
	var tokens []string
	for i := range 20 {
		tokens = append(tokens, seededToken(uint64(1000+i)))
	}
	original := o.publish(t, root, "app", 0, lines(tokens), "none\n") // removed later
	for i := range 5 {
		name := fmt.Sprint("fork-", i)
		original.Git("clone", "-q", "--bare", ".", filepath.Join(root, "acme", name+".git"))
		o.names = append(o.names, name)
	}
	for i := range 4 {
		o.publish(t, root, fmt.Sprint("copy-", i), 3+i, lines(tokens)) // later
	}
	for i := range 40 {
		o.publish(t, root, fmt.Sprintf("old-%02d", i), 1)
	}
	o.issue(server.URL, "copy-1", 1, lines(tokens))
	o.issue(server.URL, "old-07", 2, "none")
	image := strings.TrimPrefix(server.URL, "http://") + "/app:1"
	pushImage(t, image, "app/.env", lines(tokens))
	list := filepath.Join(home, "list.txt")
	if err := os.WriteFile(list, []byte("github:"+server.URL+"/acme\ndocker://"+image+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.sent = nil

	code, first, errs := runCommand(t, "", "scan", "@"+list, "--texts")
	if code != exitFound || !strings.Contains(errs, "20 tokens in ") || !strings.Contains(errs, "read 50 repositories, 1 image, ") || strings.Contains(errs, "incomplete") {
		t.Fatalf("exit %d: %s\n%s", code, errs, first)
	}
	wantAll(t, errs, "note: 50 repositories listed: 5 forks, 40 archived")
	packs := strings.Count(strings.Join(o.sent, "\n"), "pack ")
	if packs != 50 {
		t.Errorf("%d packs were sent", packs)
	}
	const screen = 48
	if n := strings.Count(first, "\n"); n > screen {
		t.Errorf("%d lines:\n%s", n, first)
	}
	if n := strings.Count(first, "/acme/app and 9 more, still there\n"); n != 20 {
		t.Errorf("%d of the tokens stood first in app:\n%s", n, first)
	}

	o.sent = nil
	code, second, errs := runCommand(t, "", "scan", "@"+list, "--texts")
	if code != exitFound || second != first || !strings.Contains(errs, "note: nothing has changed in 50 repositories since the last scan") {
		t.Errorf("exit %d: %s\n%s\nthe first time:\n%s", code, errs, second, first)
	}
	if len(o.sent) != 1 || !strings.HasPrefix(o.sent[0], "blob ") { // the image's configuration, which is not kept: its variables may hold tokens
		t.Errorf("sent again: %q", o.sent)
	}
	assertNoToken(t, first+second+errs, tokens...)

	o.sent = nil
	fresh := seededToken(2000)
	original.Git("reset", "-q", "--hard")
	original.Write("new.py", "x = '"+fresh+"'\n")
	original.Git("add", ".")
	original.Git("commit", "-qm", "more")
	original.Git("push", "-q", filepath.Join(root, "acme", "app.git"), "HEAD:main")
	code, _, errs = runCommand(t, "", "scan", "@"+list, "--no-forks", "-f", "json", "-o", filepath.Join(home, "leak.json"))
	if code != exitFound || !strings.Contains(errs, "tokens: 1 new, 0 gone, 20 still there; refs: 0 new, 0 gone, 1 advanced, 0 rewritten") || !strings.Contains(errs, "5 forks left out") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if packs := strings.Count(strings.Join(o.sent, "\n"), "pack "); packs != 1 {
		t.Errorf("%d packs for one that changed: %q", packs, o.sent)
	}
	o.recheck(t, filepath.Join(home, "leak.json"), fresh)
}

// recheck looks for the tokens of a saved result again, and asks about them.
func (o *organization) recheck(t *testing.T, saved, live string) {
	t.Helper()
	newFakeAPI(t, map[string]fakeAnswer{live: liveAnswer})
	code, out, errs := runCommand(t, "", "recheck", saved, "-f", "json")
	if code != exitFound || !strings.Contains(errs, "1 live, 20 revoked") {
		t.Errorf("exit %d: %s", code, errs)
	}
	doc, err := report.Read(strings.NewReader(out))
	if err != nil || len(doc.Findings) != 21 {
		t.Fatalf("%v, %s", err, out)
	}
	for _, f := range doc.Findings {
		if f.Recheck == nil || f.Recheck.State != report.RecheckThere {
			t.Errorf("%s: %+v", f.TokenID, f.Recheck)
		}
	}
	if code, _, errs := runCommand(t, "", "fix", "--from", saved); code != exitFound || !strings.Contains(errs, "nothing to fix; in git: 21 tokens") {
		t.Errorf("fix: exit %d: %s", code, errs)
	}
}
