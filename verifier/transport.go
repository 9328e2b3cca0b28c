package verifier

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// newTransport returns a transport for the host of target. It is used without an
// http.Client, which would add redirects, cookies, and errors that repeat the URL.
func newTransport(cfg Config, target *url.URL) *http.Transport {
	dialer := &net.Dialer{Timeout: cfg.connectTimeout}
	// http.ProxyFromEnvironment reads the environment once per process. This reads
	// it once per Verifier.
	fromEnv := httpproxy.FromEnvironment().ProxyFunc()
	proxy := func(r *http.Request) (*url.URL, error) { return fromEnv(r.URL) }
	if target.Scheme == "http" {
		// A proxy would read the token: plain http never leaves this machine.
		dialer.Control = loopbackOnly
		proxy = nil
	}
	return &http.Transport{
		Proxy:                  proxy,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.rootCAs},
		TLSHandshakeTimeout:    cfg.connectTimeout,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true,
		DisableKeepAlives:      cfg.FreshConnections,
		MaxIdleConnsPerHost:    cfg.concurrency,
		MaxConnsPerHost:        cfg.concurrency,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: maxBody,
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
			if resp.StatusCode != http.StatusOK {
				return proxyRefusal(resp.StatusCode)
			}
			return nil
		},
	}
}

// proxyRefusal is the status code of a proxy that refused a connection.
type proxyRefusal int

func (p proxyRefusal) Error() string { return fmt.Sprintf("the proxy answered HTTP %d", int(p)) }

// send sends one request and reads the answer.
func (v *Verifier) send(ctx context.Context, q question) (answer, Timing, error) {
	ctx, cancel := context.WithTimeout(ctx, v.cfg.AnswerTimeout)
	defer cancel()
	watch := newStopwatch()
	req, err := q.request(httptrace.WithClientTrace(ctx, watch.trace()))
	if err != nil {
		return answer{}, Timing{}, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", v.cfg.UserAgent)
	resp, err := v.transport.RoundTrip(req)
	if err != nil {
		return answer{}, watch.timing(), err
	}
	defer func() { _ = resp.Body.Close() }() // nothing was written
	body, err := io.ReadAll(io.LimitReader(resp.Body, q.limit+1))
	a := answer{code: resp.StatusCode, header: resp.Header, body: body}
	if int64(len(body)) > q.limit {
		a.body, a.cut = body[:q.limit], true
	}
	return a, watch.timing(), err
}

// stopwatch measures one request. Several goroutines may call its trace; a dial
// that lost the race may call it after the answer.
type stopwatch struct {
	start time.Time

	mu                       sync.Mutex
	dns, connect, tls, wrote time.Time
	out                      Timing
}

func newStopwatch() *stopwatch { return &stopwatch{start: time.Now()} }

func (w *stopwatch) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:             func(httptrace.DNSStartInfo) { w.begin(&w.dns) },
		DNSDone:              func(httptrace.DNSDoneInfo) { w.end(&w.dns, &w.out.DNS) },
		ConnectStart:         func(_, _ string) { w.begin(&w.connect) },
		ConnectDone:          func(_, _ string, err error) { w.connected(err) },
		TLSHandshakeStart:    func() { w.begin(&w.tls) },
		TLSHandshakeDone:     func(tls.ConnectionState, error) { w.end(&w.tls, &w.out.TLS) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { w.begin(&w.wrote) },
		GotFirstResponseByte: func() { w.end(&w.wrote, &w.out.FirstByte) },
	}
}

// begin records the first of several starts: two addresses mean two dials, and the
// request waits for both.
func (w *stopwatch) begin(at *time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if at.IsZero() {
		*at = time.Now()
	}
}

func (w *stopwatch) end(since *time.Time, d *time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !since.IsZero() {
		*d = time.Since(*since)
	}
}

// connected ignores failed connections: they may end long after another one of
// the same request succeeded.
func (w *stopwatch) connected(err error) {
	if err == nil {
		w.end(&w.connect, &w.out.Connect)
	}
}

func (w *stopwatch) timing() Timing {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.out.Total = time.Since(w.start)
	return w.out
}

// explain says what went wrong, and whether another try may help. It does not use
// the error's text: a library may put a header or a proxy's password there.
func (v *Verifier) explain(err error) (reason string, again bool) {
	host := v.base.Host
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var unknownCA x509.UnknownAuthorityError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var refused proxyRefusal
	var op *net.OpError
	var netErr net.Error
	switch {
	case errors.Is(err, errNotLoopback):
		return notAsked + errNotLoopback.Error(), false
	case errors.As(err, &cert) || errors.As(err, &unknownCA):
		return fmt.Sprintf("the certificate of %s cannot be trusted: a proxy may be reading the connection", host), false
	case errors.As(err, &refused):
		return fmt.Sprintf("the proxy refused a connection to %s (HTTP %d): check HTTPS_PROXY and its password", host, int(refused)), refused >= 500
	case errors.As(err, &record) || errors.As(err, &alert) || errors.Is(err, http.ErrSchemeMismatch):
		return fmt.Sprintf("no TLS connection to %s: the server does not speak TLS, or only an old version", host), false
	case errors.As(err, &dns):
		if dns.IsNotFound {
			return fmt.Sprintf("no such host: %s; check the network and the API's address", host), false
		}
		return fmt.Sprintf("the address of %s could not be looked up: check the network", host), true
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return fmt.Sprintf("the proxy for %s cannot be reached: check HTTPS_PROXY", host), true
	case errors.As(err, &netErr) && netErr.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("no answer from %s in time", host), true
	case errors.As(err, &op) && op.Op == "dial":
		return fmt.Sprintf("no connection to %s: check the network and the API's address", host), true
	}
	return fmt.Sprintf("the connection to %s broke before an answer was complete", host), true
}
