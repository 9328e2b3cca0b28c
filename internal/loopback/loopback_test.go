package loopback

import "testing"

// TestHost takes this machine's names only.
func TestHost(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true, "::ffff:127.0.0.1": true,
		"": false, "localhost.example.com": false, "127.1": false, "0.0.0.0": false, "10.0.0.1": false, "::": false, "::1%lo": true, "example.com": false,
	} {
		if got := Host(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}

// TestNear takes addresses of this machine and its link, and what is no address.
func TestNear(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:1": true, "[::1]:80": true, "[::ffff:127.0.0.1]:1": true, "169.254.169.254:80": true, "[fe80::1]:1": true, "[fe80::1%eth0]:1": true, "0.0.0.0:1": true, "[::]:1": true,
		"127.0.0.1": true, "": true, "localhost:80": true,
		"10.0.0.1:1": false, "192.0.2.1:1": false, "[2001:db8::1]:443": false,
	} {
		if got := Near(address); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
}
