package verifier

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestRedirects makes sure that a redirect's target gets no request.
func TestRedirects(t *testing.T) {
	for _, code := range []int{301, 302, 303, 307, 308} {
		var visits atomic.Int32
		target := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			visits.Add(1)
			live(w, r)
		}))
		a := &api{secret: testSecret(1), respond: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, target.URL+"/v1/account", code)
		}}
		v, _ := newTest(t, Config{BaseURL: serve(t, a).URL})
		if got := verifyOne(t, v, a.secret); got.Status != Unknown || got.HTTP != code {
			t.Errorf("HTTP %d: %s", got.HTTP, got.Status)
		}
		if visits.Load() != 0 {
			t.Errorf("the target of a %d got a request", code)
		}
	}
}

// TestTLS makes sure that a server without a trusted certificate for its name gets
// no token.
func TestTLS(t *testing.T) {
	a := &api{secret: testSecret(1), respond: live}
	s := httptest.NewUnstartedServer(a)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // the failing handshakes
	s.StartTLS()
	t.Cleanup(s.Close)
	trusted := x509.NewCertPool()
	trusted.AddCert(s.Certificate())

	v, clock := newTest(t, Config{BaseURL: s.URL})
	got := verifyOne(t, v, a.secret)
	if got.Status != Unknown || !strings.Contains(got.Reason, "certificate") || clock.total() != 0 {
		t.Errorf("not trusted: %s (%s) after %v", got.Status, got.Reason, clock.total())
	}
	// The test's certificate is for 127.0.0.1, ::1 and example.com.
	v, _ = newTest(t, Config{BaseURL: strings.Replace(s.URL, "127.0.0.1", "localhost", 1), rootCAs: trusted})
	if got := verifyOne(t, v, a.secret); got.Status != Unknown || !strings.Contains(got.Reason, "certificate") {
		t.Errorf("another name: %s (%s)", got.Status, got.Reason)
	}
	if own, others := a.requests(); own+others != 0 {
		t.Errorf("%d requests over untrusted connections", own+others)
	}
	v, _ = newTest(t, Config{BaseURL: s.URL, rootCAs: trusted, FreshConnections: true})
	got = verifyOne(t, v, a.secret)
	if got.Status != Live || got.Timing.TLS <= 0 || got.Timing.Connect <= 0 || got.Timing.Total < got.Timing.TLS+got.Timing.FirstByte {
		t.Errorf("trusted: %s (%s), %+v", got.Status, got.Reason, got.Timing)
	}
}

// TestNoTLS asks an https address where plain http answers.
func TestNoTLS(t *testing.T) {
	s := serve(t, http.HandlerFunc(live))
	v, _ := newTest(t, Config{BaseURL: strings.Replace(s.URL, "http:", "https:", 1)})
	if got := verifyOne(t, v, testSecret(1)); got.Status != Unknown || !strings.Contains(got.Reason, "TLS") {
		t.Errorf("%s: %s", got.Status, got.Reason)
	}
}

// TestOldTLS makes sure that old versions of TLS are refused.
func TestOldTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(live))
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11} //nolint:gosec // that is what is tested
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	trusted := x509.NewCertPool()
	trusted.AddCert(s.Certificate())
	v, _ := newTest(t, Config{BaseURL: s.URL, rootCAs: trusted, Retries: -1})
	if got := verifyOne(t, v, testSecret(1)); got.Status != Unknown {
		t.Errorf("%s: %s", got.Status, got.Reason)
	}
}

// TestHugeBody makes sure that 64 KB of an endless body are read, and that the
// verdict is unknown.
func TestHugeBody(t *testing.T) {
	for _, code := range []int{200, 401, 403} {
		a := &api{secret: testSecret(1)}
		var sent atomic.Int64
		a.respond = func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			fmt.Fprint(w, map[int]string{200: accountBody, 401: refusedBody, 403: `{"detail":"no"}`}[code])
			spaces := bytes.Repeat([]byte(" "), 32<<10)
			for sent.Load() < 1<<30 {
				n, err := w.Write(spaces)
				sent.Add(int64(n))
				if err != nil {
					return // the client has hung up
				}
			}
		}
		v, _ := newTest(t, Config{BaseURL: serve(t, a).URL})
		if got := verifyOne(t, v, a.secret); got.Status != Unknown || !strings.Contains(got.Reason, "64 KB") || got.Requests != 1 {
			t.Errorf("HTTP %d: %s (%s) after %d requests", code, got.Status, got.Reason, got.Requests)
		}
		if sent.Load() >= 1<<30 {
			t.Error("a gigabyte was read")
		}
	}
}

// TestSlow has servers that do not answer, or never end their answer.
func TestSlow(t *testing.T) {
	for name, respond := range map[string]http.HandlerFunc{
		"no answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"no end": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, accountBody[:20])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
	} {
		a := &api{secret: testSecret(1), respond: respond}
		v, _ := newTest(t, Config{BaseURL: serve(t, a).URL, Retries: 1})
		v.proven = true // so that no canary takes part of the short limit
		v.cfg.AnswerTimeout = 50 * time.Millisecond
		got := verifyOne(t, v, a.secret)
		if got.Status != Unknown || got.Requests != 2 || !strings.Contains(got.Reason, "no answer from 127.0.0.1") {
			t.Errorf("%s: %s (%s) after %d requests", name, got.Status, got.Reason, got.Requests)
		}
	}
}

// TestCutAnswers has connections that end within an answer.
func TestCutAnswers(t *testing.T) {
	for _, raw := range []string{
		"",
		"HTTP/1.1 200 OK\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + accountBody, // whole, but announced as longer
		"HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{\"title\":\"Unauth\r\n",
		"SSH-2.0-OpenSSH_9.7\r\n",
	} {
		a := &api{secret: testSecret(1), respond: func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(conn, raw)
			_ = conn.Close()
		}}
		v, _ := newTest(t, Config{BaseURL: serve(t, a).URL, Retries: 2, FreshConnections: true})
		if got := verifyOne(t, v, a.secret); got.Status != Unknown || got.Requests != 3 || !strings.Contains(got.Reason, "broke") {
			t.Errorf("%q: %s (%s) after %d requests", raw, got.Status, got.Reason, got.Requests)
		}
	}
}

// TestNobodyThere asks a port where nothing listens.
func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	v, clock := newTest(t, Config{BaseURL: "http://" + address})
	if got := verifyOne(t, v, testSecret(1)); got.Status != Unknown || !strings.Contains(got.Reason, "no connection to "+address) {
		t.Errorf("%s: %s", got.Status, got.Reason)
	}
	if len(clock.slept) < 4 {
		t.Errorf("tried again %d times", len(clock.slept))
	}
}

// proxyServer is an HTTP proxy that records its requests.
func proxyServer(t *testing.T, connect http.HandlerFunc) (address string, heard func() string) {
	t.Helper()
	var all bytes.Buffer
	done := make(chan struct{}, 100)
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(&all, "%s %s %v\n", r.Method, r.RequestURI, r.Header)
		done <- struct{}{}
		connect(w, r)
	}))
	return s.URL, func() string {
		select {
		case <-done:
		default:
		}
		return all.String()
	}
}

// TestProxy makes sure that HTTPS_PROXY is respected, and that no proxy sees a
// token: neither one that refuses, nor one that answers instead of the server.
func TestProxy(t *testing.T) {
	secret := testSecret(1)
	for name, c := range map[string]struct {
		connect http.HandlerFunc
		reason  string
	}{
		"refuses": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(407) }, "the proxy refused a connection to api.replicate.com (HTTP 407)"},
		"says 200 to all": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
			_, _ = conn.Read(make([]byte, 1)) // of the client's greeting
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")
			_, _ = io.Copy(io.Discard, conn)
			_ = conn.Close()
		}, "TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			address, heard := proxyServer(t, c.connect)
			t.Setenv("HTTPS_PROXY", strings.Replace(address, "http://", "http://someone:proxypassword@", 1))
			t.Setenv("NO_PROXY", "")
			v, _ := newTest(t, Config{Retries: -1})
			got := verifyOne(t, v, secret)
			if got.Status != Unknown || !strings.Contains(got.Reason, c.reason) || strings.Contains(got.Reason, "proxypassword") {
				t.Errorf("%s: %s", got.Status, got.Reason)
			}
			v.transport.(*http.Transport).CloseIdleConnections()
			if all := heard(); !strings.HasPrefix(all, "CONNECT api.replicate.com:443 ") || strings.Contains(all, "Bearer") {
				t.Errorf("the proxy heard %q", all)
			}
		})
	}
}

// TestNoProxyForLoopback makes sure that plain http uses no proxy, which would see
// the token.
func TestNoProxyForLoopback(t *testing.T) {
	address, heard := proxyServer(t, live)
	t.Setenv("HTTP_PROXY", address)
	t.Setenv("http_proxy", address)
	t.Setenv("ALL_PROXY", address)
	t.Setenv("NO_PROXY", "")
	a := &api{secret: testSecret(1), respond: live}
	for _, name := range []string{"127.0.0.1", "localhost"} {
		v, _ := newTest(t, Config{BaseURL: strings.Replace(serve(t, a).URL, "127.0.0.1", name, 1)})
		if got := verifyOne(t, v, a.secret); got.Status != Live {
			t.Errorf("%s: %s", got.Status, got.Reason)
		}
	}
	if all := heard(); all != "" {
		t.Errorf("the proxy heard %q", all)
	}
}

// TestLoopbackOnly makes sure that plain http stays on this machine, whatever a
// name resolves to.
func TestLoopbackOnly(t *testing.T) {
	for address, ok := range map[string]bool{
		"127.0.0.1:80": true, "127.9.9.9:80": true, "[::1]:80": true, "[::ffff:127.0.0.1]:80": true,
		"192.0.2.1:80": false, "[2001:db8::1]:80": false, "0.0.0.0:80": false, "[::]:80": false, "[::ffff:192.0.2.1]:80": false, "nonsense": false,
	} {
		if err := loopbackOnly("tcp", address, nil); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
	v, _ := newTest(t, Config{BaseURL: "http://localhost:1"})
	v.base.Host = "192.0.2.1:1" // as if localhost led there; nothing is sent to it
	if got := verifyOne(t, v, testSecret(1)); !strings.Contains(got.Reason, "does not resolve to this machine") {
		t.Errorf("%s: %s", got.Status, got.Reason)
	}
}

// requestURL returns where a token is sent.
func requestURL(t *testing.T, v *Verifier) string {
	t.Helper()
	r, err := v.service.about(testSecret(1)).request(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r.URL.String()
}

func TestBaseURL(t *testing.T) {
	for raw, want := range map[string]string{
		"":                              "https://api.replicate.com/v1/account",
		"https://api.replicate.com":     "https://api.replicate.com/v1/account",
		"https://api.replicate.com/":    "https://api.replicate.com/v1/account",
		"https://api.replicate.com/v1":  "https://api.replicate.com/v1/account",
		"https://api.replicate.com/v1/": "https://api.replicate.com/v1/account",
		"https://gw.example:8443/r8":    "https://gw.example:8443/r8/v1/account",
		"HTTPS://gw.example":            "https://gw.example/v1/account",
		"http://localhost:8080":         "http://localhost:8080/v1/account",
		"http://LOCALHOST":              "http://LOCALHOST/v1/account",
		"http://127.0.0.1:1/v1":         "http://127.0.0.1:1/v1/account",
		"http://127.8.8.8":              "http://127.8.8.8/v1/account",
		"http://[::1]:9":                "http://[::1]:9/v1/account",
	} {
		v, err := New(Config{BaseURL: raw})
		if err != nil {
			t.Errorf("%q: %v", raw, err)
		} else if got := requestURL(t, v); got != want {
			t.Errorf("%q: %s, want %s", raw, got, want)
		}
	}
	secret := testSecret(1)
	for _, raw := range []string{
		"http://api.replicate.com", "http://192.168.0.1", "http://127.1", "http://2130706433", "http://0177.0.0.1", "http://localhost.example.com",
		"http://127.0.0.1.example.com", "http://0.0.0.0", "http://[::]", "http://10.0.0.1", "ftp://localhost", "api.replicate.com", "//api.replicate.com",
		"https://", "https:api.replicate.com", "https://user@api.replicate.com", "https://api.replicate.com?x=1", "https://api.replicate.com/?",
		"https://api.replicate.com#x", "https://api.replicate.com:99999", "https://api.replicate.com:0", "https://api.repli cate.com", "://", "%", "\x00",
		secret.Reveal(), "https://" + secret.Reveal() + "@api.replicate.com", "http://" + secret.Reveal(), "https://r8.im", "https://R8.im.:443/v1", "https://x/?token=" + secret.Reveal(), "https://x:" + secret.Reveal(),
	} {
		_, err := New(Config{BaseURL: raw})
		if err == nil {
			t.Errorf("%q was accepted", raw)
			continue
		}
		assertHidden(t, err.Error(), secret)
		if _, err := NewRegistry(Config{BaseURL: raw}); err == nil != strings.Contains(strings.ToLower(raw), "r8.im") {
			t.Errorf("the registry at %q: %v", raw, err)
		}
	}
}

func TestConfig(t *testing.T) {
	for name, cfg := range map[string]Config{
		"concurrency": {concurrency: -1}, "rate": {Rate: 3000}, "rate below zero": {Rate: -1}, "time": {TotalTimeout: -1}, "answer": {AnswerTimeout: -1}, "connect": {connectTimeout: -1},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
