package page

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// paths are those of all pages, with the ids of what seed makes.
var paths = []string{"/", "/tokens?status=revoked", "/tokens/x", "/tokens/x/forget", "/repositories", "/repositories/r/forget", "/acts", "/acts?state=sent", "/log"}

// TestNobody: without a session no page says anything, and no form does anything.
func TestNobody(t *testing.T) {
	for _, cookie := range []*http.Cookie{nil, {Name: "r8scan-fleet", Value: ""}, {Name: "r8scan-fleet", Value: "guessed"}} {
		s := serve(t, byToken(t))
		id := seed(s)
		if cookie != nil {
			s.cookies = []*http.Cookie{cookie}
		}
		for _, path := range paths {
			path = strings.Replace(path, "/x", "/"+id, 1)
			resp, body := s.do(http.MethodGet, path, nil)
			if resp.StatusCode != http.StatusSeeOther || !strings.HasPrefix(resp.Header.Get("Location"), "/login") || strings.Contains(body, "example.com") {
				t.Errorf("GET %s: %s, %s\n%s", path, resp.Status, resp.Header.Get("Location"), body)
			}
		}
		for _, path := range []string{"/acts/n1", "/tokens/" + id + "/recheck", "/tokens/" + id + "/forget", "/repositories/r1/forget"} {
			form := url.Values{"why": {"because"}, "choice": {"again"}, "seal": {s.gate.seal(&person{"", "session "})}}
			if resp, _ := s.do(http.MethodPost, path, form); resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/login" {
				t.Errorf("POST %s: %s", path, resp.Status)
			}
		}
		untouched(s)
	}
}

// untouched checks that what seed has made is there, and nothing is queued or logged.
func untouched(s *site) {
	s.t.Helper()
	for query, want := range map[string]int{`select count(*) from repo`: 4, `select count(*) from token`: 3, `select count(*) from entry where who <> 'w'`: 0, `select count(*) from notice where state = 'uncertain'`: 1} {
		var n int
		if err := s.store.DB.QueryRowContext(s.t.Context(), query).Scan(&n); err != nil || n != want {
			s.t.Errorf("%s: %d, %v, want %d", query, n, err, want)
		}
	}
	if len(s.queued.acts)+len(s.queued.questions) > 0 {
		s.t.Errorf("queued: %+v", s.queued)
	}
}

// TestLogin: who knows the token gets a session, in a cookie that only this page gets.
func TestLogin(t *testing.T) {
	for _, c := range []struct {
		name, host, token, to string
		code                  int
		at                    string
	}{
		{"ada", "127.0.0.1:8380", secret, "", 303, "/"},
		{"ada", "localhost:8380", secret, "/acts", 303, "/acts"},
		{"ada", "[::1]:8380", " " + secret + "\n", "/tokens/0123456789abcdef", 303, "/tokens/0123456789abcdef"},
		{"ada", "127.0.0.1:8380", secret, "//evil.example/", 303, "/"},
		{"ada", "127.0.0.1:8380", secret, "https://evil.example/", 303, "/"},
		{"ada", "127.0.0.1:8380", secret, `/\evil.example`, 303, "/"},
		{"ada", "127.0.0.1:8380", secret, "/\t/evil.example", 303, "/"},
		{"ada", "127.0.0.1:8380", "", "", 403, ""},
		{"ada", "127.0.0.1:8380", secret[:10], "", 403, ""},
		{"ada", "127.0.0.1:8380", secret + "x", "", 403, ""},
		{"", "127.0.0.1:8380", secret, "", 400, ""},
		{" ", "127.0.0.1:8380", secret, "", 400, ""},
		{strings.Repeat("a", 201), "127.0.0.1:8380", secret, "", 400, ""},
	} {
		s := serve(t, byToken(t))
		s.host = c.host
		resp, body := s.do(http.MethodPost, "/login", url.Values{"name": {c.name}, "token": {c.token}, "to": {c.to}})
		if resp.StatusCode != c.code || resp.Header.Get("Location") != c.at {
			t.Errorf("%+v: %s, %q\n%s", c, resp.Status, resp.Header.Get("Location"), body)
		}
		if strings.Contains(body+s.logged.String(), secret[:10]) {
			t.Error("the token is shown")
		}
		if len(resp.Cookies()) != 0 != (c.code == 303) {
			t.Fatalf("%+v: the cookies are %v", c, resp.Cookies())
		}
		if c.code != 303 {
			continue
		}
		got := resp.Cookies()[0]
		if !got.HttpOnly || got.SameSite != http.SameSiteStrictMode || got.Secure || got.Path != "/" || got.MaxAge != 12*60*60 || len(got.Value) < 26 {
			t.Errorf("the cookie is %v", got)
		}
		s.cookies = []*http.Cookie{got}
		if body := s.get("/"); !strings.Contains(body, "You are ada.") {
			t.Errorf("nobody is logged in:\n%s", body)
		}
	}
}

// TestSecureCookie: any other host gets a cookie for https only.
func TestSecureCookie(t *testing.T) {
	t.Setenv("R8SCAN_TEST_PAGE", secret)
	s := serve(t, configured(t, "serve: {page: {token: env:R8SCAN_TEST_PAGE, host: fleet.example.com}}"))
	s.host = "fleet.example.com"
	got := s.login("ada").cookies[0]
	if !got.Secure || got.Name != "__Host-r8scan-fleet" || got.Path != "/" || got.Domain != "" {
		t.Errorf("the cookie is %v", got)
	}
	s.get("/")
}

// TestSessionEnds: after twelve hours, after logging out, and for 256 newer ones.
func TestSessionEnds(t *testing.T) {
	s := serve(t, byToken(t)).login("ada")
	now := time.Now()
	s.gate.sessions.now = func() time.Time { return now }
	in := func() bool {
		resp, _ := s.do(http.MethodGet, "/acts", nil)
		return resp.StatusCode == http.StatusOK
	}
	now = now.Add(sessionTime - time.Minute)
	if !in() {
		t.Error("the session ends early")
	}
	now = now.Add(2 * time.Minute)
	if in() {
		t.Error("the session goes on after twelve hours")
	}
	s.login("ada")
	if resp, _ := s.do(http.MethodPost, "/logout", nil); resp.StatusCode != http.StatusForbidden || !in() {
		t.Errorf("logged out by a form without a seal: %s", resp.Status)
	}
	if resp, _ := s.post("/", "/logout", url.Values{}); resp.StatusCode != http.StatusSeeOther || in() {
		t.Errorf("not logged out: %s", resp.Status)
	}
	s.login("ada")
	for i := range maxSessions {
		now = now.Add(time.Second)
		s.gate.sessions.begin(fmt.Sprint(i))
	}
	if in() || len(s.gate.sessions.open) != maxSessions {
		t.Errorf("%d sessions", len(s.gate.sessions.open))
	}
}

// TestGuessing: after ten attempts an address waits, also with the right token, and after a
// hundred everybody does. Right ones do not count.
func TestGuessing(t *testing.T) {
	s := serve(t, byToken(t))
	now := time.Now()
	s.gate.sessions.now = func() time.Time { return now }
	try := func(from, token string) int {
		s.from = from
		resp, _ := s.do(http.MethodPost, "/login", url.Values{"name": {"a"}, "token": {token}})
		return resp.StatusCode
	}
	for range 30 {
		if code := try("192.0.2.1:1", secret); code != 303 {
			t.Fatalf("a right one: %d", code)
		}
	}
	for i := range maxFailures {
		if code := try(fmt.Sprintf("192.0.2.1:%d", i+1), "wrong"); code != 403 {
			t.Fatalf("attempt %d: %d", i, code)
		}
	}
	if code := try("192.0.2.1:1", secret); code != 429 {
		t.Errorf("one more: %d", code)
	}
	if code := try("192.0.2.2:1", secret); code != 303 {
		t.Errorf("another address: %d", code)
	}
	for i := range maxAllFailures {
		try(fmt.Sprintf("[2001:db8:%x::1]:1", i/maxFailures), "wrong")
	}
	if code := try("192.0.2.3:1", secret); code != 429 {
		t.Errorf("after a hundred: %d", code)
	}
	now = now.Add(time.Minute)
	if code := try("192.0.2.1:1", secret); code != 303 {
		t.Errorf("a minute later: %d", code)
	}
	if network("[2001:db8::1]:1") != network("[2001:db8::ffff:1]:9") || network("[2001:db8::1]:1") == network("[2001:db8:0:1::1]:1") || network("[::ffff:192.0.2.1]:1") != network("192.0.2.1:1") {
		t.Error("networks are not told apart")
	}
}

// TestProxy: an identity is believed from the proxies' addresses only, and only one.
func TestProxy(t *testing.T) {
	for _, c := range []struct {
		name, from string
		header     http.Header
		code       int
	}{
		{"proxy", "10.0.0.7:4000", http.Header{"X-Person": {"ada"}}, 200},
		{"mapped", "[::ffff:10.0.0.7]:4000", http.Header{"X-Person": {"ada"}}, 200},
		{"foreign", "192.0.2.1:4000", http.Header{"X-Person": {"ada"}}, 403},
		{"this machine", "127.0.0.1:4000", http.Header{"X-Person": {"ada"}}, 403},
		{"said to be forwarded", "192.0.2.1:4000", http.Header{"X-Person": {"ada"}, "X-Forwarded-For": {"10.0.0.7"}, "X-Real-Ip": {"10.0.0.7"}}, 403},
		{"no address", "", http.Header{"X-Person": {"ada"}}, 403},
		{"nobody", "10.0.0.7:4000", nil, 403},
		{"empty", "10.0.0.7:4000", http.Header{"X-Person": {""}}, 403},
		{"two", "10.0.0.7:4000", http.Header{"X-Person": {"ada", "eve"}}, 403},
		{"long", "10.0.0.7:4000", http.Header{"X-Person": {strings.Repeat("a", 201)}}, 403},
		{"another header", "10.0.0.7:4000", http.Header{"X-User": {"ada"}}, 403},
	} {
		s := serve(t, byProxy(t))
		id := seed(s)
		if s.gate.knows("") {
			t.Error("a token that is not configured is known")
		}
		s.from, s.header, s.host = c.from, c.header, "fleet.example.com"
		for _, path := range paths {
			path = strings.Replace(path, "/x", "/"+id, 1)
			path = strings.Replace(path, "/r/", "/r1/", 1)
			resp, body := s.do(http.MethodGet, path, nil)
			if resp.StatusCode != c.code || strings.Contains(body, "You are ada.") != (c.code == 200) || c.code != 200 && strings.Contains(body, "example.com") {
				t.Errorf("%s: GET %s: %s\n%s", c.name, path, resp.Status, body)
			}
		}
		form := url.Values{"why": {"because"}, "choice": {"again"}, "seal": {s.gate.seal(&person{"ada", "identity ada"})}}
		resp, _ := s.do(http.MethodPost, "/acts/n1", form)
		if c.code == 200 {
			if resp.StatusCode != http.StatusSeeOther || len(s.queued.acts) != 1 {
				t.Errorf("%s: %s", c.name, resp.Status)
			}
			continue
		}
		if resp.StatusCode != c.code {
			t.Errorf("%s: POST: %s", c.name, resp.Status)
		}
		untouched(s)
		if resp, _ := s.do(http.MethodPost, "/login", url.Values{"name": {"ada"}, "token": {""}}); resp.StatusCode == http.StatusSeeOther || len(resp.Cookies()) > 0 {
			t.Errorf("%s: logged in without a token: %s", c.name, resp.Status)
		}
	}
}

// TestForms: a form of another page, of another session, or without a reason does nothing.
func TestForms(t *testing.T) {
	for _, c := range []struct {
		name   string
		header http.Header
		change func(s *site, form url.Values)
		code   int
	}{
		{name: "no seal", change: func(_ *site, form url.Values) { form.Del("seal") }, code: 403},
		{name: "another seal", change: func(_ *site, form url.Values) { form.Set("seal", strings.Repeat("0", 64)) }, code: 403},
		{name: "another session's", change: func(s *site, form url.Values) {
			form.Set("seal", s.gate.seal(&person{"eve", "session " + s.gate.sessions.begin("eve")}))
		}, code: 403},
		{name: "cross-site", header: http.Header{"Sec-Fetch-Site": {"cross-site"}}, code: 403},
		{name: "same site", header: http.Header{"Sec-Fetch-Site": {"same-site"}}, code: 403},
		{name: "an old browser", header: http.Header{"Sec-Fetch-Site": nil, "Origin": {"https://evil.example"}}, code: 403},
		{name: "an old browser, another port", header: http.Header{"Sec-Fetch-Site": nil, "Origin": {"http://127.0.0.1:9999"}}, code: 403},
		{name: "an origin that is null", header: http.Header{"Sec-Fetch-Site": nil}, code: 403},
		{name: "rebound", change: func(s *site, _ url.Values) { s.host = "evil.example:8380" }, code: 421},
		{name: "no reason", change: func(_ *site, form url.Values) { form.Del("why") }, code: 400},
		{name: "an empty reason", change: func(_ *site, form url.Values) { form.Set("why", " \n") }, code: 400},
		{name: "a long reason", change: func(_ *site, form url.Values) { form.Set("why", strings.Repeat("x", maxReason+1)) }, code: 400},
		{name: "a long form", change: func(_ *site, form url.Values) { form.Set("x", strings.Repeat("x", maxForm)) }, code: 400},
		{name: "as JSON", header: http.Header{"Content-Type": {"text/plain"}}, code: 403},
		{name: "no session", change: func(s *site, _ url.Values) { s.cookies = nil }, code: 303},
	} {
		for _, path := range []string{"/acts/n1", "/tokens/ID/recheck", "/tokens/ID/forget", "/repositories/r1/forget"} {
			s := serve(t, byToken(t)).login("ada")
			path = strings.Replace(path, "ID", seed(s), 1)
			m := sealField.FindStringSubmatch(s.get("/acts"))
			form := url.Values{"why": {"because"}, "choice": {"again"}, "seal": {m[1]}}
			if c.change != nil {
				c.change(s, form)
			}
			s.header = c.header
			resp, body := s.do(http.MethodPost, path, form)
			if resp.StatusCode != c.code || c.code == 303 && resp.Header.Get("Location") != "/login" {
				t.Errorf("%s: POST %s: %s\n%s", c.name, path, resp.Status, body)
			}
			untouched(s)
		}
	}
}

// TestHost: on this machine the page has this machine's names and the configured one, so
// that no other site can make its name point here.
func TestHost(t *testing.T) {
	t.Setenv("R8SCAN_TEST_PAGE", secret)
	for _, c := range []struct {
		listen, name, host string
		ok                 bool
	}{
		{"127.0.0.1:8380", "", "127.0.0.1:8380", true},
		{"127.0.0.1:8380", "", "localhost:9000", true}, // through a tunnel
		{"127.0.0.1:8380", "", "[::1]:8380", true},
		{"[::1]:8380", "", "localhost", true},
		{"127.0.0.1:8380", "", "evil.example:8380", false},
		{"127.0.0.1:8380", "", "127.0.0.1.evil.example", false},
		{"127.0.0.1:8380", "", "localhost.evil.example:8380", false},
		{"127.0.0.1:8380", "", "", false},
		{"localhost:8380", "", "evil.example", false},
		{"127.0.0.1:8380", "fleet.example.com", "Fleet.example.com", true},
		{"127.0.0.1:8380", "fleet.example.com", "127.0.0.1:8380", true},
		{"127.0.0.1:8380", "fleet.example.com", "evil.example", false},
		{"10.0.0.5:8380", "", "fleet.example.com", true},
		{"10.0.0.5:8380", "fleet.example.com", "fleet.example.com:443", true},
		{"10.0.0.5:8380", "fleet.example.com", "127.0.0.1", false},
		{":8380", "fleet.example.com", "evil.example", false},
	} {
		cfg := configured(t, fmt.Sprintf("serve: {listen: '%s', page: {token: env:R8SCAN_TEST_PAGE, host: '%s'}}", c.listen, c.name))
		s := serve(t, cfg)
		s.host = c.host
		resp, body := s.do(http.MethodGet, "/login", nil)
		if (resp.StatusCode == http.StatusOK) != c.ok || !c.ok && (resp.StatusCode != http.StatusMisdirectedRequest || strings.Contains(body, "evil")) {
			t.Errorf("%+v: %s", c, resp.Status)
		}
	}
}

// TestHeaders: every answer forbids to keep, frame and sniff it.
func TestHeaders(t *testing.T) {
	s := serve(t, byToken(t)).login("ada")
	for _, c := range []struct {
		method, path string
		code         int
	}{
		{"GET", "/", 200}, {"HEAD", "/", 200}, {"GET", "/none", 404}, {"GET", "/tokens/none", 404}, {"GET", "/tokens?status=x", 404}, {"GET", "/acts?state=x", 404}, {"GET", "/repositories/none/forget", 404},
		{"POST", "/log", 405}, {"PUT", "/acts/n1", 405}, {"GET", "/acts/n1", 405}, {"OPTIONS", "/", 405}, {"GET", "/login", 303},
	} {
		resp, _ := s.do(c.method, c.path, nil)
		h := resp.Header
		policy := h.Get("Content-Security-Policy")
		if resp.StatusCode != c.code && !(c.method == "PUT" && resp.StatusCode == 403) || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("X-Frame-Options") != "DENY" ||
			!strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || !strings.Contains(policy, "form-action 'self'; base-uri 'none'; frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s %s: %s, %v", c.method, c.path, resp.Status, h)
		}
	}
}
