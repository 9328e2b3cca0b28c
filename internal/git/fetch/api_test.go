package fetch

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// apiOf returns the API of a server on this machine, with a token for it.
func apiOf(t *testing.T, server string) *API {
	t.Helper()
	c := alone(t)
	if err := os.WriteFile(filepath.Join(c.Home, ".netrc"), []byte("machine 127.0.0.1 login me password hubtoken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := Parse(server + "/o/r")
	if err != nil {
		t.Fatal(err)
	}
	api, err := c.API(a)
	if err != nil {
		t.Fatal(err)
	}
	api.wait = time.Nanosecond
	return api
}

func (a *API) ask(t *testing.T, path string) (*http.Response, error) {
	t.Helper()
	method, body := http.MethodPost, []byte("body")
	if strings.Contains(path, "get") {
		method, body = http.MethodGet, nil
	}
	req, err := http.NewRequestWithContext(t.Context(), method, a.Base()+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return a.Do(req)
}

// TestAPIAddress: only GitHub's API is asked, and only it gets GitHub's token.
func TestAPIAddress(t *testing.T) {
	c := alone(t)
	c.Getenv = func(name string) string { return map[string]string{"GH_TOKEN": "x", "GITLAB_TOKEN": "y"}[name] }
	for url, want := range map[string]string{
		"https://github.com/o/r": "https://api.github.com", "git@github.com:o/r": "https://api.github.com", "https://GitHub.com/o/r": "https://api.github.com",
		"https://gist.github.com/ann/0123": "https://api.github.com",
		"https://gist.example.com/0123":    "", "https://notgist.github.com/0123": "",
		"http://127.0.0.1:1/o/r": "http://127.0.0.1:1/api/v3", "https://gitlab.com/o/r": "", "https://github.com.example.com/o/r": "", "ssh://git@localhost/o/r": "",
	} {
		a, err := Parse(url)
		if err != nil {
			t.Fatal(err)
		}
		api, err := c.API(a)
		switch {
		case want == "":
			if err == nil {
				t.Errorf("%s: %s", url, api.Base())
			}
		case err != nil || api.Base() != want || api.LoggedIn() != strings.Contains(want, "github"):
			t.Errorf("%s: %v, %+v", url, err, api)
		}
	}
}

// TestAPIRedirects: the token goes to the API's own host only, and follows there.
func TestAPIRedirects(t *testing.T) {
	got := map[string]string{}
	note := func(w http.ResponseWriter, r *http.Request) { got[r.URL.Path] = r.Header.Get("Authorization") }
	other := httptest.NewServer(http.HandlerFunc(note))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note(w, r)
		switch r.URL.Path {
		case "/api/v3/get/file":
			http.Redirect(w, r, other.URL+"/zip", http.StatusFound)
		case "/api/v3/get/renamed":
			http.Redirect(w, r, "/api/v3/new", http.StatusMovedPermanently)
		case "/api/v3/get/away":
			http.Redirect(w, r, "http://example.com/", http.StatusFound)
		case "/api/v3/post":
			http.Redirect(w, r, other.URL+"/posted", http.StatusTemporaryRedirect)
		}
	}))
	defer server.Close()
	api := apiOf(t, server.URL)
	for _, path := range []string{"/get/file", "/get/renamed"} {
		resp, err := api.ask(t, path)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v, %v", path, resp, err)
		}
		_ = resp.Body.Close()
	}
	for path, want := range map[string]string{"/api/v3/get/file": "Bearer hubtoken", "/zip": "", "/api/v3/new": "Bearer hubtoken"} {
		if auth, asked := got[path]; !asked || auth != want {
			t.Errorf("%s: %v, %q", path, asked, auth)
		}
	}
	for _, path := range []string{"/get/away", "/post"} {
		if resp, err := api.ask(t, path); err == nil || strings.Contains(err.Error(), "hubtoken") {
			t.Errorf("%s: %v, %v", path, resp, err)
		}
	}
	if _, posted := got["/posted"]; posted {
		t.Error("a POST was sent to another host")
	}
}

// TestAPIWaits: a short trouble is waited for, with the whole request again, and a long
// one is not.
func TestAPIWaits(t *testing.T) {
	for name, c := range map[string]struct {
		code   int
		header string // of Retry-After
		fails  int    // how often it answers so
		asked  int
		want   int
	}{
		"502 twice":         {502, "", 2, 3, 200},
		"502 always":        {502, "", 99, 4, 502},
		"a secondary limit": {403, "7", 1, 2, 200},
		"429":               {429, "0", 1, 2, 200},
		"a long limit":      {403, "3600", 1, 1, 403},
		"a negative wait":   {429, "-1", 1, 1, 429},
		"a date":            {429, "Thu, 01 Jan 2026 00:00:00 GMT", 1, 1, 429},
		"no permission":     {403, "", 1, 1, 403},
		"404":               {404, "", 1, 1, 404},
	} {
		asked := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if body, _ := io.ReadAll(r.Body); string(body) != "body" {
				t.Errorf("%s: the body is %q", name, body)
			}
			if asked++; asked > c.fails {
				return
			}
			if c.header != "" {
				w.Header().Set("Retry-After", c.header)
			}
			w.WriteHeader(c.code)
		}))
		resp, err := apiOf(t, server.URL).ask(t, "/x")
		if err != nil || resp.StatusCode != c.want || asked != c.asked {
			t.Errorf("%s: %v, %v, asked %d times", name, resp, err, asked)
		}
		server.Close()
	}
}

// TestRetry: how long a server asks to wait, by its own clock.
func TestRetry(t *testing.T) {
	date := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	in := func(d time.Duration) string { return strconv.FormatInt(date.Add(d).Unix(), 10) }
	for name, c := range map[string]struct {
		headers []string
		want    time.Duration
		ok      bool
	}{
		"GitHub":           {[]string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", in(40 * time.Second)}, 41 * time.Second, true},
		"GitLab":           {[]string{"RateLimit-Remaining", "0", "RateLimit-Reset", in(40 * time.Second)}, 41 * time.Second, true},
		"a reset past":     {[]string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", in(-time.Hour)}, time.Second, true},
		"some remain":      {[]string{"X-RateLimit-Remaining", "7", "X-RateLimit-Reset", in(40 * time.Second)}, 0, false},
		"a reset far away": {[]string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", in(maxReset)}, 0, false},
		"Retry-After":      {[]string{"Retry-After", "5", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", in(time.Hour)}, 5 * time.Second, true},
		"nothing":          {nil, 0, false},
	} {
		resp := &http.Response{Header: http.Header{"Date": {date.Format(http.TimeFormat)}}}
		for i := 0; i < len(c.headers); i += 2 {
			resp.Header.Set(c.headers[i], c.headers[i+1])
		}
		if got, ok := Retry(resp); got != c.want || ok != c.ok {
			t.Errorf("%s: %s, %v", name, got, ok)
		}
	}
}
