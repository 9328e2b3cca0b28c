package page

import (
	"context"
	"database/sql"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"r8scan/fleet/config"
	"r8scan/fleet/ledger"
	"r8scan/fleet/store"
	"r8scan/report"
	"r8scan/result"
	"r8scan/rules"
)

// secret is the page's token in tests.
const secret = "open sesame, 32 characters long!"

// start is the time in tests, by the database's clock.
var start = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC).UnixMilli()

const (
	minute = int64(60_000)
	day    = 24 * 60 * minute
)

// fakeToken returns a token. It is put together here, so that no file has one whole.
func fakeToken(letter string) string { return "r8_" + strings.Repeat(letter+"q7Z", 9) + "x" }

// queued is a Queue that notes what it gets.
type queued struct {
	acts      []ledger.Act
	questions []ledger.Question
}

func (q *queued) Acts(_ context.Context, _ *sql.Tx, _ time.Time, acts ...ledger.Act) error {
	q.acts = append(q.acts, acts...)
	return nil
}

func (q *queued) Questions(_ context.Context, _ *sql.Tx, _ time.Time, questions ...ledger.Question) error {
	q.questions = append(q.questions, questions...)
	return nil
}

// site is a page that is served.
type site struct {
	*server
	t       *testing.T
	handler http.Handler
	queued  *queued
	logged  *strings.Builder
	cookies []*http.Cookie
	host    string
	from    string // the address of the browser
	header  http.Header
}

// byToken and byProxy are the two ways to configure a page.
func byToken(t *testing.T) *config.Serve {
	t.Setenv("R8SCAN_TEST_PAGE", secret)
	return configured(t, "serve: {page: {token: env:R8SCAN_TEST_PAGE}}")
}

func byProxy(t *testing.T) *config.Serve {
	return configured(t, "serve: {listen: '10.0.0.5:8380', page: {identity: X-Person, proxies: [10.0.0.0/24]}}")
}

func configured(t *testing.T, text string) *config.Serve {
	t.Helper()
	c, err := config.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c.Serve
}

func serve(t *testing.T, cfg *config.Serve) *site {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "f.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	q, logged := &queued{}, &strings.Builder{}
	s, err := newServer(&config.Config{Serve: cfg}, db, q, slog.New(slog.NewTextHandler(logged, nil)))
	if err != nil {
		t.Fatal(err)
	}
	s.now = func(context.Context) (int64, error) { return start, nil }
	return &site{server: s, t: t, handler: s.handler(), queued: q, logged: logged, host: "127.0.0.1:8380", from: "127.0.0.1:5000", header: http.Header{}}
}

// do sends a request, as a browser does, and returns the answer and its body.
func (s *site) do(method, target string, form url.Values) (*http.Response, string) {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, target, strings.NewReader(form.Encode()))
	r.Host, r.RemoteAddr = s.host, s.from
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "null") // what a browser sends under no-referrer
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for name, values := range s.header {
		r.Header[name] = values
	}
	for _, c := range s.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	resp := w.Result()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp, string(body)
}

// get expects a page.
func (s *site) get(target string) string {
	s.t.Helper()
	resp, body := s.do(http.MethodGet, target, nil)
	if resp.StatusCode != http.StatusOK {
		s.t.Fatalf("GET %s: %s, %s\n%s", target, resp.Status, resp.Header.Get("Location"), body)
	}
	return body
}

// login logs in.
func (s *site) login(name string) *site {
	s.t.Helper()
	resp, body := s.do(http.MethodPost, "/login", url.Values{"name": {name}, "token": {secret}})
	if resp.StatusCode != http.StatusSeeOther || len(resp.Cookies()) != 1 {
		s.t.Fatalf("login: %s\n%s", resp.Status, body)
	}
	s.cookies = resp.Cookies()
	return s
}

var sealField = regexp.MustCompile(`name="seal" value="([0-9a-f]{64})"`)

// post sends a form with the seal that a page has.
func (s *site) post(page, target string, form url.Values) (*http.Response, string) {
	s.t.Helper()
	m := sealField.FindStringSubmatch(s.get(page))
	if m == nil {
		s.t.Fatalf("%s has no form", page)
	}
	form.Set("seal", m[1])
	return s.do(http.MethodPost, target, form)
}

// tx changes the database.
func (s *site) tx(f func(tx *sql.Tx) error) {
	s.t.Helper()
	if err := s.store.Tx(s.t.Context(), f); err != nil {
		s.t.Fatal(err)
	}
}

// exec runs one statement.
func (s *site) exec(query string, args ...any) {
	s.t.Helper()
	if _, err := s.store.DB.ExecContext(s.t.Context(), query, args...); err != nil {
		s.t.Fatal(query, err)
	}
}

// repo adds a repository in a state.
func (s *site) repo(id, address, state, why string) {
	s.t.Helper()
	s.exec(`insert into repo(id, url, host, state, error, scanned, due, public) values($1, $2, 'example.com', $3, $4, $5, $6, 1)`, id, address, state, why, start-90*minute, start+day)
}

// token adds a token that a repository has.
func (s *site) token(repo, letter, path string, status report.Status, first int64) string {
	s.t.Helper()
	secret := rules.NewSecret(fakeToken(letter), 5)
	id := secret.ID()
	f := report.Finding{}
	f.TokenID, f.Token, f.Rule = id, secret.Mask(), "replicate-api-token"
	f.Locations = []result.Location{{Path: path, Line: 3, Column: 7, Kind: "blob", Commit: strings.Repeat("c", 40), Current: true}}
	s.tx(func(tx *sql.Tx) error {
		q, err := ledger.Found(s.t.Context(), tx, repo, f, true, first)
		if err != nil || q == nil {
			return err
		}
		if _, _, err := ledger.ClaimQuestion(s.t.Context(), tx, *q, "w"); err != nil {
			return err
		}
		_, _, err = ledger.Answer(s.t.Context(), tx, *q, "w", report.Verification{Status: status, Reason: "HTTP 200", Account: &report.Account{Type: "user", Username: "ada", Name: "Ada L."}}, first+minute)
		return err
	})
	return id
}

// notice adds an act.
func (s *site) notice(id, token, channel, state, why string) {
	s.t.Helper()
	s.exec(`insert into notice(id, token, channel, state, error, since, due, tries) values($1, $2, $3, $4, $5, $6, $7, 2)`, id, token, channel, state, why, start-5*minute, start)
}
