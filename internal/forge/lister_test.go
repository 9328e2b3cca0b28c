package forge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"r8scan/internal/git/fetch"
	"r8scan/rules"
)

// fake answers like the APIs of all three services, after their documentation: an owner
// has a list, by the path of the API that lists it.
type fake struct {
	*httptest.Server
	t *testing.T

	mu     sync.Mutex
	lists  map[string][]map[string]any
	size   int      // of a page
	asked  []string // paths with queries; those that were answered with 304 begin with "same "
	auth   []string // what was sent as credentials
	before func(w http.ResponseWriter, r *http.Request) bool
}

func newFake(t *testing.T) *fake {
	f := &fake{t: t, lists: map[string][]map[string]any{}, size: 2}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.auth = append(f.auth, r.Header.Get("Authorization"))
	f.asked = append(f.asked, r.URL.RequestURI())
	if f.before != nil && f.before(w, r) {
		return
	}
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/api/")
	list, ok := f.lists[path]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"message":"Not Found"}`)
		return
	}
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	page = max(1, page)
	from := min(len(list), (page-1)*f.size)
	to := min(len(list), page*f.size)
	body, err := json.Marshal(append([]map[string]any{}, list[from:to]...))
	if err != nil {
		f.t.Error(err)
	}
	if to < len(list) {
		next := *r.URL
		q := next.Query()
		q.Set("page", strconv.Itoa(page+1))
		next.RawQuery = q.Encode()
		w.Header().Set("Link", fmt.Sprintf("<%s%s>; rel=\"next\", <%s/x>; rel=\"last\"", f.URL, next.RequestURI(), f.URL))
		w.Header().Set("X-Next-Page", strconv.Itoa(page+1))
	}
	sum := fnv.New64a()
	_, _ = sum.Write(body)
	etag := fmt.Sprintf(`W/"%x"`, sum.Sum64())
	w.Header().Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		w.Header().Del("Link") // as some servers do
		w.Header().Del("X-Next-Page")
		f.asked[len(f.asked)-1] = "same " + f.asked[len(f.asked)-1]
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(body)
}

// lister returns a new lister of an owner at the fake.
func (f *fake) lister(owner, folder string) *Lister {
	f.t.Helper()
	prefix, name, _ := strings.Cut(owner, ":")
	o, err := Parse(prefix + ":" + f.URL + "/" + name)
	if err != nil {
		f.t.Fatal(err)
	}
	home := f.t.TempDir()
	if err := os.WriteFile(filepath.Join(home, ".netrc"), []byte("machine 127.0.0.1 login me password servicetoken\n"), 0o600); err != nil {
		f.t.Fatal(err)
	}
	l, err := New(&fetch.Client{Home: home, Getenv: func(string) string { return "" }}, o, folder, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	return l
}

// all lists an owner, and returns the names with what is told of them.
func (f *fake) all(owner, folder string, gists bool) (string, error) {
	f.t.Helper()
	f.asked, f.auth = nil, nil
	list, err := f.lister(owner, folder).All(f.t.Context(), gists)
	var b strings.Builder
	for _, r := range list.Repositories {
		fmt.Fprintf(&b, "%s %s", r.Name, strings.TrimPrefix(r.URL, f.URL))
		if r.Fork {
			b.WriteString(" fork")
		}
		if r.Archived {
			b.WriteString(" archived")
		}
		b.WriteString("\n")
	}
	for _, u := range list.Refused {
		fmt.Fprintf(&b, "refused %s: %s\n", u.What, u.Reason)
	}
	return strings.ReplaceAll(b.String(), f.URL, ""), err
}

// hub is a repository as GitHub lists it.
func (f *fake) hub(name string, more ...any) map[string]any {
	r := map[string]any{"full_name": "acme/" + name, "clone_url": f.URL + "/acme/" + name + ".git", "size": 3, "pushed_at": "2026-01-02T03:04:05Z",
		"description": "r8_" + strings.Repeat("Ab3", 12) + "x"} // as somebody may write there
	for i := 0; i < len(more); i += 2 {
		r[more[i].(string)] = more[i+1]
	}
	return r
}

func TestGitHub(t *testing.T) {
	f := newFake(t)
	f.lists["v3/orgs/acme/repos"] = []map[string]any{f.hub("one"), f.hub("two", "fork", true), f.hub("three", "archived", true), f.hub("four"), f.hub("five")}
	folder := t.TempDir()
	const want = "acme/five /acme/five.git\nacme/four /acme/four.git\nacme/one /acme/one.git\nacme/three /acme/three.git archived\nacme/two /acme/two.git fork\n"
	got, err := f.all("github:acme", folder, true)
	if err != nil || got != want {
		t.Fatalf("%v:\n%s", err, got)
	}
	sent := 0
	for _, asked := range f.asked {
		if !strings.HasPrefix(asked, "same ") {
			sent++
		}
	}
	if sent != 3+1 { // and the gists that an organization has not
		t.Errorf("asked %q", f.asked)
	}
	for _, auth := range f.auth {
		if auth != "Bearer servicetoken" {
			t.Errorf("credentials %q", f.auth)
		}
	}

	// Nothing that did not change is sent again, and no description is kept.
	if got, err = f.all("github:acme", folder, false); err != nil || got != want {
		t.Fatalf("%v:\n%s", err, got)
	}
	for _, asked := range f.asked {
		if !strings.HasPrefix(asked, "same ") {
			t.Errorf("sent again: %q", f.asked)
		}
	}
	entries, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v, %v", entries, err)
	}
	text, err := os.ReadFile(entries[0])
	if err != nil || strings.Contains(string(text), "Ab3Ab3") || !strings.Contains(string(text), "acme/one") {
		t.Errorf("%v: %s", err, text)
	}
	if err := os.WriteFile(entries[0], text[:len(text)-9], 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err = f.all("github:acme", folder, false); err != nil || got != want {
		t.Fatalf("with a damaged file: %v:\n%s", err, got)
	}

	// A user, and the user whose token it is.
	f.lists["v3/users/ann/repos"] = []map[string]any{f.hub("hers")}
	f.lists["v3/users/ann/gists"] = []map[string]any{{"id": "0a1b", "git_pull_url": strings.Replace(f.URL, "://", "://gist.", 1) + "/0a1b.git"}}
	if got, err := f.all("github:ann", "", true); err != nil || !strings.HasPrefix(got, "acme/hers /acme/hers.git\n") || !strings.Contains(got, "gist") {
		t.Errorf("%v:\n%s", err, got)
	}
	f.lists["v3/user/repos"] = []map[string]any{f.hub("private")}
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/api/v3/user" {
			return false
		}
		fmt.Fprint(w, `{"login":"Ann"}`)
		return true
	}
	if got, err := f.all("github:ann", "", false); err != nil || got != "acme/private /acme/private.git\n" {
		t.Errorf("%v:\n%s", err, got)
	}
}

// TestFullPage: a page that is full is the same when another one comes after it.
func TestFullPage(t *testing.T) {
	f := newFake(t)
	f.size = perPage
	for i := range perPage {
		f.lists["v3/orgs/acme/repos"] = append(f.lists["v3/orgs/acme/repos"], f.hub(fmt.Sprint("r", i)))
	}
	folder := t.TempDir()
	if _, err := f.all("github:acme", folder, false); err != nil {
		t.Fatal(err)
	}
	f.lists["v3/orgs/acme/repos"] = append(f.lists["v3/orgs/acme/repos"], f.hub("new"))
	if got, err := f.all("github:acme", folder, false); err != nil || !strings.Contains(got, "acme/new ") {
		t.Errorf("%v, the new one is missing: %q", err, f.asked)
	}
}

func TestGitLab(t *testing.T) {
	f := newFake(t)
	project := func(path string, more ...any) map[string]any {
		r := f.hub("x", append(more, "path_with_namespace", path, "http_url_to_repo", f.URL+"/"+path+".git")...)
		delete(r, "size")
		return r
	}
	f.lists["v4/groups/a%2Fb/projects"] = []map[string]any{project("a/b/one"), project("a/b/c/two", "forked_from_project", map[string]any{"id": 1}), project("a/b/three", "archived", true)}
	folder := t.TempDir()
	for range 2 {
		if got, err := f.all("gitlab:a/b", folder, true); err != nil || got != "a/b/c/two /a/b/c/two.git fork\na/b/one /a/b/one.git\na/b/three /a/b/three.git archived\n" {
			t.Errorf("%v:\n%s", err, got)
		}
	}
	for _, asked := range f.asked {
		if !strings.HasPrefix(asked, "same ") || !strings.Contains(asked, "include_subgroups=true") || !strings.Contains(asked, "with_shared=false") {
			t.Errorf("asked %q", f.asked)
		}
	}
	f.lists["v4/users/ann/projects"] = []map[string]any{project("ann/hers")}
	if got, err := f.all("gitlab:ann", "", false); err != nil || got != "ann/hers /ann/hers.git\n" {
		t.Errorf("%v:\n%s", err, got)
	}
}

func TestHuggingFace(t *testing.T) {
	f := newFake(t)
	for _, kind := range []string{"models", "datasets", "spaces"} {
		f.lists[kind] = []map[string]any{{"id": "ann/" + kind + "1"}, {"id": "ann/" + kind + "2"}, {"id": "ann/" + kind + "3"}}
	}
	folder := t.TempDir()
	const want = "ann/models1 /ann/models1\nann/models2 /ann/models2\nann/models3 /ann/models3\n" +
		"datasets/ann/datasets1 /datasets/ann/datasets1\ndatasets/ann/datasets2 /datasets/ann/datasets2\ndatasets/ann/datasets3 /datasets/ann/datasets3\n" +
		"spaces/ann/spaces1 /spaces/ann/spaces1\nspaces/ann/spaces2 /spaces/ann/spaces2\nspaces/ann/spaces3 /spaces/ann/spaces3\n"
	for range 2 {
		if got, err := f.all("hf:ann", folder, true); err != nil || got != want {
			t.Errorf("%v:\n%s", err, got)
		}
	}
	for _, asked := range f.asked {
		if !strings.HasPrefix(asked, "same ") || !strings.Contains(asked, "author=ann") {
			t.Errorf("asked %q", f.asked)
		}
	}
	f.lists["models"], f.lists["datasets"] = nil, nil
	if page, err := f.lister("hf:ann", "").Page(t.Context(), ""); err != nil || len(page.Repositories) != 2 || page.Next == "" {
		t.Errorf("with Spaces only: %v, %+v", err, page)
	}
	f.lists = nil
	if got, err := f.all("hf:gone", "", false); err == nil || !strings.HasSuffix(err.Error(), "knows no user or organization gone, or the token may not see it: check the name") {
		t.Errorf("%v:\n%s", err, got)
	}
	f.lists = map[string][]map[string]any{"models": {}, "datasets": {}, "spaces": {}}
	if page, err := f.lister("hf:nobody", "").Page(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "nothing is listed of nobody") {
		t.Errorf("%v, %+v", err, page)
	}
	if got, err := f.all("hf:nobody", "", false); err == nil || !strings.Contains(err.Error(), "nothing is listed of nobody") {
		t.Errorf("%v:\n%s", err, got)
	}
}

// TestListChanges: a repository that stood in the list all the time is listed, whatever
// is deleted and added between two pages.
func TestListChanges(t *testing.T) {
	f := newFake(t)
	const list = "v3/orgs/acme/repos"
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		f.lists[list] = append(f.lists[list], f.hub(name))
	}
	changed := false
	f.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("page") == "2" && !changed {
			changed = true
			f.lists[list] = append(f.lists[list][1:], f.hub("f")) // a goes, and c moves to the first page
		}
		return false
	}
	got, err := f.all("github:acme", "", false)
	for _, name := range []string{"b", "c", "d", "e", "f"} {
		if err != nil || !strings.Contains(got, "acme/"+name+" ") {
			t.Errorf("%v, %s is missing:\n%s", err, name, got)
		}
	}
}

// TestHostileLists: no answer leads anywhere else, and what is not followed is named.
func TestHostileLists(t *testing.T) {
	f := newFake(t)
	f.size = 20
	f.lists["v3/orgs/acme/repos"] = []map[string]any{f.hub("good"), f.hub("x", "full_name", "acme/\x1b[2Jx"), f.hub("x", "clone_url", "https://example.com/acme/x.git"),
		f.hub("x", "clone_url", "file:///etc/passwd"), f.hub("x", "clone_url", strings.Replace(f.URL, "http", "https", 1)+"/x.git"), f.hub("x", "clone_url", f.URL+"/a/../../x"),
		f.hub("x", "clone_url", "ssh://-oProxyCommand=x/y"), f.hub("x", "clone_url", f.URL+"/acme/x.git?y"), f.hub("x", "clone_url", strings.Replace(f.URL, "://", "://u:p@", 1)+"/x"), f.hub("x", "clone_url", nil)}
	got, err := f.all("github:acme", "", false)
	if err != nil || !strings.HasPrefix(got, "acme/good /acme/good.git\nrefused ") || strings.Contains(got, "\x1b") || strings.Contains(got, "u:p") {
		t.Errorf("%v:\n%s", err, got)
	}
	if n := strings.Count(got, "refused "); n < 3 { // the same reason of the same name is told once
		t.Errorf("%d refused:\n%s", n, got)
	}
	f.lists["v3/orgs/acme/repos"] = []map[string]any{f.hub("x", "clone_url", "http://127.0.0.1:1/acme/x.git")}
	if got, err := f.all("github:acme", "", false); err != nil || !strings.Contains(got, "leads to another server") || strings.HasPrefix(got, "acme/") {
		t.Errorf("of the same scheme: %v:\n%s", err, got)
	}
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("X-Github-Sso", "partial-results; organizations=1")
		return false
	}
	if got, err := f.all("github:acme", "", false); err != nil || !strings.Contains(got, "single sign-on") {
		t.Errorf("%v:\n%s", err, got)
	}
}

// TestTroubles: each trouble of a server has an error that says what to do, short waits
// are waited for, and what was listed before comes with the error.
func TestTroubles(t *testing.T) {
	f := newFake(t)
	f.lists["v3/orgs/acme/repos"] = []map[string]any{f.hub("a"), f.hub("b"), f.hub("c")}
	f.lists["v4/groups/acme/projects"], f.lists["models"] = nil, nil
	second := func(answer func(w http.ResponseWriter)) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Query().Get("page") != "2" {
				return false
			}
			answer(w)
			return true
		}
	}
	status := func(code int, headers ...string) func(w http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			for i := 0; i < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			w.WriteHeader(code)
			fmt.Fprint(w, `{"message":"You have exceeded a secondary rate limit"}`)
		}
	}
	hour := strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)
	for _, c := range []struct {
		name   string
		answer func(w http.ResponseWriter)
		want   string
	}{
		{"secondary limit", status(403, "Retry-After", "3600"), "answers no more requests (403) for 1h0m0s"},
		{"limit", status(429, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", hour), "answers no more requests (429) for "},
		{"token expires", status(401), "refuses the token in ~/.netrc (401)"},
		{"forbidden", status(403), "does not allow to list the repositories of acme (403)"},
		{"half an answer", func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, `[{"full_name":"acme/c"`)
		}, "cut off"},
		{"no JSON", func(w http.ResponseWriter) { fmt.Fprint(w, "<html>") }, "cannot be read"},
	} {
		f.before = second(c.answer)
		got, err := f.all("github:acme", "", false)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if !strings.HasPrefix(got, "acme/a ") {
			t.Errorf("%s: listed %q", c.name, got)
		}
	}
	once := true
	f.before = func(w http.ResponseWriter, _ *http.Request) bool {
		again := once
		if once = false; again {
			status(403, "Retry-After", "0")(w)
		}
		return again
	}
	if got, err := f.all("github:acme", "", false); err != nil || strings.Count(got, "\n") != 3 {
		t.Errorf("after a short wait: %v:\n%s", err, got)
	}
	f.before = nil
	for _, owner := range []string{"github:none", "gitlab:none/none"} {
		if _, err := f.all(owner, "", true); err == nil || !strings.Contains(err.Error(), "knows no ") {
			t.Errorf("%s: %v", owner, err)
		}
	}
}

// TestRedirect: a redirect to another host does not take the token along.
func TestRedirect(t *testing.T) {
	var leaked []string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		leaked = append(leaked, r.Header.Get("Authorization")+r.Header.Get("Private-Token"))
		fmt.Fprint(w, "[]")
	}))
	defer other.Close()
	f := newFake(t)
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, other.URL, http.StatusFound)
		return true
	}
	for _, owner := range []string{"github:acme", "gitlab:acme", "hf:acme"} {
		_, _ = f.all(owner, "", false)
	}
	for _, sent := range leaked {
		if sent != "" {
			t.Errorf("the other host got %q", sent)
		}
	}
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/api/v3/orgs/old/repos" {
			http.Redirect(w, r, f.URL+"/api/v3/orgs/acme/repos", http.StatusMovedPermanently)
			return true
		}
		return false
	}
	f.lists["v3/orgs/acme/repos"] = []map[string]any{f.hub("a")}
	if got, err := f.all("github:old", "", false); err != nil || got != "acme/a /acme/a.git\n" {
		t.Errorf("of one that has another name now: %v:\n%s", err, got)
	}
}

// TestNotRemembered: a list with a token in a name leaves nothing on the disk.
func TestNotRemembered(t *testing.T) {
	f := newFake(t)
	token := "r8_" + strings.Repeat("Kq7Zt", 7) + "Y3"
	f.lists["v3/orgs/acme/repos"] = []map[string]any{f.hub(token)}
	folder := t.TempDir()
	o, err := Parse("github:" + f.URL + "/acme")
	if err != nil {
		t.Fatal(err)
	}
	var set *rules.Set
	l, err := New(&fetch.Client{Home: t.TempDir()}, o, folder, set)
	if err != nil {
		t.Fatal(err)
	}
	list, err := l.All(context.Background(), false)
	if err != nil || len(list.Repositories) != 1 {
		t.Fatalf("%v, %+v", err, list)
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) > 0 {
		t.Errorf("%v, %v", entries, err)
	}
}

// TestNothingIsLostSilently: who asks again is told again what is not listed, and a list
// that does not stand still, or goes on elsewhere, does not pass for a whole one.
func TestNothingIsLostSilently(t *testing.T) {
	f := newFake(t)
	const list = "v3/orgs/acme/repos"
	f.lists[list] = []map[string]any{f.hub("a")}
	f.before = func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("X-Github-Sso", "partial-results; organizations=1")
		return false
	}
	folder := t.TempDir()
	for range 2 {
		if got, err := f.all("github:acme", folder, false); err != nil || !strings.Contains(got, "single sign-on") {
			t.Errorf("%v:\n%s", err, got)
		}
	}

	f.size = perPage
	for i := range perPage {
		f.lists[list] = append(f.lists[list], f.hub(fmt.Sprint("r", i)))
	}
	rounds, changes := 0, 99
	f.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("page") == "2" {
			if rounds++; rounds <= changes {
				f.lists[list] = append(f.lists[list], f.hub(fmt.Sprint("new", rounds)))
			}
		}
		return false
	}
	got, err := f.all("github:acme", "", false)
	if err != nil || rounds != maxRounds || !strings.Contains(got, "the list changed whenever it was read") {
		t.Errorf("%v, %d rounds:\n%s", err, rounds, got)
	}
	rounds, changes = 0, 1
	if got, err = f.all("github:acme", "", false); err != nil || rounds != 2 || strings.Contains(got, "refused ") {
		t.Errorf("one change: %v, %d rounds:\n%s", err, rounds, got)
	}

	f.lists["models"] = []map[string]any{{"id": "ann/m"}}
	f.before = func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Link", `<https://example.com/api/models?cursor=x>; rel="next"`)
		return false
	}
	if got, err = f.all("hf:ann", "", false); err == nil || !strings.Contains(err.Error(), "another server") {
		t.Errorf("%v:\n%s", err, got)
	}
}

// TestFields: what is told of a repository, in our units.
func TestFields(t *testing.T) {
	f := newFake(t)
	f.lists["v3/orgs/acme/repos"] = []map[string]any{f.hub("a")}
	list, err := f.lister("github:acme", "").All(t.Context(), false)
	if err != nil || len(list.Repositories) != 1 || list.Repositories[0].Size != 3<<10 || !list.Repositories[0].Changed.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) {
		t.Errorf("%v, %+v", err, list)
	}
}

// TestEndless: neither an answer nor a list without an end is read for ever.
func TestEndless(t *testing.T) {
	b := &bounded{io.NopCloser(strings.NewReader(strings.Repeat("x", 100))), 10}
	if _, err := io.ReadAll(b); !errors.Is(err, errLongAnswer) {
		t.Errorf("a long answer: %v", err)
	}
	b = &bounded{io.NopCloser(strings.NewReader(strings.Repeat("x", 10))), 10}
	if text, err := io.ReadAll(b); err != nil || len(text) != 10 {
		t.Errorf("an answer as long as it may be: %v, %d", err, len(text))
	}
	for name, next := range map[string]func(asked int) string{
		"a circle":        func(asked int) string { return strconv.Itoa(asked % 3) },
		"always new ones": strconv.Itoa,
	} {
		asked := 0
		_, err := each(t.Context(), func(context.Context, string) (Page, error) {
			if asked++; asked > 2*maxPages {
				return Page{}, errors.New("it was asked too often")
			}
			return Page{Next: next(asked)}, nil
		}, func(Page) {})
		if err == nil || !strings.Contains(err.Error(), "goes on sending pages") {
			t.Errorf("%s: %v after %d pages", name, err, asked)
		}
		if name == "a circle" && asked > 4 {
			t.Errorf("%d pages of a circle of three were asked for", asked)
		}
	}
}

// TestFullPageOfModels: as TestFullPage, on Hugging Face.
func TestFullPageOfModels(t *testing.T) {
	f := newFake(t)
	f.size = perRequest
	f.lists["datasets"], f.lists["spaces"] = []map[string]any{}, []map[string]any{}
	for i := range perRequest {
		f.lists["models"] = append(f.lists["models"], map[string]any{"id": fmt.Sprint("ann/m", i)})
	}
	folder := t.TempDir()
	if _, err := f.all("hf:ann", folder, false); err != nil {
		t.Fatal(err)
	}
	f.lists["models"] = append(f.lists["models"], map[string]any{"id": "ann/new"})
	if got, err := f.all("hf:ann", folder, false); err != nil || !strings.Contains(got, "ann/new ") {
		t.Errorf("%v, the new one is missing: %q", err, f.asked)
	}
}
