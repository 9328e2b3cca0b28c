package verifier

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"r8scan/rules"
)

// testSecret returns the token for a seed.
func testSecret(seed uint64) rules.Secret {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	r := rand.New(rand.NewPCG(seed, 55))
	token := []byte("r8_")
	for range 37 {
		token = append(token, alphabet[r.IntN(len(alphabet))])
	}
	return rules.NewSecret(string(token), 5)
}

const (
	refusedBody = `{"title":"Unauthenticated","detail":"You did not pass a valid authentication token","status":401}`
	accountBody = `{"type":"organization","username":"acme","name":"Acme, Inc.","github_url":"https://github.com/acme","avatar_url":null}`
)

func refuse(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(http.StatusUnauthorized)
	fmt.Fprint(w, refusedBody)
}

// api is a handler like Replicate's. It refuses every token but the test's own,
// for which it calls respond.
type api struct {
	secret  rules.Secret
	respond http.HandlerFunc

	mu   sync.Mutex
	seen []string // tokens in the order of their requests
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	a.mu.Lock()
	a.seen = append(a.seen, token)
	a.mu.Unlock()
	if r.Method != http.MethodGet || r.URL.Path != "/v1/account" {
		http.Error(w, "a request that must not be sent", http.StatusTeapot)
		return
	}
	if token != a.secret.Reveal() {
		refuse(w)
		return
	}
	a.respond(w, r)
}

// requests counts the requests with the test's own token, and with others.
func (a *api) requests() (own, others int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, token := range a.seen {
		if token == a.secret.Reveal() {
			own++
		} else {
			others++
		}
	}
	return own, others
}

func serve(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// newTest returns a Verifier with a fake clock.
func newTest(t *testing.T, cfg Config) (*Verifier, *fakeClock) {
	t.Helper()
	return newTestOf(t, New, cfg)
}

// newTestOf is newTest for what one of the package's functions makes.
func newTestOf(t *testing.T, create func(Config) (*Verifier, error), cfg Config) (*Verifier, *fakeClock) {
	t.Helper()
	v, err := create(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if tr, ok := v.transport.(*http.Transport); ok {
			tr.CloseIdleConnections()
		}
	})
	c := &fakeClock{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	v.clock = c
	return v, c
}

// verifyOne asks about one token and checks what holds for every verdict.
func verifyOne(t *testing.T, v *Verifier, secret rules.Secret) Verdict {
	t.Helper()
	return verifyAll(t, v, t.Context(), secret)[0]
}

func verifyAll(t *testing.T, v *Verifier, ctx context.Context, secrets ...rules.Secret) []Verdict {
	t.Helper()
	verdicts := v.Verify(ctx, secrets)
	if len(verdicts) != len(secrets) {
		t.Fatalf("%d verdicts for %d tokens", len(verdicts), len(secrets))
	}
	for i, verdict := range verdicts {
		if verdict.Status == Unknown && verdict.Reason == "" {
			t.Error("an unknown verdict has no reason")
		}
		if (verdict.Requests == 0) != verdict.CheckedAt.IsZero() {
			t.Errorf("%d requests, checked at %v", verdict.Requests, verdict.CheckedAt)
		}
		encoded, err := json.Marshal(verdict)
		if err != nil {
			t.Fatal(err)
		}
		assertHidden(t, fmt.Sprintf("%+v %#v %s", verdict, verdict.Account, encoded), secrets[i])
	}
	return verdicts
}

// assertHidden fails if text has more of the token than its mask.
func assertHidden(t *testing.T, text string, secret rules.Secret) {
	t.Helper()
	token := secret.Reveal()
	for i := 5; i+8 <= len(token); i++ {
		if strings.Contains(text, token[i:i+8]) {
			t.Fatalf("bytes %d to %d of a token are in a verdict or an error", i, i+8)
		}
	}
}

// fakeClock ends each wait at once.
type fakeClock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d > 0 {
		c.slept = append(c.slept, d)
		c.now = c.now.Add(d)
	}
	return ctx.Err()
}

func (c *fakeClock) total() (sum time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.slept {
		sum += d
	}
	return sum
}

// roundTripFunc is a server without a network.
type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func recorded(r *http.Request, h http.HandlerFunc) *http.Response {
	w := httptest.NewRecorder()
	h(w, r)
	resp := w.Result()
	resp.Request = r
	return resp
}
