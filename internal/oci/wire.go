package oci

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"r8scan/internal/loopback"
)

// silence is how long a registry may send nothing.
const silence = time.Minute

// wireError is a request that is not sent, and why.
type wireError string

func (e wireError) Error() string { return string(e) }

// wire sends requests: by https, and by http to this machine only. It follows no redirect
// from https to http. Where a registry that is elsewhere leads, to blobs or to logins, is
// not this machine, nor its link.
type wire struct {
	host    string // of the registry
	base    http.RoundTripper
	away    http.RoundTripper // for other hosts
	silence time.Duration
}

func newWire(registry string) *wire {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ResponseHeaderTimeout, t.MaxResponseHeaderBytes = silence, 1<<20
	t.DisableCompression = true // layers come as they are stored
	away := t.Clone()
	away.DialContext = (&net.Dialer{Timeout: silence / 2, Control: notHere}).DialContext
	host, _, err := net.SplitHostPort(registry)
	if err != nil {
		host = registry
	}
	return &wire{host, t, away, silence}
}

// notHere refuses addresses of this machine and its link, as they are after resolution.
func notHere(_, address string, _ syscall.RawConn) error {
	if loopback.Near(address) {
		return wireError("the registry leads to an address of this machine or its link: this is not followed")
	}
	return nil
}

// transport returns what sends a request. A proxy asks other hosts itself.
func (w *wire) transport(req *http.Request) http.RoundTripper {
	if proxy, err := http.ProxyFromEnvironment(req); proxy != nil && err == nil || loopback.Host(w.host) || req.URL.Hostname() == w.host {
		return w.base
	}
	return w.away
}

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	switch {
	case req.URL.Scheme == "https":
	case req.URL.Scheme != "http" || !loopback.Host(req.URL.Hostname()):
		return nil, wireError("the registry does not use https: http is for this machine only")
	case req.Response != nil && req.Response.Request.URL.Scheme == "https":
		return nil, wireError("the registry redirects from https to http: this is not followed")
	}
	ctx, cancel := context.WithCancelCause(req.Context())
	resp, err := w.transport(req).RoundTrip(req.WithContext(ctx))
	if err != nil {
		cancel(nil)
		return nil, err
	}
	b := &watched{body: resp.Body, ctx: ctx, cancel: cancel, silence: w.silence, left: -1}
	if !strings.Contains(req.URL.Path, "/blobs/") && req.Response == nil { // a redirect of a blob has any path
		b.left = maxText + 1
	}
	resp.Body = b
	return resp, nil
}

const errSilence = wireError("the registry stopped sending: try again later")

// watched is a body that may not be silent for long.
type watched struct {
	body    io.ReadCloser
	ctx     context.Context
	cancel  context.CancelCauseFunc
	silence time.Duration
	left    int64 // bytes that may be read; -1 for any
}

func (b *watched) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, wireError("the registry sends more than a manifest may have")
	}
	if b.left > 0 {
		p = p[:min(int64(len(p)), b.left)]
	}
	timer := time.AfterFunc(b.silence, func() { b.cancel(errSilence) })
	n, err := b.body.Read(p)
	timer.Stop()
	if b.left > 0 {
		b.left -= int64(n)
	}
	if err != nil && err != io.EOF && context.Cause(b.ctx) == error(errSilence) {
		err = errSilence
	}
	return n, err
}

func (b *watched) Close() error {
	b.cancel(nil)
	return b.body.Close()
}
