package texts

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// fake is GitHub's API, as its documentation describes it, for one repository.
type fake struct {
	*httptest.Server
	t        *testing.T
	repo     map[string]any
	issues   []map[string]any // in any order: with id, updated_at, …
	comments []map[string]any
	commits  []map[string]any
	releases []map[string]any
	runs     []map[string]any
	files    map[string]string         // by path below the repository
	nodes    map[string]map[string]any // for GraphQL
	reviews  []any                     // pull requests with their reviews
	talks    []any

	asked   []string                                          // what was asked, without what answered 304
	bytes   int                                               // of bodies
	instead func(w http.ResponseWriter, r *http.Request) bool // answers, if it wants to
	per     int                                               // texts a page
}

func newFake(t *testing.T) *fake {
	f := &fake{t: t, files: map[string]string{}, nodes: map[string]map[string]any{}, per: 100,
		repo: map[string]any{"full_name": "o/r", "has_wiki": true, "has_issues": true, "has_discussions": true}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.instead != nil && f.instead(w, r) {
		return
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/repos/o/r")
	q := r.URL.Query()
	switch {
	case r.URL.Path == "/gists/0123":
		f.answer(w, r, map[string]any{"url": f.URL + "/gists/0123", "html_url": strings.Replace(f.URL, "://", "://gist.", 1) + "/ann/0123", "description": "SECRET gist"})
	case r.URL.Path == "/gists/0123/comments":
		f.page(w, r, f.comments)
	case r.URL.Path == "/graphql":
		f.graphql(w, r)
	case !ok:
		http.NotFound(w, r)
	case path == "":
		f.answer(w, r, f.repo)
	case path == "/issues":
		f.since(w, r, f.issues)
	case path == "/issues/comments":
		f.since(w, r, f.comments)
	case path == "/pulls/comments":
		f.since(w, r, nil)
	case path == "/comments":
		f.page(w, r, f.commits)
	case path == "/releases":
		f.page(w, r, f.releases)
	case path == "/pulls":
		f.page(w, r, f.issues)
	case path == "/actions/runs":
		f.counted(w, r, "workflow_runs", f.runs)
	case path == "/actions/artifacts":
		f.counted(w, r, "artifacts", nil)
	case f.files[path] != "" && strings.Contains(path, "/assets/") != (r.Header.Get("Accept") == "application/octet-stream"):
		w.WriteHeader(http.StatusUnsupportedMediaType)
	case f.files[path] != "":
		f.asked = append(f.asked, path)
		f.bytes += len(f.files[path])
		_, _ = io.WriteString(w, f.files[path])
	default:
		for _, one := range slices.Concat(f.issues, f.comments, f.commits, f.releases) {
			if one["url"] == f.URL+r.URL.Path {
				f.answer(w, r, one)
				return
			}
		}
		f.asked = append(f.asked, path+"?"+q.Encode()+" 404")
		http.NotFound(w, r)
	}
}

// answer writes JSON, or 304 if the client has it.
func (f *fake) answer(w http.ResponseWriter, r *http.Request, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		f.t.Error(err)
	}
	etag := fmt.Sprintf(`W/"%x-%s"`, len(body), strings.ReplaceAll(string(body), `"`, "'"))
	w.Header().Set("ETag", strconv.QuoteToASCII(etag)[:min(60, len(etag))]+fmt.Sprintf("%x", hash(body)))
	if match := r.Header.Get("If-None-Match"); match != "" && match == w.Header().Get("ETag") {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	f.asked = append(f.asked, strings.TrimPrefix(r.URL.Path, "/repos/o/r")+"?"+r.URL.Query().Encode())
	f.bytes += len(body)
	_, _ = w.Write(body)
}

func hash(b []byte) (h uint64) {
	for _, c := range b {
		h = h*1099511628211 ^ uint64(c)
	}
	return h
}

// page writes a page of a list.
func (f *fake) page(w http.ResponseWriter, r *http.Request, list []map[string]any) {
	q := r.URL.Query()
	n := max(1, number(q.Get("page")))
	from, to := min(len(list), (n-1)*f.per), min(len(list), n*f.per)
	if to < len(list) {
		q.Set("page", fmt.Sprint(n+1))
		w.Header().Set("Link", fmt.Sprintf(`<%s%s?%s>; rel="next", <%s/x>; rel="last"`, f.URL, r.URL.Path, q.Encode(), f.URL))
	}
	f.answer(w, r, append([]map[string]any{}, list[from:to]...))
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// since writes a page of a list that is sorted by the last change.
func (f *fake) since(w http.ResponseWriter, r *http.Request, list []map[string]any) {
	q := r.URL.Query()
	if q.Get("sort") != "updated" || q.Get("direction") != "asc" {
		f.t.Errorf("asked for %s", r.URL)
	}
	var out []map[string]any
	for _, one := range list {
		if one["updated_at"].(string) >= q.Get("since") {
			out = append(out, one)
		}
	}
	slices.SortStableFunc(out, func(a, b map[string]any) int {
		return strings.Compare(a["updated_at"].(string), b["updated_at"].(string))
	})
	f.page(w, r, out)
}

func (f *fake) counted(w http.ResponseWriter, r *http.Request, field string, list []map[string]any) {
	f.answer(w, r, map[string]any{"total_count": len(list), field: append([]map[string]any{}, list...)})
}

func (f *fake) graphql(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Query     string
		Variables map[string]any
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		f.t.Error(err)
	}
	f.asked = append(f.asked, "graphql")
	list := map[string]any{"nodes": f.reviews, "pageInfo": map[string]any{"hasNextPage": false}}
	data := map[string]any{"repository": map[string]any{"list": list}}
	switch {
	case strings.Contains(q.Query, "discussions("):
		list["nodes"] = f.talks
	case strings.Contains(q.Query, "nodes(ids"):
		var out []any
		for _, id := range q.Variables["ids"].([]any) {
			node, ok := f.nodes[id.(string)]
			if ok && !strings.Contains(q.Query, "body") {
				node = maps.Clone(node)
				delete(node, "body")
			}
			if !ok {
				out = append(out, nil)
				continue
			}
			out = append(out, node)
		}
		data = map[string]any{"nodes": out}
	}
	body, _ := json.Marshal(map[string]any{"data": data})
	f.bytes += len(body)
	_, _ = w.Write(body)
}

// issue adds an issue that was changed at a time.
func (f *fake) issue(n int, updated, body string) map[string]any {
	id := fmt.Sprint("I_", n)
	one := map[string]any{"id": n, "node_id": id, "number": n, "url": fmt.Sprintf("%s/repos/o/r/issues/%d", f.URL, n), "html_url": fmt.Sprintf("%s/o/r/issues/%d", f.URL, n),
		"title": "about " + body, "body": body, "created_at": "2020-01-01T00:00:00Z", "updated_at": updated}
	f.issues = append(f.issues, one)
	f.nodes[id] = map[string]any{"id": id, "title": "about " + body, "body": body, "updatedAt": updated}
	return one
}

// comment adds a comment that nobody has edited.
func (f *fake) comment(n, issue int, at, body string) map[string]any {
	id := fmt.Sprint("IC_", n)
	one := map[string]any{"id": n, "node_id": id, "url": fmt.Sprintf("%s/repos/o/r/issues/comments/%d", f.URL, n), "html_url": fmt.Sprintf("%s/o/r/issues/%d#issuecomment-%d", f.URL, issue, n),
		"issue_url": fmt.Sprintf("%s/repos/o/r/issues/%d", f.URL, issue), "body": body, "created_at": at, "updated_at": at}
	f.comments = append(f.comments, one)
	f.nodes[id] = map[string]any{"id": id, "body": body, "updatedAt": at}
	return one
}

// visitor remembers what it was given. A text with SECRET has a match.
type visitor struct {
	read     []string // kind, path and part of each, in order
	matches  map[string]bool
	unread   []string
	notes    []string
	excluded string
}

func (v *visitor) Text(_ context.Context, t *Text) (json.RawMessage, bool) {
	var found []string
	for _, p := range t.Parts {
		v.read = append(v.read, t.Path+" "+p.Name)
		if strings.Contains(p.Text, "SECRET") {
			found = append(found, t.Kind+" "+t.Path+" "+p.Name+" "+t.URL)
		}
	}
	return v.found(found)
}

func (v *visitor) found(found []string) (json.RawMessage, bool) {
	for _, one := range found {
		if v.matches == nil {
			v.matches = map[string]bool{}
		}
		v.matches[one] = true
	}
	if found == nil {
		return nil, true
	}
	body, err := json.Marshal(found)
	return body, err == nil
}

func (v *visitor) File(_ context.Context, f *File, content io.Reader) (json.RawMessage, bool, error) {
	body, err := io.ReadAll(content)
	v.read = append(v.read, f.Path)
	var found []string
	if strings.Contains(string(body), "SECRET") {
		found = append(found, f.Kind+" "+f.Path+" "+f.URL)
	}
	raw, ok := v.found(found)
	return raw, ok && err == nil, err
}

func (v *visitor) Recall(found json.RawMessage) {
	var list []string
	_ = json.Unmarshal(found, &list)
	_, _ = v.found(list)
}

func (v *visitor) Wants(path string, _ bool) bool { return v.excluded == "" || path != v.excluded }
func (v *visitor) Unread(what, reason string)     { v.unread = append(v.unread, what+": "+reason) }
func (v *visitor) Note(text string)               { v.notes = append(v.notes, text) }

// visit reads everything with the state of an earlier reading, which goes through JSON
// as it would through a file.
func (f *fake) visit(t *testing.T, state *State, change func(*Reading)) (*visitor, *State) {
	t.Helper()
	f.asked, f.bytes = nil, 0
	v := &visitor{}
	body, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	next := &State{}
	if err := json.Unmarshal(body, next); err != nil {
		t.Fatal(err)
	}
	r := &Reading{Client: &Client{HTTP: f.Client(), API: f.URL, LoggedIn: true}, Owner: "o", Name: "r", Visitor: v, State: next, Now: time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)}
	if change != nil {
		change(r)
	}
	if _, err := r.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	return v, next
}

func (v *visitor) want(t *testing.T, matches ...string) {
	t.Helper()
	slices.Sort(matches)
	if got := slices.Sorted(maps.Keys(v.matches)); !slices.Equal(got, matches) {
		t.Errorf("found\n%s\nwant\n%s\nunread %q", strings.Join(got, "\n"), strings.Join(matches, "\n"), v.unread)
	}
}
