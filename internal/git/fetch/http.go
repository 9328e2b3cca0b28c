package fetch

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"r8scan/internal/loopback"

	"golang.org/x/net/http/httpproxy"
)

// httpLink speaks git's protocol over https.
type httpLink struct {
	client *http.Client
	base   url.URL // of the repository, after redirects
	named  string  // the host that the user named: only it gets credentials
	auth   *login  // nil: none was asked for
	answer io.Closer
}

const uploadPack = "git-upload-pack"

// openHTTP asks for the refs. It sends credentials only if the server asks for them.
func openHTTP(ctx context.Context, c *Client, a *Address) (*Session, error) {
	l := &httpLink{base: url.URL{Scheme: a.Scheme, Host: a.Host, Path: a.Path}, named: a.Host}
	l.client = httpClient(c, &l.base)
	resp, err := l.refs(ctx)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusUnauthorized {
		_ = resp.Body.Close() // nothing was written
		if !strings.EqualFold(l.base.Host, a.Host) {
			return nil, fmt.Errorf("it leads to %s, which asks for credentials: name that URL", l.base.Host)
		}
		if l.auth = loginFor(c, a.Hostname()); l.auth == nil {
			return nil, absent{fmt.Errorf("the server asks for credentials: %s", howToLogIn(a.Hostname()))}
		}
		if resp, err = l.refs(ctx); err != nil {
			return nil, err
		}
	}
	l.answer = resp.Body
	if err := l.check(resp, "-advertisement"); err != nil {
		l.close()
		return nil, err
	}
	defer l.close()
	p := newPackets(resp.Body)
	line, err := p.next()
	switch {
	case err != nil:
		return nil, err
	case bytes.HasPrefix(line, []byte("# service="+uploadPack)):
	case bytes.HasPrefix(line, []byte("ERR ")):
		return nil, saysError(line[4:])
	default:
		return nil, errPacket
	}
	if line, err = p.next(); err != nil || line != nil {
		return nil, errors.Join(errPacket, err)
	}
	advert, err := readAdvert(p)
	if err != nil {
		return nil, err
	}
	return &Session{advert, l}, nil
}

// httpClient returns the client for one repository. Only its first request may be
// redirected.
func httpClient(c *Client, base *url.URL) *http.Client {
	fromEnv := httpproxy.FromEnvironment().ProxyFunc()
	var elsewhere atomic.Bool // the server redirects to a host that is asked without a proxy
	var proxies sync.Map      // their addresses
	first := *base
	// A server elsewhere must not make this machine ask itself, or its neighbors.
	check := func(named, address string) error {
		if elsewhere.Load() && !loopback.Host(first.Hostname()) && loopback.Near(address) {
			return errors.New("the server redirects to an address of this machine or its link: this is not followed")
		}
		if _, ok := proxies.Load(named); ok {
			return nil
		}
		return c.mayReach(first.Hostname(), address)
	}
	transport := &http.Transport{
		DialContext:            c.dialer(check),
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.roots},
		TLSHandshakeTimeout:    c.silence(),
		ResponseHeaderTimeout:  c.silence(),
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: 64 << 10,
	}
	if base.Scheme == "https" {
		transport.Proxy = func(r *http.Request) (*url.URL, error) {
			proxy, err := fromEnv(r.URL)
			if proxy != nil {
				proxies.Store(withPort(proxy), true)
			}
			return proxy, err
		}
	}
	return &http.Client{Transport: transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		proxy, err := fromEnv(r.URL)
		elsewhere.Store(proxy == nil || err != nil)
		return mayRedirect(&first, r, via)
	}}
}

// withPort returns the address of a proxy, as it is dialed.
func withPort(proxy *url.URL) string {
	port := proxy.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[proxy.Scheme]
	}
	return net.JoinHostPort(proxy.Hostname(), port)
}

// maxRedirects is more than any forge needs.
const maxRedirects = 5

// mayRedirect says why a redirect is not followed.
func mayRedirect(first *url.URL, r *http.Request, via []*http.Request) error {
	switch {
	case via[0].Method != http.MethodGet:
		return errors.New("the server redirects the request for objects: this is not followed")
	case len(via) > maxRedirects:
		return errors.New("the server redirects again and again")
	case r.URL.Scheme != "https" && r.URL.Scheme != first.Scheme:
		return fmt.Errorf("the server redirects from %s to %s, which is not encrypted: this is not followed", first.Scheme, r.URL.Scheme)
	case loopback.Host(r.URL.Hostname()) != loopback.Host(first.Hostname()):
		return fmt.Errorf("the server redirects to %s: this is not followed", r.URL.Hostname())
	case r.URL.User != nil:
		return errors.New("the server redirects to a URL with a password: this is not followed")
	}
	r.Header.Del("Authorization") // only the host that the user named gets it
	return nil
}

// refs asks for the refs, and takes over where the server redirects to.
func (l *httpLink) refs(ctx context.Context) (*http.Response, error) {
	const tail = "/info/refs"
	u := l.base
	u.Path += tail
	u.RawQuery = "service=" + uploadPack
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, errNoURL
	}
	resp, err := l.do(req)
	if err != nil {
		return nil, err
	}
	last := resp.Request.URL
	path, ok := strings.CutSuffix(last.Path, tail)
	if !ok {
		if resp.StatusCode == http.StatusOK { // such as a page to log in
			_ = resp.Body.Close() // nothing was written
			return nil, fmt.Errorf("the server redirects to %s, which is no repository", last.Host)
		}
		return resp, nil
	}
	l.base = url.URL{Scheme: last.Scheme, Host: last.Host, Path: path}
	return resp, nil
}

// do sends a request. The errors do not repeat the URL.
func (l *httpLink) do(req *http.Request) (*http.Response, error) {
	req.Header.Set("User-Agent", "git/r8scan") // some servers answer browsers at the same URL
	if l.auth != nil && strings.EqualFold(req.URL.Host, l.named) {
		req.SetBasicAuth(l.auth.user, l.auth.password.Reveal())
	}
	resp, err := l.client.Do(req)
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return resp, err
}

// absent is the error of a repository that is not there, or may not be read.
type absent struct{ error }

// IsAbsent reports whether an error says that a server has no such repository, or lets
// nobody know without credentials.
func IsAbsent(err error) bool {
	var a absent
	return errors.As(err, &a)
}

// busy is the error of a server that asks to wait.
type busy struct {
	error
	wait time.Duration
}

func (b busy) Unwrap() error { return b.error }

// noWait is how long to wait for a server that does not say how long.
const noWait = time.Minute

// BusyFor returns an error that says how long an answer asks to wait.
func BusyFor(resp *http.Response, err error) error {
	wait, ok := Retry(resp)
	if !ok {
		wait = noWait
	}
	return busy{err, wait}
}

// Busy returns how long a server asks to wait, if an error says that.
func Busy(err error) (wait time.Duration, ok bool) {
	var b busy
	ok = errors.As(err, &b)
	return b.wait, ok
}

// check says what is wrong with an answer.
func (l *httpLink) check(resp *http.Response, kind string) error {
	host := l.base.Hostname()
	switch code := resp.StatusCode; {
	case code == http.StatusUnauthorized && l.auth != nil:
		return fmt.Errorf("the server refuses the credentials from %s: renew them", l.auth.from)
	case code == http.StatusUnauthorized:
		return fmt.Errorf("the server asks for credentials: %s", howToLogIn(host))
	case code == http.StatusForbidden:
		return fmt.Errorf("the server forbids access (403): %s", howToLogIn(host))
	case code == http.StatusNotFound:
		return absent{fmt.Errorf("there is no such repository (404), or it is private: check the URL; %s", howToLogIn(host))}
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != "":
		return BusyFor(resp, fmt.Errorf("the server limits how often it is asked (%d): try again later", code))
	case code != http.StatusOK:
		return fmt.Errorf("the server answers HTTP %d: try again later", code)
	}
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch want := "application/x-" + uploadPack + kind; {
	case media == want:
		return nil
	case kind == "-advertisement" && media == "text/plain":
		return errors.New("the server only has files, and does not speak git's protocol: clone the repository, and name the clone")
	default:
		return errors.New("no git server answers there, but a page: check the URL")
	}
}

func (l *httpLink) send(ctx context.Context, request []byte) (*packets, error) {
	u := l.base
	u.Path += "/" + uploadPack
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(request))
	if err != nil {
		return nil, errNoURL
	}
	req.Header.Set("Content-Type", "application/x-"+uploadPack+"-request")
	req.Header.Set("Accept", "application/x-"+uploadPack+"-result")
	resp, err := l.do(req)
	if err != nil {
		return nil, err
	}
	l.answer = resp.Body
	if err := l.check(resp, "-result"); err != nil {
		return nil, err
	}
	return newPackets(resp.Body), nil
}

func (l *httpLink) close() {
	if l.answer != nil {
		_ = l.answer.Close() // nothing was written
	}
}
