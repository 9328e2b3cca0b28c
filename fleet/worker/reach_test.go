package worker

import (
	"net/netip"
	"testing"

	"r8scan/fleet/config"
)

// TestReach: git servers are asked at private addresses only if the operator says so.
func TestReach(t *testing.T) {
	at := netip.MustParseAddrPort("10.0.0.1:443")
	if (&Worker{}).git().Reach("example.com", at) == nil {
		t.Error("without a configuration")
	}
	w := &Worker{cfg: Config{Operator: &config.Config{Reach: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}}
	if err := w.git().Reach("example.com", at); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		host, at string
		ok       bool
	}{
		{"example.com", "93.184.216.34:443", true},
		{"example.com", "127.0.0.1:443", false},
		{"example.com", "[::ffff:127.0.0.1]:443", false},
		{"example.com", "169.254.169.254:80", false},
		{"example.com", "192.168.0.1:22", false},
		{"192.168.0.1", "192.168.0.1:443", true},
		{"192.168.0.1", "192.168.0.2:443", false},
		{"::1", "[::1]:443", true},
		{"127.0.0.1", "[::ffff:127.0.0.1]:443", true},
		{"localhost", "127.0.0.1:443", true},
		{"localhost", "192.168.0.1:443", false},
		{"localhost.example.com", "127.0.0.1:443", false},
	} {
		if err := w.git().Reach(c.host, netip.MustParseAddrPort(c.at)); (err == nil) != c.ok {
			t.Errorf("%s at %s: %v", c.host, c.at, err)
		}
	}
}
