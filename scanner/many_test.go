package scanner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"r8scan/internal/git/gittest"
	"r8scan/result"
)

// published makes a bare repository at root/name with a commit of each text, the
// files of one after the other.
func published(t *testing.T, root, name string, texts ...string) *gittest.Repo {
	t.Helper()
	r := gittest.New(t)
	m := &gittest.Import{}
	var parents []int
	for _, text := range texts {
		parents = []int{m.Commit("refs/heads/main", "change", parents, gittest.File{Path: "app.py", Mark: m.Blob(text)})}
	}
	m.Run(r)
	r.Git("clone", "-q", "--bare", ".", filepath.Join(root, name))
	return r
}

// summaryOf writes a result of many repositories, at the server at, in short.
func summaryOf(res *result.Result, at string) string {
	var b strings.Builder
	for _, f := range res.Findings {
		fmt.Fprintf(&b, "token %s %s\n", f.Secret.Mask()[:5], f.Exposure)
		for _, l := range f.Locations {
			fmt.Fprintf(&b, "  %s %s:%d\n", l.Repository, l.Path, l.Line)
		}
		if f.History != nil {
			for i, h := range append([]result.History{*f.History}, f.Elsewhere...) {
				fmt.Fprintf(&b, "  story %d %s head %v\n", i, h.Repository, h.AtHead)
			}
		}
	}
	for _, u := range res.Coverage.Unread {
		fmt.Fprintf(&b, "unread %s: %s\n", u.What, u.Reason)
	}
	for _, r := range res.Target.Repositories {
		fmt.Fprintf(&b, "repository %s %v\n", r.URL, r.Complete)
	}
	for _, note := range res.Notes {
		fmt.Fprintf(&b, "note %s\n", note)
	}
	return strings.ReplaceAll(b.String(), at, "")
}

// TestMany: one finding a token over all repositories of a list, the story of the
// repository where it stood first before the others, and everything else named.
func TestMany(t *testing.T) {
	root, memory := t.TempDir(), t.TempDir()
	a, b, c := gittest.Token(1), gittest.Token(2), gittest.Token(3)
	published(t, root, "acme/original", "x = '"+a+"'\n", "x = 1\n")
	published(t, root, "acme/copy", "# first\n", "# second\n", "x = '"+a+"'\ny = '"+b+"'\n")
	published(t, root, "acme/clean", "x = 1\n")
	other := published(t, root, "other/app", "z = '"+c+"'\n")
	var packs atomic.Int64
	s := gittest.Serve(t, root, false, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil || bytes.Contains(body, []byte("want ")) {
				packs.Add(1)
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			h.ServeHTTP(w, r)
		})
	})
	text := strings.Join([]string{"\ufeff# repositories", s.URL + "/acme/original", "", s.URL + "/acme/copy\r", s.URL + "/acme/copy.git", "  " + s.URL + "/acme/clean",
		s.URL + "/other/app", s.URL + "/other/none", "not a url " + a, "https://user:" + a + "@example.org/x", "github:", "docker://" + strings.TrimPrefix(s.URL, "http://") + "/none:1"}, "\n")
	scan := func(opts Options) string {
		t.Helper()
		opts.Visits = VisitsIn(memory)
		res, err := Many(t.Context(), "@-", strings.NewReader(text), Listed{}, opts)
		if err != nil {
			t.Fatal(err)
		}
		got := summaryOf(res, s.URL)
		for _, token := range []string{a, b, c} {
			if strings.Contains(got, token[3:]) {
				t.Errorf("a token is in %s", got)
			}
		}
		return got
	}
	first := scan(Options{})
	const found = `token r8_Yl history
  /acme/original app.py:1
  /acme/copy app.py:1
  story 0 /acme/original head false
  story 1 /acme/copy head true
`
	if !strings.Contains(first, found) {
		t.Errorf("want:\n%s\ngot:\n%s", found, first)
	}
	for _, want := range []string{"repository /acme/clean true\n", "repository /other/none false\n", "unread /other/none: there is no such repository", "unread line 9 of standard input: it is neither",
		"unread line 10 of standard input: a user or password", "unread line 11 of standard input: ", "unread docker://"} {
		if !strings.Contains(first, want) {
			t.Errorf("it does not say %q:\n%s", want, first)
		}
	}
	if n := packs.Load(); n != 4 {
		t.Errorf("%d packs were asked for", n)
	}
	second := scan(Options{})
	if notes := strings.Index(second, "note "); notes < 0 || second[:notes] != first || !strings.Contains(second, "nothing has changed in 4 repositories since") {
		t.Errorf("first:\n%s\nsecond:\n%s", first, second)
	}
	if n := packs.Load(); n != 4 {
		t.Errorf("the second scan asked for %d packs", n-4)
	}
	if third := scan(Options{Jobs: 1}); third != second {
		t.Errorf("with one worker:\n%s\nbefore:\n%s", third, second)
	}
	other.Git("reset", "-q", "--hard")
	other.Write("new.py", "w = '"+a+"'\n")
	other.Git("add", ".")
	other.Git("commit", "-qm", "one more")
	other.Git("push", "-q", filepath.Join(root, "other/app"), "HEAD:main")
	if got := scan(Options{}); !strings.Contains(got, "  story 0 /other/app head true\n") ||
		!strings.Contains(got, "tokens: 0 new, 0 gone, 3 still there; refs: 0 new, 0 gone, 1 advanced") || packs.Load() != 5 {
		t.Errorf("%d packs, %s", packs.Load(), got)
	}
}

// TestManyStopped: a scan that is stopped ends soon, tells how far it was, and goes on
// there the next time.
func TestManyStopped(t *testing.T) {
	root, memory := t.TempDir(), t.TempDir()
	published(t, root, "acme/a", "x = '"+gittest.Token(1)+"'\n")
	published(t, root, "acme/z", "y = 1\n")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	progress := &Progress{}
	var packs atomic.Int64
	s := gittest.Serve(t, root, false, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/acme/z") && ctx.Err() == nil {
				for progress.State().Repositories < 1 && r.Context().Err() == nil { // until the other one is read
					runtime.Gosched()
				}
				cancel()
				<-r.Context().Done()
				return
			}
			if r.Method == http.MethodPost {
				packs.Add(1)
			}
			h.ServeHTTP(w, r)
		})
	})
	list := s.URL + "/acme/a\n" + s.URL + "/acme/z\n"
	_, err := Many(ctx, "@-", strings.NewReader(list), Listed{}, Options{Visits: VisitsIn(memory), Progress: progress})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("%v", err)
	}
	if state := progress.State(); state.AllRepositories != 2 || state.Objects == 0 || state.Phase != "reading repositories" {
		t.Errorf("%+v", state)
	}
	before := packs.Load()
	res, err := Many(t.Context(), "@-", strings.NewReader(list), Listed{}, Options{Visits: VisitsIn(memory)})
	if err != nil || len(res.Findings) != 1 || !res.Coverage.Complete() {
		t.Fatalf("%v, %+v", err, res)
	}
	if asked := packs.Load() - before; asked > 3 { // of the first one its refs only
		t.Errorf("%d requests", asked)
	}
}

// TestManyOptions: what is wrong with the options is told before anything is asked.
func TestManyOptions(t *testing.T) {
	for name, opts := range map[string]Options{"no such baseline": {Baseline: filepath.Join(t.TempDir(), "none")}, "a wrong glob": {Exclude: []string{"["}}} {
		if res, err := Many(t.Context(), "@-", strings.NewReader("https://127.0.0.1:1/x"), Listed{}, opts); err == nil {
			t.Errorf("%s: %+v", name, res)
		}
	}
}
