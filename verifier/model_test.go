package verifier

import (
	"net/http"
	"strings"
	"testing"
)

func TestParseModel(t *testing.T) {
	for text, want := range map[string]Model{
		"ada/m":         {"ada", "m", ""},
		"Ada-1/m.v2_x":  {"Ada-1", "m.v2_x", ""},
		"ada/m:abc0123": {"ada", "m", "abc0123"},
	} {
		got, err := ParseModel(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	secret := testSecret(1)
	for _, text := range []string{"", "ada", "ada/", "/m", "ada/m:", "ada/m/x", "ada/../x", "../m", "ada/..", "ada/.m", "ada/m:..", "ada/m?x", "ada/m#x", "ada/m%2f", "ada/m x", "ada/é", "ada/m:a:b", "ada/m:a/b",
		"https://replicate.com/ada/m", secret.Reveal(), "ada/" + strings.Repeat("m", 200)} {
		got, err := ParseModel(text)
		if err == nil {
			t.Errorf("%q: %+v", text, got)
			continue
		}
		assertHidden(t, err.Error(), secret)
	}
}

// TestModel lists the answers about a model and what they mean.
func TestModel(t *testing.T) {
	const html, model = "<html>Sign in</html>", `{"owner":"ada"}`
	for _, c := range []struct {
		name    string
		version string
		respond http.HandlerFunc
		status  Status
		reason  string // a part of it
	}{
		{"a model", "", respondWith(200, "application/json", model), Live, ""},
		{"a version", "abc", respondWith(200, "application/json", model), Live, ""},
		{"a large model", "", respondWith(200, "application/json", `["`+strings.Repeat("x", 1<<20)+`"]`), Live, ""},
		{"too large", "", respondWith(200, "application/json", `["`+strings.Repeat("x", maxModel)+`"]`), Unknown, "longer than 8 MB"},
		{"a page", "", respondWith(200, "text/html", html), Unknown, "something other than Replicate's API"},
		{"nothing", "", respondWith(200, "application/json", ""), Unknown, "something other"},
		{"refused", "", func(w http.ResponseWriter, _ *http.Request) { refuse(w) }, Revoked, ""},
		{"401 with a page", "", respondWith(401, "text/html", html), Unknown, "HTTP 401"},
		{"no such model", "", respondWith(404, "application/problem+json", `{"title":"Not found","detail":"x","status":404}`), Unknown, "no such model or version, or it is private"},
		{"404 with a page", "", respondWith(404, "text/html", html), Unknown, "no answer of Replicate's"},
		{"403", "", respondWith(403, "application/json", `{"detail":"no"}`), Unknown, "may not see it"},
		{"403 with a page", "", respondWith(403, "text/html", html), Unknown, "firewall or proxy"},
		{"down", "", respondWith(503, "", ""), Unknown, "HTTP 503"},
		{"redirect", "", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusFound) }, Unknown, "not followed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := &api{secret: testSecret(1), respond: c.respond}
			path := "/v1/models/ada/m"
			if c.version != "" {
				path += "/versions/" + c.version
			}
			fakes := 0
			s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				own := r.Header.Get("Authorization") == "Bearer "+a.secret.Reveal()
				switch {
				case own && r.Method == http.MethodGet && r.URL.Path == path:
					c.respond(w, r)
				case own:
					http.Error(w, "a request that must not be sent", http.StatusTeapot)
				default:
					fakes++
					refuse(w)
				}
			}))
			v, _ := newTest(t, Config{BaseURL: s.URL, Retries: 1})
			body, got := v.Model(t.Context(), a.secret, Model{"ada", "m", c.version})
			if got.Status != c.status || !strings.Contains(got.Reason, c.reason) || (body != nil) != (c.status == Live) || fakes != 1 {
				t.Errorf("%s (%s), %d bytes after %d fake tokens; want %s (%s)", got.Status, got.Reason, len(body), fakes, c.status, c.reason)
			}
		})
	}
	v, _ := newTest(t, Config{BaseURL: serve(t, http.HandlerFunc(live)).URL})
	if body, got := v.Model(t.Context(), testSecret(1), Model{"ada", "m", ""}); body != nil || got.Requests != 0 || !strings.Contains(got.Reason, "accepts a fake token") {
		t.Errorf("a server that accepts everything: %s, %s", body, got.Reason)
	}
	r, _ := newRegistryTest(t, Config{})
	if _, got := r.Model(t.Context(), testSecret(1), Model{"ada", "m", ""}); got.Requests != 0 || got.Status != Unknown {
		t.Errorf("the registry: %+v", got)
	}
}
