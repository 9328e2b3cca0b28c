package scanner_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"r8scan/scanner"
)

// TestReach: a scan asks no server at an address that its caller refuses.
func TestReach(t *testing.T) {
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer s.Close()
	private := errors.New("private")
	_, err := scanner.History(t.Context(), s.URL+"/a/b", scanner.Options{Reach: func(host string, at netip.AddrPort) error {
		if host != "127.0.0.1" || !at.Addr().IsLoopback() {
			t.Errorf("%s %s", host, at)
		}
		return private
	}})
	if !errors.Is(err, private) || asked != 0 {
		t.Errorf("%v, %d requests", err, asked)
	}
}
