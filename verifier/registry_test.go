package verifier

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"r8scan/rules"
)

// cogSecret returns a token of cog login for a seed.
func cogSecret(seed uint64) rules.Secret {
	return rules.NewSecret(hex.EncodeToString([]byte(testSecret(seed).Reveal()))[6:46], 0)
}

// fakeRegistry is a handler like that of Replicate's registry, made after what cog
// login asks and expects. It knows one token, for which it calls respond, and refuses
// others with refusal.
type fakeRegistry struct {
	secret  rules.Secret
	respond http.HandlerFunc
	page    http.HandlerFunc // nil for the registry's own
	refusal http.HandlerFunc // likewise

	mu   sync.Mutex
	seen []string // tokens in the order of their requests
}

func (f *fakeRegistry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + r.URL.Path {
	case "GET /cog/v1/display-token-url":
		if f.page != nil {
			f.page(w, r)
			return
		}
		fmt.Fprint(w, `{"url":"https://replicate.com/auth/token"}`)
	case "POST /cog/v1/verify-token":
		token := r.PostFormValue("token")
		f.mu.Lock()
		f.seen = append(f.seen, token)
		f.mu.Unlock()
		switch {
		case r.URL.RawQuery != "" || r.Header.Get("Authorization") != "":
			http.Error(w, "the token is for the form only", http.StatusTeapot)
		case token == f.secret.Reveal():
			f.respond(w, r)
		case f.refusal != nil:
			f.refusal(w, r)
		default:
			noUser(w, r)
		}
	default:
		http.Error(w, "a request that must not be sent", http.StatusTeapot)
	}
}

// requests counts the requests with the test's own token, and with others.
func (f *fakeRegistry) requests() (own, others int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, token := range f.seen {
		if token == f.secret.Reveal() {
			own++
		} else {
			others++
		}
	}
	return own, others
}

// respondWith answers with a code, a media type and a body.
func respondWith(code int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

func noUser(w http.ResponseWriter, r *http.Request) {
	respondWith(404, "application/json; charset=utf-8", `{"detail":"Not found"}`)(w, r)
}

// newRegistryTest is newTest for the registry.
func newRegistryTest(t *testing.T, cfg Config) (*Verifier, *fakeClock) {
	t.Helper()
	return newTestOf(t, NewRegistry, cfg)
}

// TestRegistryAnswers lists the answers of a registry and what they mean.
func TestRegistryAnswers(t *testing.T) {
	const html, plain, page = "text/html", "application/json", "<html>Sign in</html>"
	for _, c := range []struct {
		name     string
		respond  http.HandlerFunc
		status   Status
		reason   string // a part of it
		requests int
	}{
		{"a user", respondWith(200, plain, `{"username":"ada"}`), Live, "", 1},
		{"a user and more", respondWith(200, plain, `{"username":"ada","is_organization":false}`), Live, "", 1},
		{"no such user", noUser, Revoked, "", 1},
		{"no such user, with another text", respondWith(404, plain, ``), Revoked, "", 1},
		{"404 with a page", respondWith(404, html, page), Unknown, "another form", 1},
		{"404 without a type", respondWith(404, "", ""), Unknown, "another form", 1},
		{"200 with a page", respondWith(200, html, page), Unknown, "without a user", 1},
		{"200 with nothing", respondWith(200, plain, ""), Unknown, "without a user", 1},
		{"200 with an empty name", respondWith(200, plain, `{"username":""}`), Unknown, "without a user", 1},
		{"200 with a number", respondWith(200, plain, `{"username":7}`), Unknown, "without a user", 1},
		{"200 with a list", respondWith(200, plain, `[{"username":"ada"}]`), Unknown, "without a user", 1},
		{"200 with a very long body", respondWith(200, plain, `{"username":"`+strings.Repeat("a", maxBody)+`"}`), Unknown, "longer than 64 KB", 1},
		{"201", respondWith(201, plain, `{"username":"ada"}`), Unknown, "HTTP 201", 1},
		{"400", respondWith(400, plain, `{}`), Unknown, "HTTP 400", 1},
		{"401", respondWith(401, plain, refusedBody), Unknown, "HTTP 401", 1},
		{"403", respondWith(403, html, page), Unknown, "firewall or proxy", 1},
		{"422", respondWith(422, plain, `{}`), Unknown, "HTTP 422", 1},
		{"429", respondWith(429, plain, `{}`), Unknown, "still throttled", 5},
		{"500", respondWith(500, html, page), Unknown, "HTTP 500", 5},
		{"500 with a user", respondWith(500, plain, `{"username":"ada"}`), Unknown, "HTTP 500", 5},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, Unknown, "not followed", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := &fakeRegistry{secret: cogSecret(1), respond: c.respond}
			v, _ := newRegistryTest(t, Config{BaseURL: serve(t, f).URL})
			got := verifyOne(t, v, f.secret)
			if got.Status != c.status || !strings.Contains(got.Reason, c.reason) || c.reason == "" && got.Reason != "" {
				t.Errorf("%s (%s), want %s (%s)", got.Status, got.Reason, c.status, c.reason)
			}
			if want := (Account{Type: "user", Username: "ada"}); (got.Account != nil) != (c.status == Live) || got.Account != nil && *got.Account != want {
				t.Errorf("account %v", got.Account)
			}
			if own, others := f.requests(); got.Requests != c.requests || own != c.requests || others != 1 {
				t.Errorf("%d requests, the server saw %d and %d fake ones; want %d", got.Requests, own, others, c.requests)
			}
		})
	}
}

// TestRegistryProof makes sure that a server gets no real token unless it names the
// page of tokens and refuses a fake token. A server that has nothing at these paths
// would otherwise make every token revoked.
func TestRegistryProof(t *testing.T) {
	page := respondWith(200, "text/html", "<html>OK</html>")
	user := respondWith(200, "application/json", `{"username":"ada"}`)
	for _, c := range []struct {
		name          string
		page, refusal http.HandlerFunc
		reason        string
		fakes         int
	}{
		{"404 for everything", noUser, nil, "not known to be Replicate's registry: HTTP 404", 0},
		{"200 for everything", page, page, "without the address of a page", 0},
		{"another object", respondWith(200, "application/json", `{"ok":true}`), nil, "without the address of a page", 0},
		{"another address", respondWith(200, "application/json", `{"url":"mailto:x"}`), nil, "without the address of a page", 0},
		{"redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) }, nil, "not followed", 0},
		{"accepts everything", nil, user, "accepts a fake token", 1},
		{"refuses like the API", nil, func(w http.ResponseWriter, _ *http.Request) { refuse(w) }, "no clear answer about the fake token", 1},
		{"is down", nil, respondWith(503, "", ""), "HTTP 503", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := &fakeRegistry{secret: cogSecret(1), respond: user, page: c.page, refusal: c.refusal}
			v, _ := newRegistryTest(t, Config{BaseURL: serve(t, f).URL, Retries: 1})
			for _, got := range verifyAll(t, v, t.Context(), f.secret, cogSecret(2)) {
				if got.Status != Unknown || got.Requests != 0 || !strings.HasPrefix(got.Reason, notAsked) || !strings.Contains(got.Reason, c.reason) {
					t.Errorf("%s after %d requests: %s", got.Status, got.Requests, got.Reason)
				}
			}
			if own, others := f.requests(); own != 0 || others != c.fakes {
				t.Errorf("%d and %d requests", own, others)
			}
		})
	}
}

// TestRegistryProofOnce makes sure that later calls trust the proof of the first.
func TestRegistryProofOnce(t *testing.T) {
	f := &fakeRegistry{secret: cogSecret(1), respond: respondWith(200, "application/json", `{"username":"ada"}`)}
	v, _ := newRegistryTest(t, Config{BaseURL: serve(t, f).URL})
	for range 3 {
		got := verifyAll(t, v, t.Context(), f.secret, cogSecret(2))
		if got[0].Status != Live || got[1].Status != Revoked {
			t.Errorf("%s, %s", got[0].Status, got[1].Status)
		}
	}
	if own, others := f.requests(); own != 3 || others != 4 {
		t.Errorf("%d and %d requests", own, others)
	}
}

// TestRegistryGetsNoAPIToken makes sure that each kind of token goes to its own server
// only.
func TestRegistryGetsNoAPIToken(t *testing.T) {
	f := &fakeRegistry{secret: testSecret(1), respond: noUser}
	v, _ := newRegistryTest(t, Config{BaseURL: serve(t, f).URL})
	for _, secret := range []rules.Secret{testSecret(1), rules.NewSecret("", 0), rules.NewSecret(cogSecret(1).Reveal()+"\n", 0)} {
		if got := verifyOne(t, v, secret); got.Status != Unknown || got.Requests != 0 {
			t.Errorf("%s after %d requests", got.Status, got.Requests)
		}
	}
	for raw, want := range map[string]string{
		"":                                   "https://r8.im/cog/v1/verify-token",
		"https://r8.im":                      "https://r8.im/cog/v1/verify-token",
		"https://api.replicate.com":          "https://r8.im/cog/v1/verify-token",
		"https://API.Replicate.com/v1":       "https://r8.im/cog/v1/verify-token",
		"https://api.replicate.com.:443/v1/": "https://r8.im/cog/v1/verify-token",
		"http://localhost:8080/v1":           "http://localhost:8080/cog/v1/verify-token",
		"https://gw.example/r8":              "https://gw.example/r8/cog/v1/verify-token",
	} {
		v, err := NewRegistry(Config{BaseURL: raw})
		if err != nil {
			t.Errorf("%q: %v", raw, err)
			continue
		}
		r, err := v.service.about(cogSecret(1)).request(t.Context())
		if err != nil || r.URL.String() != want || strings.Contains(r.URL.String(), cogSecret(1).Reveal()) {
			t.Errorf("%q: %v, %v; want %s", raw, r.URL, err, want)
		}
	}
}
