// Package loopback tells addresses of this machine from those of others.
package loopback

import (
	"net/netip"
	"strings"
)

// Host reports whether a host can only be this machine: a literal loopback address, or
// localhost. What that resolves to shows only when it is dialed.
func Host(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}

// Near reports whether an address with a port, as it is after resolution, is of this
// machine or its link, such as that of a cloud's metadata. So is what cannot be read.
func Near(address string) bool {
	at, err := netip.ParseAddrPort(address)
	ip := at.Addr().Unmap()
	return err != nil || ip.IsLoopback() || ip.IsUnspecified() || ip.IsLinkLocalUnicast()
}
