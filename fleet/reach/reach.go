// Package reach says which addresses the fleet connects to. It is asked after a name was
// resolved, so that neither a name nor a redirect can lead into the operator's own network.
package reach

import (
	"fmt"
	"net/netip"
	"strings"
)

// Check says why an address is not connected to, nil if it is. It gets the host that the
// operator has named and an address that this, or what it redirects to, was resolved to.
type Check = func(host string, at netip.AddrPort) error

// Only returns a check that lets addresses of the internet pass, and those of networks. A
// host that is itself an address, or localhost, may be what it says.
func Only(networks []netip.Prefix) Check {
	return func(host string, at netip.AddrPort) error {
		ip := plain(at.Addr())
		if isPublic(ip) {
			return nil
		}
		for _, network := range networks {
			if network.Contains(ip) {
				return nil
			}
		}
		literal, err := netip.ParseAddr(host)
		if err == nil && plain(literal) == ip || strings.EqualFold(host, "localhost") && ip.IsLoopback() {
			return nil
		}
		return fmt.Errorf("it has the private address %s, which is not connected to: if it is yours, add its network to reach in the configuration", ip)
	}
}

// plain returns an address without its zone and, if it stands for one, the IPv4 address.
func plain(ip netip.Addr) netip.Addr {
	if b := ip.As16(); netip.MustParsePrefix("64:ff9b::/96").Contains(ip) { // NAT64
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return ip.Unmap().WithZone("")
}

// inside are networks that nobody on the internet has, beyond what isPublic asks for.
func inside() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),
		netip.MustParsePrefix("100.64.0.0/10"), // behind a provider's NAT
		netip.MustParsePrefix("192.0.0.0/24"),
		netip.MustParsePrefix("198.18.0.0/15"), // measurements
		netip.MustParsePrefix("240.0.0.0/4"),
		netip.MustParsePrefix("64:ff9b:1::/48"), // they hold IPv4 addresses, any of them
		netip.MustParsePrefix("2001::/32"),      // likewise
		netip.MustParsePrefix("2002::/16"),      // likewise
		netip.MustParsePrefix("fec0::/10"),
	}
}

// isPublic reports whether an address can be one of the internet.
func isPublic(ip netip.Addr) bool {
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	for _, network := range inside() {
		if network.Contains(ip) {
			return false
		}
	}
	return true
}
