package fetch

import (
	"context"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/net/dns/dnsmessage"
)

// resolver answers that hosts have the addresses of names, and the others none.
func resolver(t *testing.T, names map[string]string) *net.Resolver {
	t.Helper()
	conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		for {
			b := make([]byte, 1<<12)
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(b[:n]) != nil || len(m.Questions) == 0 {
				continue
			}
			m.Response, m.Additionals = true, nil
			q := m.Questions[0]
			at, known := names[strings.TrimSuffix(q.Name.String(), ".")]
			if !known {
				m.RCode = dnsmessage.RCodeNameError
			} else if q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
					Body: &dnsmessage.AResource{A: netip.MustParseAddr(at).As4()}}}
			}
			if out, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(out, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// guard is a Reach that allows nothing private but the addresses in allowed.
type guard struct {
	mu      sync.Mutex
	allowed []string
	seen    []string
}

var errPrivate = errors.New("private")

func (g *guard) check(host string, at netip.AddrPort) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seen = append(g.seen, host+" "+at.String())
	for _, a := range g.allowed {
		if a == at.String() {
			return nil
		}
	}
	return errPrivate
}

func (g *guard) want(t *testing.T, want ...string) {
	t.Helper()
	if got := fmt.Sprint(g.seen); got != fmt.Sprint(want) {
		t.Errorf("asked about %s, want %v", got, want)
	}
}

// noProxy lets a test ask its servers itself.
func noProxy(t *testing.T) {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} {
		t.Setenv(name, "")
	}
}

// TestReachDNS: a name that leads to an address that may not be reached is not connected
// to, and one that leads to another is.
func TestReachDNS(t *testing.T) {
	noProxy(t)
	f := newFake(t, true)
	at := strings.TrimPrefix(f.URL, "https://")
	_, port, _ := net.SplitHostPort(at)
	roots := f.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	for _, allowed := range []bool{false, true} {
		g := &guard{}
		if allowed {
			g.allowed = []string{at}
		}
		c := &Client{Home: t.TempDir(), Getenv: func(string) string { return "" }, Reach: g.check, roots: roots,
			resolver: resolver(t, map[string]string{"example.com": "127.0.0.1"})}
		s, err := c.Open(t.Context(), &Address{Scheme: "https", Host: "example.com:" + port, Path: "/a/b"})
		if err == nil {
			s.Close()
		}
		if allowed != (err == nil) || !allowed && (!errors.Is(err, errPrivate) || len(f.seen) > 0) {
			t.Errorf("%v: %v, %d requests", allowed, err, len(f.seen))
		}
		g.want(t, "example.com "+at)
	}
}

// TestReachRedirect: a server cannot lead to an address that may not be reached.
func TestReachRedirect(t *testing.T) {
	noProxy(t)
	f := newFake(t, true)
	at := strings.TrimPrefix(f.URL, "https://")
	_, port, _ := net.SplitHostPort(at)
	f.refs = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://elsewhere.example.com"+r.URL.String(), http.StatusFound)
	}
	g := &guard{allowed: []string{at}}
	c := &Client{Home: t.TempDir(), Getenv: func(string) string { return "" }, Reach: g.check, roots: f.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs,
		resolver: resolver(t, map[string]string{"example.com": "127.0.0.1", "elsewhere.example.com": "10.0.0.1"})}
	_, err := c.Open(t.Context(), &Address{Scheme: "https", Host: "example.com:" + port, Path: "/a/b"})
	if !errors.Is(err, errPrivate) {
		t.Error(err)
	}
	g.want(t, "example.com "+at, "example.com 10.0.0.1:443")
}

// TestReachAPI: nor does a service's API have an address that may not be reached.
func TestReachAPI(t *testing.T) {
	noProxy(t)
	g := &guard{}
	c := &Client{Home: t.TempDir(), Getenv: func(string) string { return "" }, Reach: g.check,
		resolver: resolver(t, map[string]string{"example.com": "10.0.0.1"})}
	api := c.APIAt(url.URL{Scheme: "https", Host: "example.com"}, "example.com")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api.Base(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := api.Do(r); !errors.Is(err, errPrivate) {
		resp.Body.Close()
		t.Error(err)
	}
	g.want(t, "example.com 10.0.0.1:443")
}

// TestReachSSH is TestReachDNS for ssh.
func TestReachSSH(t *testing.T) {
	home := t.TempDir()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".ssh", "id_ed25519"), pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	g := &guard{}
	c := &Client{Home: home, Getenv: func(string) string { return "" }, Reach: g.check, Silence: 10 * time.Second,
		resolver: resolver(t, map[string]string{"example.com": "10.0.0.1"})}
	if _, err := c.Open(t.Context(), &Address{Scheme: "ssh", User: "git", Host: "example.com", Path: "a/b"}); !errors.Is(err, errPrivate) {
		t.Error(err)
	}
	g.want(t, "example.com 10.0.0.1:22")
}

// TestReachProxy: the proxy is the operator's, and its address is not asked about.
func TestReachProxy(t *testing.T) {
	noProxy(t)
	proxy := newFake(t, false)
	t.Setenv("HTTPS_PROXY", proxy.URL)
	g := &guard{}
	c := &Client{Home: t.TempDir(), Getenv: func(string) string { return "" }, Reach: g.check}
	if _, err := c.Open(t.Context(), &Address{Scheme: "https", Host: "example.com", Path: "/a/b"}); errors.Is(err, errPrivate) || len(proxy.seen) != 1 {
		t.Errorf("%v, %d requests", err, len(proxy.seen))
	}
	g.want(t)
}
