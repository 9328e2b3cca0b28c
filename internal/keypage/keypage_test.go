package keypage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"r8scan/internal/ask"
	"r8scan/report"
	"r8scan/rules"
	"r8scan/verifier"
)

// tokenOf returns a token. It is put together here, so that no file has one whole.
func tokenOf(n int) string { return "r8_" + fmt.Sprintf("Kq7ZtY3mWx0Lr9DsVb4GhTn8CpJf2RyEu6A%02d", n) }

// api answers like Replicate's: for a token of live with a user of that name, for any
// other that it is not valid. A token of stuck gets no answer until the request ends.
type api struct {
	live map[string]string

	mu    sync.Mutex
	seen  map[string]int
	stuck map[string]chan struct{} // closed when the request has ended
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	a.mu.Lock()
	a.seen[token]++
	stuck := a.stuck[token]
	a.mu.Unlock()
	if stuck != nil {
		<-r.Context().Done()
		close(stuck)
		return
	}
	if name := a.live[token]; name != "" {
		fmt.Fprintf(w, `{"type":"user","username":%q,"name":"<b>&"}`, name)
		return
	}
	w.WriteHeader(http.StatusUnauthorized)
	fmt.Fprint(w, `{"title":"Unauthenticated","detail":"You did not pass a valid authentication token","status":401}`)
}

// started is a page that is served.
type started struct {
	*api
	t      *testing.T
	url    string
	host   string
	ended  chan error
	cancel context.CancelFunc
	errs   *strings.Builder // complete once it has ended
}

// start serves a page that asks the api, until the test ends.
func start(t *testing.T, a *api, idle time.Duration) *started {
	t.Helper()
	a.seen = map[string]int{}
	replicate := httptest.NewServer(a)
	t.Cleanup(replicate.Close)
	v, err := ask.APITokens.NewVerifier(replicate.URL, "test", verifier.Config{FreshConnections: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	out, printed := io.Pipe()
	s := &started{api: a, t: t, ended: make(chan error, 1), cancel: cancel, errs: &strings.Builder{}}
	p := Page{Verifier: v, Tool: report.Tool{Name: "r8scan"}, Runs: 1, MaxRuns: 100, Idle: idle, Out: printed, Err: s.errs}
	go func() {
		s.ended <- p.Serve(ctx)
	}()
	t.Cleanup(cancel)
	line := make([]byte, 200)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	s.url = strings.TrimSpace(string(line[:n]))
	u, err := url.Parse(s.url)
	if err != nil || u.Scheme != "http" || u.Hostname() != "127.0.0.1" || len(u.Path) < 20 {
		t.Fatalf("the URL is %q, %v", s.url, err)
	}
	s.host = u.Host
	return s
}

// send sends a request, which change may alter, and returns its answer.
func (s *started) send(method, body string, change func(*http.Request)) (*http.Response, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", "null") // what a browser sends under no-referrer
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if change != nil {
		change(req)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp, string(text)
}

// form is what the page's form sends.
func form(key, runs string) string { return url.Values{"key": {key}, "runs": {runs}}.Encode() }

func (s *started) requests(token string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[token]
}

// TestPageTests: the verdict, whose account, what it means, what to do, and the round
// trip; and nothing of the token.
func TestPageTests(t *testing.T) {
	good, gone := tokenOf(1), tokenOf(2)
	s := start(t, &api{live: map[string]string{good: "ada"}}, time.Hour)
	for _, c := range []struct {
		name, key, runs string
		want            []string
		requests        int
	}{
		{"live", good, "1", []string{"Live: Replicate accepts", "user ada (&lt;b&gt;&amp;)", "HTTP 200", "The token works.", "Round trip of 1 request", `class="connect"`, `class="first"`, rules.NewSecret(good, 5).Mask()}, 1},
		{"measured", good, "3", []string{"Round trip of 3 requests", "p95", "run 3: "}, 3},
		{"in quotes", `"` + good + `"`, "1", []string{"Live: ", "quotes around it", "more than the token"}, 1},
		{"too many runs", good, "1000", []string{"Round trip of 100 requests"}, 100},
		{"no number", good, "x", []string{"Round trip of 1 request"}, 1},
		{"revoked", gone, "1", []string{"Not live", "HTTP 401", "Create a new token", "Round trip"}, 0},
		{"cut", good[:30], "1", []string{"Not a Replicate API token", "30 characters instead of 40", "was not sent anywhere"}, 0},
		{"empty", "", "1", []string{"Not a Replicate API token", "it is empty"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := s.requests(good)
			resp, text := s.send(http.MethodPost, form(c.key, c.runs), nil)
			if resp.StatusCode != http.StatusOK {
				t.Fatalf("%s: %s", resp.Status, text)
			}
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("the page does not say %q:\n%s", want, text)
				}
			}
			for _, token := range []string{good, gone} {
				if strings.Contains(text, token[5:20]) {
					t.Errorf("the page shows a token:\n%s", rules.Redact(text))
				}
			}
			if n := s.requests(good) - before; n != c.requests {
				t.Errorf("%d requests with the token, want %d", n, c.requests)
			}
		})
	}
}

// TestPageHeaders: nobody keeps, frames or learns of the page, whatever the answer.
func TestPageHeaders(t *testing.T) {
	s := start(t, &api{}, time.Hour)
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut} {
		resp, text := s.send(method, form(tokenOf(1), "1"), nil)
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", method, name, got, want)
			}
		}
		policy := resp.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy %q lacks %s", method, policy, want)
			}
		}
		if len(resp.Cookies()) > 0 {
			t.Errorf("%s: there is a cookie", method)
		}
		if method == http.MethodGet && (!strings.Contains(text, `type="password"`) || !strings.Contains(text, `method="post"`)) {
			t.Errorf("there is no form:\n%s", text)
		}
	}
}

// TestPageRefuses: what does not come from the page itself tests nothing.
func TestPageRefuses(t *testing.T) {
	good := tokenOf(1)
	s := start(t, &api{live: map[string]string{good: "ada"}}, time.Hour)
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	both := func(origin, site string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Origin", origin)
			r.Header.Del("Sec-Fetch-Site")
			if site != "" {
				r.Header.Set("Sec-Fetch-Site", site)
			}
		}
	}
	_, port, _ := strings.Cut(s.host, ":")
	for _, c := range []struct {
		name, method string
		code         int
		change       func(*http.Request)
	}{
		{"another name for this computer", "POST", 421, func(r *http.Request) { r.Host = "rebound.example:" + port }},
		{"localhost", "POST", 421, func(r *http.Request) { r.Host = "localhost:" + port }},
		{"another name, GET", "GET", 421, func(r *http.Request) { r.Host = "rebound.example" }},
		{"no port", "GET", 421, func(r *http.Request) { r.Host = "127.0.0.1" }},
		{"a foreign origin", "POST", 403, header("Origin", "https://evil.example")},
		{"a foreign origin of this address", "POST", 403, header("Origin", "http://127.0.0.1:1")},
		{"another scheme", "POST", 403, header("Origin", "https://"+s.host)},
		{"a foreign page under no-referrer", "POST", 403, both("null", "cross-site")},
		{"another program on this computer", "POST", 403, both("null", "same-site")},
		{"a sandbox in an old browser", "POST", 403, both("null", "")},
		{"no origin", "POST", 403, func(r *http.Request) { r.Header.Del("Origin") }},
		{"a lie", "POST", 403, both("http://"+s.host, "cross-site")},
		{"the root", "GET", 404, func(r *http.Request) { r.URL.Path = "/" }},
		{"a guess", "POST", 404, func(r *http.Request) { r.URL.Path = "/aaaaaaaaaaaaaaaaaaaaaaaaaa/" }},
		{"below", "GET", 404, func(r *http.Request) { r.URL.Path += "x" }},
		{"PUT", "PUT", 405, nil},
		{"a form that is too big", "POST", 400, func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader("key="+strings.Repeat("x", maxForm))), -1
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp, text := s.send(c.method, form(good, "1"), c.change)
			if resp.StatusCode != c.code || strings.Contains(text, "<") {
				t.Errorf("%s: %s", resp.Status, text)
			}
		})
	}
	if resp, text := s.send(http.MethodGet, "", func(r *http.Request) { r.URL.RawQuery = form(good, "1") }); resp.StatusCode != 200 || strings.Contains(text, `id="result"`) {
		t.Errorf("a GET tests a token: %s", text)
	}
	if n := s.requests(good); n != 0 {
		t.Errorf("%d requests with the token", n)
	}
	for _, change := range []func(*http.Request){both("http://"+s.host, ""), both("http://"+s.host, "same-origin")} {
		if resp, _ := s.send(http.MethodPost, form(good, "1"), change); resp.StatusCode != http.StatusOK {
			t.Errorf("the page's own form is refused: %s", resp.Status)
		}
	}
}

// TestPageClosed: a test ends with the page that asked for it.
func TestPageClosed(t *testing.T) {
	stuck := tokenOf(3)
	ended := make(chan struct{})
	s := start(t, &api{stuck: map[string]chan struct{}{stuck: ended}}, time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, strings.NewReader(form(stuck, "5")))
		if err == nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set("Origin", "http://"+s.host)
			var resp *http.Response
			if resp, err = http.DefaultTransport.RoundTrip(req); err == nil {
				_ = resp.Body.Close()
			}
		}
		done <- err
	}()
	for s.requests(stuck) == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	<-ended // else the test's own time limit strikes
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the request ended with %v", err)
	}
	if resp, _ := s.send(http.MethodGet, "", nil); resp.StatusCode != http.StatusOK {
		t.Errorf("the page is gone: %s", resp.Status)
	}
	if n := s.requests(stuck); n != 1 {
		t.Errorf("%d requests for a closed page", n)
	}
}

// TestPageTwoAtOnce: each gets the answer to its own token.
func TestPageTwoAtOnce(t *testing.T) {
	live := map[string]string{}
	for n := range 8 {
		live[tokenOf(n)] = fmt.Sprintf("user%d", n)
	}
	s := start(t, &api{live: live}, time.Hour)
	var all sync.WaitGroup
	for token, name := range live {
		all.Go(func() {
			_, text := s.send(http.MethodPost, form(token, "2"), nil)
			if !strings.Contains(text, "user "+name+" ") || strings.Count(text, "user user") != 1 {
				t.Errorf("%s got another answer:\n%s", name, text)
			}
		})
	}
	all.Wait()
}

// TestPageEnds: with its context, and when nobody uses it.
func TestPageEnds(t *testing.T) {
	s := start(t, &api{}, time.Hour)
	s.cancel()
	if err := <-s.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("after Ctrl-C: %v", err)
	}
	s = start(t, &api{}, 10*time.Millisecond)
	if err := <-s.ended; err != nil || !strings.Contains(s.errs.String(), "nobody used it") {
		t.Errorf("idle: %v, %s", err, s.errs)
	}
}

// TestIdle: a test that still runs keeps the page, however long it takes.
func TestIdle(t *testing.T) {
	fired := make(chan struct{}, 9)
	i := &idle{after: time.Millisecond}
	i.timer = time.AfterFunc(time.Hour, func() { fired <- struct{}{} })
	i.begin()
	i.begin()
	i.end()
	if i.timer.Stop() {
		t.Error("the time runs while a request does")
	}
	i.end()
	<-fired
}
