package reach

import (
	"net/netip"
	"testing"
)

// TestOnly lets addresses of the internet pass, and private ones only if the operator says
// so, or has written them.
func TestOnly(t *testing.T) {
	networks := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/32")}
	for _, c := range []struct {
		host, at string
		ok       bool
	}{
		{"example.com", "93.184.216.34:443", true},
		{"example.com", "[2606:4700::1]:443", true},
		{"example.com", "[::ffff:93.184.216.34]:443", true},
		{"example.com", "127.0.0.1:443", false},
		{"example.com", "[::1]:443", false},
		{"example.com", "[::ffff:127.0.0.1]:443", false},
		{"example.com", "10.0.0.1:443", false},
		{"example.com", "[::ffff:10.0.0.1]:443", false},
		{"example.com", "172.16.0.1:443", false},
		{"example.com", "192.168.1.1:22", false},
		{"example.com", "169.254.169.254:80", false},
		{"example.com", "[fe80::1%eth0]:80", false},
		{"example.com", "[fd00:2::1]:80", false},
		{"example.com", "0.0.0.0:80", false},
		{"example.com", "[::]:80", false},
		{"example.com", "100.64.0.1:80", false},
		{"example.com", "224.0.0.1:80", false},
		{"example.com", "255.255.255.255:80", false},
		{"example.com", "[64:ff9b::a00:1]:80", false},
		{"example.com", "[64:ff9b::5db8:d822]:80", true},
		{"example.com", "[2002:a00:1::]:80", false},
		{"example.com", "10.1.2.3:443", true},
		{"example.com", "[fd00:1::5]:443", true},
		{"10.0.0.1", "10.0.0.1:443", true},
		{"10.0.0.1", "10.0.0.2:443", false},
		{"::1", "[::1]:443", true},
		{"127.0.0.1", "[::ffff:127.0.0.1]:443", true},
		{"localhost", "127.0.0.1:443", true},
		{"LOCALHOST", "[::1]:443", true},
		{"localhost", "10.0.0.1:443", false},
		{"localhost.example.com", "127.0.0.1:443", false},
		{"", "127.0.0.1:443", false},
	} {
		if err := Only(networks)(c.host, netip.MustParseAddrPort(c.at)); (err == nil) != c.ok {
			t.Errorf("%s at %s: %v", c.host, c.at, err)
		}
	}
}
