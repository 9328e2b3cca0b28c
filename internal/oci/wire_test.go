package oci

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// TestWireAway: a registry elsewhere cannot make this machine ask itself.
func TestWireAway(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	at.Host = "localhost:" + at.Port()
	ask := func(registry string) error {
		w := newWire(registry)
		resp, err := w.RoundTrip(&http.Request{Method: http.MethodGet, URL: at, Header: http.Header{}})
		if err == nil {
			resp.Body.Close()
		}
		return err
	}
	if err := ask("registry.example.com"); err == nil || !strings.Contains(err.Error(), "this machine") {
		t.Errorf("from a registry elsewhere: %v", err)
	}
	for _, registry := range []string{"localhost:5000", "127.0.0.1:5000", "[::1]:5000"} {
		if err := ask(registry); err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("from %s: %v", registry, err)
		}
	}
	for address, refused := range map[string]bool{"127.0.0.1:1": true, "[::ffff:127.0.0.1]:1": true, "169.254.169.254:80": true, "[fe80::1]:1": true, "0.0.0.0:1": true, "10.0.0.1:1": false, "192.0.2.1:1": false} {
		if err := notHere("tcp", address, nil); (err != nil) != refused {
			t.Errorf("%s: %v", address, err)
		}
	}
}
