package texts

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// full has a token in each kind of text.
func full(t *testing.T) *fake {
	f := newFake(t)
	f.issue(1, "2024-01-01T00:00:00Z", "hello SECRET")
	f.issue(2, "2024-01-02T00:00:00Z", "nothing")["pull_request"] = map[string]any{}
	f.issue(3, "2024-01-03T00:00:00Z", "clean now")
	f.nodes["I_3"]["userContentEdits"] = map[string]any{"totalCount": 2, "nodes": []any{
		map[string]any{"diff": "clean now", "editedAt": "2024-01-03T00:00:00Z"},
		map[string]any{"diff": "was SECRET", "editedAt": "2024-01-02T00:00:00Z"},
	}}
	f.nodes["I_3"]["timelineItems"] = map[string]any{"totalCount": 1, "nodes": []any{map[string]any{"createdAt": "2024-01-03T00:00:00Z", "previousTitle": "SECRET in the title"}}}
	f.comment(7, 1, "2024-01-04T00:00:00Z", "a SECRET")
	f.comment(8, 2, "2024-01-04T00:00:00Z", "none")["html_url"] = f.URL + "/o/r/pull/2#issuecomment-8"
	f.commits = []map[string]any{{"id": 9, "node_id": "CC_9", "url": f.URL + "/repos/o/r/comments/9", "html_url": f.URL + "/o/r/commit/abc#commitcomment-9", "commit_id": "abc", "body": "SECRET",
		"created_at": "2024-01-04T00:00:00Z", "updated_at": "2024-01-04T00:00:00Z"}}
	f.nodes["CC_9"] = map[string]any{"id": "CC_9", "body": "SECRET", "updatedAt": "2024-01-04T00:00:00Z"}
	f.releases = []map[string]any{{"id": 5, "node_id": "RE_5", "url": f.URL + "/repos/o/r/releases/5", "html_url": f.URL + "/o/r/releases/tag/v1", "tag_name": "v1", "name": "One", "body": "the SECRET",
		"assets": []any{map[string]any{"id": 55, "url": f.URL + "/repos/o/r/releases/assets/55", "name": "a.zip", "updated_at": "x"}}}}
	f.files["/releases/assets/55"] = "zipped SECRET"
	f.runs = []map[string]any{
		{"id": 30, "run_attempt": 2, "status": "completed", "html_url": f.URL + "/o/r/actions/runs/30", "created_at": "2024-05-30T00:00:00Z"},
		{"id": 29, "run_attempt": 1, "status": "completed", "html_url": f.URL + "/o/r/actions/runs/29", "created_at": "2023-05-30T00:00:00Z"},
	}
	f.files["/actions/runs/30/attempts/1/logs"] = "no"
	f.files["/actions/runs/30/attempts/2/logs"] = "printed SECRET"
	f.files["/actions/runs/29/attempts/1/logs"] = "old SECRET"
	f.reviews = []any{map[string]any{"id": "PR_2", "number": 2, "reviews": map[string]any{"nodes": []any{map[string]any{"id": "R_4", "url": f.URL + "/o/r/pull/2#pullrequestreview-4", "updatedAt": "2024"}}}}}
	f.nodes["R_4"] = map[string]any{"id": "R_4", "body": "review SECRET", "updatedAt": "2024"}
	f.talks = []any{map[string]any{"id": "D_6", "number": 6, "url": f.URL + "/o/r/discussions/6", "updatedAt": "2024", "comments": map[string]any{"nodes": []any{
		map[string]any{"id": "DC_61", "url": f.URL + "/o/r/discussions/6#discussioncomment-61", "updatedAt": "2024", "replies": map[string]any{"nodes": []any{
			map[string]any{"id": "DC_62", "url": f.URL + "/o/r/discussions/6#discussioncomment-62", "updatedAt": "2024"}}}}}}}}
	f.nodes["D_6"] = map[string]any{"id": "D_6", "title": "SECRET talk", "body": "x", "updatedAt": "2024"}
	f.nodes["DC_61"] = map[string]any{"id": "DC_61", "body": "x", "updatedAt": "2024"}
	f.nodes["DC_62"] = map[string]any{"id": "DC_62", "body": "SECRET", "updatedAt": "2024"}
	return f
}

func (f *fake) all() []string {
	return []string{
		"issue issues/1 title " + f.URL + "/o/r/issues/1", "issue issues/1 body " + f.URL + "/o/r/issues/1",
		"issue issues/3 body of 2024-01-02T00:00:00Z " + f.URL + "/o/r/issues/3", "issue issues/3 title before 2024-01-03T00:00:00Z " + f.URL + "/o/r/issues/3",
		"issue_comment issues/1/comments/7 body " + f.URL + "/o/r/issues/1#issuecomment-7",
		"commit_comment commits/abc/comments/9 body " + f.URL + "/o/r/commit/abc#commitcomment-9",
		"release releases/v1 body " + f.URL + "/o/r/releases/tag/v1", "release_file releases/v1/a.zip " + f.URL + "/o/r/releases/tag/v1",
		"review pulls/2/reviews/4 body " + f.URL + "/o/r/pull/2#pullrequestreview-4",
		"discussion discussions/6 title " + f.URL + "/o/r/discussions/6", "discussion_comment discussions/6/comments/62 body " + f.URL + "/o/r/discussions/6#discussioncomment-62",
		"log actions/runs/30/attempts/2 " + f.URL + "/o/r/actions/runs/30",
	}
}

// TestKinds: a token in each kind of text is found, with its page.
func TestKinds(t *testing.T) {
	f := full(t)
	v, _ := f.visit(t, &State{}, nil)
	v.want(t, f.all()...)
	if len(v.unread) > 0 {
		t.Errorf("unread: %q", v.unread)
	}
	if len(v.notes) != 1 || !strings.Contains(v.notes[0], "logs of runs of o/r: those before 2024-") {
		t.Errorf("old runs are not named: %q", v.notes)
	}
	for _, part := range []string{"pulls/2 body", "pulls/2/comments/8 body", "actions/runs/30/attempts/1", "discussions/6/comments/61 body"} {
		if !slices.Contains(v.read, part) {
			t.Errorf("%s was not read", part)
		}
	}
}

// TestSecondVisit: what did not change is neither asked for again nor lost.
func TestSecondVisit(t *testing.T) {
	f := full(t)
	_, state := f.visit(t, &State{}, nil)
	first := f.bytes
	v, state := f.visit(t, state, nil)
	v.want(t, f.all()...)
	if len(v.read) > 0 {
		t.Errorf("read again: %q", v.read)
	}
	for _, asked := range f.asked {
		if path, _, _ := strings.Cut(asked, "?"); path != "graphql" {
			t.Errorf("asked again for %s", asked)
		}
	}
	t.Logf("%d bytes, then %d", first, f.bytes)

	// A text that is new, and one that is changed.
	f.comment(70, 1, "2024-02-01T00:00:00Z", "another SECRET")
	f.issues[1]["body"], f.issues[1]["updated_at"] = "SECRET now", "2024-02-02T00:00:00Z"
	v, state = f.visit(t, state, nil)
	v.want(t, append(f.all(), "issue_comment issues/1/comments/70 body "+f.URL+"/o/r/issues/1#issuecomment-70", "pull_request pulls/2 body "+f.URL+"/o/r/issues/2")...)

	// A comment of a discussion that had no match, which a list of GraphQL's names.
	comment := f.talks[0].(map[string]any)["comments"].(map[string]any)["nodes"].([]any)[0].(map[string]any)
	comment["updatedAt"], f.nodes["DC_61"] = "2025", map[string]any{"id": "DC_61", "body": "SECRET", "updatedAt": "2025"}
	v, state = f.visit(t, state, nil)
	const fresh = "discussion_comment discussions/6/comments/61 body "
	if !slices.ContainsFunc(slices.Collect(maps.Keys(v.matches)), func(m string) bool { return strings.HasPrefix(m, fresh) }) {
		t.Errorf("the changed comment was not read: %q", v.read)
	}
	comment["updatedAt"], f.nodes["DC_61"] = "2026", map[string]any{"id": "DC_61", "body": "clean", "updatedAt": "2026"}

	// One that is deleted, and a version that is.
	f.comments, f.issues[1]["body"] = f.comments[:2], "clean"
	delete(f.nodes, "IC_70")
	f.nodes["I_2"]["updatedAt"], f.nodes["I_2"]["body"] = "2024-02-03T00:00:00Z", "clean"
	f.nodes["I_3"]["userContentEdits"].(map[string]any)["nodes"].([]any)[1] = map[string]any{"deletedAt": "2024-02-02T00:00:00Z"}
	f.issues[1]["updated_at"] = "2024-02-03T00:00:00Z"
	v, _ = f.visit(t, state, nil)
	v.want(t, slices.DeleteFunc(f.all(), func(s string) bool { return strings.Contains(s, "body of") })...)
}

// TestAgain: what has a match is read again if its credential is needed.
func TestAgain(t *testing.T) {
	f := full(t)
	_, state := f.visit(t, &State{}, nil)
	v, _ := f.visit(t, state, func(r *Reading) { r.Again = true })
	v.want(t, f.all()...)
	for _, part := range []string{"issues/1 body", "releases/v1 body", "releases/v1/a.zip", "actions/runs/30/attempts/2", "pulls/2/reviews/4 body"} {
		if !slices.Contains(v.read, part) {
			t.Errorf("%s was not read again: %q", part, v.read)
		}
	}
	if slices.Contains(v.read, "pulls/2/comments/8 body") {
		t.Errorf("read again: %q", v.read)
	}
}

// TestPages: texts that change, or are deleted, while a list is read move none out of
// sight. Many have the same time.
func TestPages(t *testing.T) {
	for _, same := range []bool{false, true} {
		f := newFake(t)
		f.per = 3
		for n := range 20 {
			at := fmt.Sprintf("2024-01-01T00:00:%02dZ", n)
			if same {
				at = "2024-01-01T00:00:00Z"
			}
			f.issue(n+1, at, fmt.Sprint("SECRET ", n))
		}
		asked := 0
		f.instead = func(_ http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, "/issues") {
				return false
			}
			if asked++; asked == 2 && !same {
				f.issues = f.issues[1:] // the first page has it
			}
			return false
		}
		v, _ := f.visit(t, &State{}, nil)
		for n := range 20 {
			if !slices.Contains(v.read, fmt.Sprintf("issues/%d body", n+1)) {
				t.Errorf("same time %v: issue %d was not read", same, n+1)
			}
		}
	}
}

// TestNumberedPages: a release that is deleted while the list is read does not hide
// another one.
func TestNumberedPages(t *testing.T) {
	f := newFake(t)
	f.per = 2
	for n := range 6 {
		f.releases = append(f.releases, map[string]any{"id": n, "url": fmt.Sprintf("%s/repos/o/r/releases/%d", f.URL, n), "tag_name": fmt.Sprint("v", n), "body": "SECRET"})
	}
	gone := false
	f.instead = func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/releases") && r.URL.Query().Get("page") == "2" && !gone {
			gone = true
			f.releases = f.releases[1:]
		}
		return false
	}
	v, _ := f.visit(t, &State{}, nil)
	for n := range 6 {
		if !slices.Contains(v.read, fmt.Sprintf("releases/v%d body", n)) {
			t.Errorf("release %d was not read: %q", n, v.read)
		}
	}
}

// TestBadAnswers: what cannot be read is named, the rest is read, and what was known
// before is not lost.
func TestBadAnswers(t *testing.T) {
	status := func(code int, header ...string) func(w http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
		}
	}
	body := func(s string) func(w http.ResponseWriter) {
		return func(w http.ResponseWriter) { _, _ = w.Write([]byte(s)) }
	}
	for name, c := range map[string]struct {
		path   string
		answer func(http.ResponseWriter)
		want   string // of what is unread
		stops  bool
	}{
		"no rights to logs": {"/attempts/2/logs", status(403), "logs of runs of o/r: GitHub forbids it (403)", false},
		"an expired token":  {"/issues/comments", status(401), "comments of o/r: GitHub no longer accepts the token (401): renew it", true},
		"the primary limit": {"/issues/comments", status(403, "X-RateLimit-Remaining", "0"), "comments of o/r: GitHub's limit of requests is reached", true},
		"a secondary limit": {"/issues/comments", status(403, "Retry-After", "60"), "limit of requests is reached", true},
		"429":               {"/comments", status(429), "limit of requests is reached", true},
		"500":               {"/releases", status(500), "releases of o/r: GitHub answers HTTP 500", false},
		"half an answer":    {"/releases", body(`[{"id": 1, "body": "SEC`), "releases of o/r: GitHub's answer is cut short", false},
		"another form":      {"/releases", body(`{"id": 1}`), "cut short or damaged", false},
		"a list of numbers": {"/issues", body(`[1, 2]`), "cut short or damaged", false},
		"no count":          {"/actions/runs", body(`{}`), "cut short or damaged", false},
		"no data":           {"/graphql", body(`{"data": null}`), "cannot answer the query", false},
		"GraphQL's limit":   {"/graphql", body(`{"errors": [{"type": "RATE_LIMITED"}]}`), "limit of requests is reached", true},
		"GraphQL forbidden": {"/graphql", body(`{"errors": [{"type": "FORBIDDEN"}]}`), "forbids it (403)", false},
		"no repository":     {"/repos/o/r", status(404), "texts of o/r: GitHub has nothing there (404)", true},
		"another host": {"/releases", func(w http.ResponseWriter) {
			w.Header().Set("Link", `<https://example.com/>; rel="next"`)
			body("[]")(w)
		}, "another host", false},
		"a list of too many": {"/actions/runs", body(`{"total_count": 5, "workflow_runs": []}`), "lists 0 of 5", false},
	} {
		t.Run(name, func(t *testing.T) {
			f := full(t)
			_, state := f.visit(t, &State{}, nil)
			state.Lists, state.Pages, state.Files = nil, nil, map[string]Entry{}
			f.instead = func(w http.ResponseWriter, r *http.Request) bool {
				if strings.HasSuffix(r.URL.Path, c.path) {
					c.answer(w)
					return true
				}
				return false
			}
			v, next := f.visit(t, state, nil)
			if !strings.Contains(strings.Join(v.unread, "\n"), c.want) {
				t.Errorf("unread: %q, want %q", v.unread, c.want)
			}
			for _, m := range f.all() {
				if !v.matches[m] && !strings.HasPrefix(m, "log ") && !strings.HasPrefix(m, "release_file ") {
					t.Errorf("lost: %s", m)
				}
			}
			if c.stops && len(v.unread) < 2 && c.path != "/repos/o/r" {
				t.Errorf("what is left is not named: %q", v.unread)
			}
			f.instead = nil
			v, _ = f.visit(t, next, nil) // a later reading has all
			v.want(t, f.all()...)
			if len(v.unread) > 0 {
				t.Errorf("unread later: %q", v.unread)
			}
		})
	}
}

// TestNoEdits: if only the earlier versions of texts cannot be read, the texts are.
func TestNoEdits(t *testing.T) {
	f := full(t)
	f.instead = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/graphql" {
			w.WriteHeader(http.StatusForbidden)
		}
		return r.URL.Path == "/graphql"
	}
	v, state := f.visit(t, &State{}, nil)
	v.want(t, slices.DeleteFunc(f.all(), func(s string) bool {
		return strings.Contains(s, "body of") || strings.Contains(s, "title before") || strings.HasPrefix(s, "review") || strings.HasPrefix(s, "discussion")
	})...)
	if !slices.ContainsFunc(v.unread, func(s string) bool { return strings.HasPrefix(s, "earlier versions of texts of o/r") }) {
		t.Errorf("unread: %q", v.unread)
	}
	f.instead = nil
	v, _ = f.visit(t, state, nil)
	v.want(t, f.all()...)
}

// TestHalves: texts that are too much for one answer are asked for in smaller parts. One
// with too many versions is named.
func TestHalves(t *testing.T) {
	f := newFake(t)
	for n := range 60 {
		f.issue(n+1, fmt.Sprintf("2024-01-01T00:00:%02dZ", n), fmt.Sprint("SECRET ", n))
	}
	f.nodes["I_9"]["userContentEdits"] = map[string]any{"totalCount": 300, "nodes": []any{map[string]any{"diff": "x", "editedAt": "2024"}}}
	f.instead = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/graphql" {
			return false
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if strings.Count(string(body), "I_") < 6 {
			return false
		}
		if strings.Contains(string(body), `"I_1"`) {
			w.WriteHeader(http.StatusBadGateway)
		} else {
			_, _ = io.WriteString(w, `{"data": null, "errors": [{"type": "MAX_NODE_LIMIT_EXCEEDED"}]}`)
		}
		return true
	}
	v, _ := f.visit(t, &State{}, nil)
	if len(v.matches) != 120 || len(v.unread) != 1 || !strings.HasPrefix(v.unread[0], "issues/9: it was edited 300 times") {
		t.Errorf("%d matches, unread %q", len(v.matches), v.unread)
	}
}

// TestResume: a reading that GitHub's limit has stopped, with or without a token, goes on
// where it stopped.
func TestResume(t *testing.T) {
	for _, loggedIn := range []bool{true, false} {
		f := newFake(t)
		f.per = 3
		for n := range 20 {
			f.issue(n+1, fmt.Sprintf("2024-01-01T00:00:%02dZ", n), fmt.Sprint("SECRET ", n))
		}
		left := 4
		f.instead = func(w http.ResponseWriter, r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, "/graphql") {
				return false
			}
			if left--; left < 0 {
				w.Header().Set("X-RateLimit-Remaining", "0")
				w.WriteHeader(http.StatusForbidden)
			}
			return left < 0
		}
		as := func(r *Reading) { r.Client.LoggedIn = loggedIn }
		v, state := f.visit(t, &State{}, as)
		if len(v.matches) < 10 || len(v.matches) > 20 || len(v.unread) < 8 || strings.Contains(v.unread[0], "without a token") == loggedIn {
			t.Errorf("%d matches, unread %q", len(v.matches), v.unread)
		}
		left = 1000
		v, _ = f.visit(t, state, as)
		if len(v.matches) != 40 {
			t.Errorf("then %d matches", len(v.matches))
		}
		if loggedIn && slices.Contains(v.read, "issues/1 body") {
			t.Errorf("read again: %q", v.read)
		}
	}
}

// TestGist: the description of a gist, and its comments.
func TestGist(t *testing.T) {
	f := newFake(t)
	f.comment(7, 1, "2024-01-01T00:00:00Z", "SECRET")
	v, state := &visitor{}, &State{}
	for range 2 {
		r := &Reading{Client: &Client{HTTP: f.Client(), API: f.URL, LoggedIn: true}, Owner: "ann", Name: "0123", Visitor: v, State: state}
		if err := r.ReadGist(t.Context()); err != nil {
			t.Fatal(err)
		}
		host := strings.Replace(f.URL, "://", "://gist.", 1)
		v.want(t, "gist gists/0123 title "+host+"/ann/0123", "gist_comment gists/0123/comments/7 body "+host+"/0123#gistcomment-7")
		if len(v.unread) > 0 {
			t.Error(v.unread)
		}
		v = &visitor{}
	}
}

// TestGone: what is deleted, expired or switched off is no gap.
func TestGone(t *testing.T) {
	f := full(t)
	f.repo["has_discussions"] = false
	for path := range f.files {
		delete(f.files, path)
	}
	v, _ := f.visit(t, &State{}, nil)
	if len(v.unread) > 0 || len(v.notes) != 3 || !strings.Contains(v.notes[2], "2 are deleted or expired") {
		t.Errorf("unread %q, notes %q", v.unread, v.notes)
	}
	f.repo["has_issues"] = false
	f.issues = f.issues[1:2]
	f.issues[0]["body"] = "SECRET"
	if v, _ = f.visit(t, &State{}, nil); !slices.Contains(v.read, "pulls/2 body") {
		t.Errorf("without issues, pull requests are not read: %q", v.read)
	}
}

// TestWithoutToken: what GitHub gives to nobody without a token is named.
func TestWithoutToken(t *testing.T) {
	f := full(t)
	f.commits[0]["body"], f.commits[0]["updated_at"] = "clean", "2024-03-01T00:00:00Z"
	f.nodes["CC_9"]["body"] = "clean"
	f.nodes["CC_9"]["userContentEdits"] = map[string]any{"totalCount": 1, "nodes": []any{map[string]any{"diff": "SECRET", "editedAt": "2024-02-01T00:00:00Z"}}}
	v, state := f.visit(t, &State{}, func(r *Reading) { r.Client.LoggedIn = false })
	for _, what := range []string{"reviews", "discussions", "logs of runs", "artifacts", "earlier versions of texts"} {
		if !slices.ContainsFunc(v.unread, func(s string) bool { return strings.HasPrefix(s, what) && strings.Contains(s, "GITHUB_TOKEN") }) {
			t.Errorf("%s: unread %q", what, v.unread)
		}
	}
	again, _ := f.visit(t, state, func(r *Reading) { r.Client.LoggedIn = false })
	if !slices.Equal(again.unread, v.unread) || slices.Contains(again.read, "pulls/2 body") {
		t.Errorf("again: read %q, unread %q, and first %q", again.read, again.unread, v.unread)
	}
	v, _ = f.visit(t, state, nil) // later with one
	all := f.all()
	all[5] = "commit_comment commits/abc/comments/9 body of 2024-02-01T00:00:00Z " + f.URL + "/o/r/commit/abc#commitcomment-9"
	v.want(t, all...)
}

// TestHostilePages: an address that is no page of GitHub's is not shown.
func TestHostilePages(t *testing.T) {
	f := newFake(t)
	for i, page := range []string{"javascript:alert(1)", "https://example.com/o/r", "http://user:password@" + strings.TrimPrefix(f.URL, "http://"), "%zz"} {
		f.issue(i+1, "2024-01-01T00:00:00Z", "SECRET")["html_url"] = page
	}
	v, _ := f.visit(t, &State{}, nil)
	for m := range v.matches {
		if !strings.HasSuffix(m, " ") {
			t.Errorf("it shows %s", m)
		}
	}
	if len(v.matches) != 8 {
		t.Errorf("%d matches", len(v.matches))
	}
}

// always gives one answer.
type always struct {
	body []byte
	link string
}

func (a always) Do(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Link": {a.link}}, Body: io.NopCloser(bytes.NewReader(a.body))}, nil
}

// FuzzAnswers: no answer makes a reading fail or go on for ever.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`[{"id": 1, "node_id": "a", "number": 2, "updated_at": "2024", "body": "SECRET"}]`), `<http://x/>; rel="next"`)
	f.Add([]byte(`{"data": {"repository": {"list": {"nodes": [{"id": "x", "reviews": {"nodes": [{"id": "y"}]}}]}}}}`), "")
	f.Add([]byte(`{"total_count": 1, "workflow_runs": [{"id": 1, "status": "completed"}], "artifacts": [{"id": 1, "name": "../x"}]}`), "")
	f.Add([]byte(`{"data": {"nodes": [{"id": "a", "userContentEdits": {"totalCount": 200, "nodes": [{"diff": "x"}]}}]}}`), "")
	f.Fuzz(func(t *testing.T, body []byte, link string) {
		v := &visitor{}
		r := &Reading{Client: &Client{HTTP: always{body, link}, API: "http://x", LoggedIn: true, Pages: 3}, Owner: "o", Name: "r", Visitor: v, State: &State{}}
		if _, err := r.Read(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestDeletedWhileListed: a run that is deleted while runs are listed moves one of those
// after it to a page that was read. That one is not lost in silence.
func TestDeletedWhileListed(t *testing.T) {
	f := full(t)
	f.instead = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/repos/o/r/actions/runs" {
			return false
		}
		if r.URL.Query().Get("page") == "" {
			w.Header().Set("Link", fmt.Sprintf(`<%s%s?page=2>; rel="next"`, f.URL, r.URL.Path))
			f.answer(w, r, map[string]any{"total_count": 2, "workflow_runs": f.runs[:1]})
			return true
		}
		f.answer(w, r, map[string]any{"total_count": 1, "workflow_runs": []any{}})
		return true
	}
	v, _ := f.visit(t, &State{}, nil)
	if len(v.unread) != 1 || !strings.Contains(v.unread[0], "logs of runs of o/r: GitHub lists 1 of 2") {
		t.Errorf("%q", v.unread)
	}
}

// TestSameWithoutETag: nobody who asked without an ETag can be told that nothing
// changed.
func TestSameWithoutETag(t *testing.T) {
	f := full(t)
	f.instead = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/repos/o/r/issues" {
			w.WriteHeader(http.StatusNotModified)
			return true
		}
		return false
	}
	v, _ := f.visit(t, &State{}, nil)
	if len(v.unread) != 1 || !strings.Contains(v.unread[0], "issues and pull requests of o/r: ") {
		t.Errorf("%q", v.unread)
	}
}

// TestVersionsOneByOne: the earlier versions of a text go to the visitor before those of
// the next batch are asked for, so that a page of a list does not hold all of them.
func TestVersionsOneByOne(t *testing.T) {
	f := newFake(t)
	for i := range 2 * batch {
		f.issue(i+1, "2024-01-02T00:00:00Z", "x")
	}
	v := &visitor{}
	asked, read := 0, 0
	f.instead = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/graphql" {
			if asked++; asked == 2 {
				read = len(v.read)
			}
		}
		return false
	}
	r := &Reading{Client: &Client{HTTP: f.Client(), API: f.URL, LoggedIn: true}, Owner: "o", Name: "r", Visitor: v, State: &State{}}
	if _, err := r.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	if read < batch {
		t.Errorf("%d parts were read before the second batch", read)
	}
}
