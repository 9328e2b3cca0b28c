package receive

import (
	"bytes"
	"context"
	"database/sql"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"r8scan/fleet/config"
	"r8scan/fleet/ledger"
	"r8scan/fleet/seal"
	"r8scan/fleet/store"
	scan "r8scan/report"
	"r8scan/rules"
)

// token returns a token that nobody has. No two numbers have the same.
func token(n int) string {
	body := []byte("Hw3kTq9ZbN5xYc7VmL2pRs8DfG4jKe6WuA1tB")
	for i := 5; n > 0; i, n = i+1, n/10 {
		body[i] = "QzXjWvKyGd"[n%10]
	}
	return "r8_" + string(body)
}

func secret(n int) rules.Secret { return rules.NewSecret(token(n), 5) }

// fleet is what the endpoints write to.
type fleet struct {
	t       *testing.T
	store   *store.Store
	key     seal.PrivateKey
	log     bytes.Buffer
	handler http.Handler

	questions []ledger.Question
	visits    []ledger.Visit
}

// Questions counts.
func (f *fleet) Questions(_ context.Context, _ *sql.Tx, _ time.Time, questions ...ledger.Question) error {
	f.questions = append(f.questions, questions...)
	return nil
}

// Visits counts.
func (f *fleet) Visits(_ context.Context, _ *sql.Tx, _ time.Time, visits ...ledger.Visit) error {
	f.visits = append(f.visits, visits...)
	return nil
}

func parseConfig(t testing.TB, text string) *config.Config {
	t.Helper()
	cfg, err := config.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// newFleet returns the endpoints of a configuration, on a database of their own.
func newFleet(t *testing.T, text string) *fleet {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "fleet.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	f := &fleet{t: t, store: s}
	if f.key, err = seal.New(); err != nil {
		t.Fatal(err)
	}
	to := f.key.Public()
	if f.handler, err = New(parseConfig(t, text), s, f, &to, slog.New(slog.NewJSONHandler(&f.log, nil))); err != nil {
		t.Fatal(err)
	}
	return f
}

// post sends a message.
func (f *fleet) post(path, body string, headers ...string) *httptest.ResponseRecorder {
	f.t.Helper()
	return f.send(http.MethodPost, path, strings.NewReader(body), headers...)
}

func (f *fleet) send(method, path string, body io.Reader, headers ...string) *httptest.ResponseRecorder {
	f.t.Helper()
	r := httptest.NewRequestWithContext(f.t.Context(), method, path, body)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	for _, text := range []string{f.log.String(), w.Body.String()} {
		if n := strings.Index(text, "r8_"); n >= 0 && !strings.HasPrefix(text[n:], "r8_Hw***") {
			f.t.Errorf("a token came out: %s", text)
		}
	}
	return w
}

// want checks the code of an answer.
func (f *fleet) want(name string, w *httptest.ResponseRecorder, code int) {
	f.t.Helper()
	if w.Code != code {
		f.t.Errorf("%s: HTTP %d %s, want %d\n%s", name, w.Code, w.Body, code, f.log.String())
	}
}

// rows returns the one text of a query.
func (f *fleet) rows(query string) (text string) {
	f.t.Helper()
	if err := f.store.DB.QueryRow(query).Scan(&text); err != nil {
		f.t.Fatal(err)
	}
	return text
}

// set runs a statement.
func (f *fleet) set(statement string, args ...any) {
	f.t.Helper()
	if _, err := f.store.DB.Exec(statement, args...); err != nil {
		f.t.Fatal(err)
	}
}

// all returns all that the database holds, as text.
func (f *fleet) all() string {
	f.t.Helper()
	tokens, err := ledger.Tokens(f.t.Context(), f.store.DB)
	if err != nil {
		f.t.Fatal(err)
	}
	var b strings.Builder
	for _, t := range tokens {
		b.WriteString(t.ID + " " + t.Rule + " " + t.Mask + " " + string(t.Status) + "\n")
	}
	b.WriteString(f.rows(`select coalesce(group_concat(token || ' ' || source || ' ' || kind || ' ' || url || ' ' || at, char(10)), '') from (select * from told order by token, source, kind, url)`))
	return b.String()
}

// judge gives a token an answer of Replicate's.
func (f *fleet) judge(n int, status scan.Status) {
	f.t.Helper()
	f.set(`update token set status = $1 where id = $2`, string(status), secret(n).ID())
}
