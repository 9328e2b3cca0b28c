// Package dial connects to what a fleet's configuration, or the words of others, name. An
// address is checked when it is dialed, after its name was resolved: nobody outside can
// make the fleet ask a machine of its own network.
package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"r8scan/internal/loopback"
)

// Refused is the error of an address that may not be connected to.
type Refused struct{ Addr netip.Addr }

func (r *Refused) Error() string {
	return fmt.Sprintf("%s is an address of a private network or of this machine: add it to reach, if that is meant", r.Addr)
}

// reserved are the addresses that are nobody's on the public internet, without those that
// netip.Addr has methods for.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // behind a provider's NAT
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), // between test machines
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b:1::/48"), // a network's own NAT64
	netip.MustParsePrefix("2001::/32"),      // Teredo: an IPv4 address is in it
	netip.MustParsePrefix("2002::/16"),      // 6to4: here too
	netip.MustParsePrefix("fec0::/10"),
}

// nat64 leads to the IPv4 address in its last four bytes.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// plain returns the address that a connection to a leads to.
func plain(a netip.Addr) netip.Addr {
	a = a.WithZone("").Unmap()
	if nat64.Contains(a) {
		raw := a.As16()
		a = netip.AddrFrom4([4]byte(raw[12:]))
	}
	return a
}

// open reports whether an address is of the public internet, or in reach.
func open(a netip.Addr, reach []netip.Prefix) bool {
	has := func(p netip.Prefix) bool { return p.Contains(a) }
	public := a.IsGlobalUnicast() && !a.IsPrivate() && !slices.ContainsFunc(reserved, has)
	return public || slices.ContainsFunc(reach, has)
}

// Check returns a net.Dialer's Control, which sees the address after resolution. Private,
// loopback, link-local, multicast and reserved addresses are refused with a *Refused, unless
// reach has them.
func Check(reach []netip.Prefix) func(network, address string, c syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return errors.New("the address cannot be read") // a Unix socket, for example
		}
		if a := plain(at.Addr()); !open(a, reach) {
			return &Refused{a}
		}
		return nil
	}
}

// near checks a host that is localhost or a loopback address as it is written: such a
// host may only lead to this machine.
func near(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if a := plain(at.Addr()); err != nil || !a.IsLoopback() {
		return &Refused{a}
	}
	return nil
}

// control returns the check for an address as it is written.
func control(reach []netip.Prefix, address string) func(network, address string, c syscall.RawConn) error {
	if host, _, err := net.SplitHostPort(address); err == nil && loopback.Host(host) {
		return near
	}
	return Check(reach)
}

// Context returns the DialContext of what may connect to public addresses and to those in
// reach; and to this machine, if the host is localhost or a loopback address as it is
// written, which is how configuration names it. timeout is for each connection.
func Context(reach []netip.Prefix, timeout time.Duration) func(ctx context.Context, network, address string) (net.Conn, error) {
	return with(reach, timeout, nil)
}

func with(reach []netip.Prefix, timeout time.Duration, resolver *net.Resolver) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		d := net.Dialer{Timeout: timeout, Resolver: resolver, Control: control(reach, address)}
		return d.DialContext(ctx, network, address)
	}
}

// maxHeader is how long an answer's header may be, in bytes.
const maxHeader = 64 << 10

// Client returns a client that connects as Context does. timeout is for a whole request,
// its answer included. A redirect is an answer, and not followed. No proxy is used:
// HTTPS_PROXY would choose by name what is checked by address. Each request has a
// connection of its own, so that none is sent twice when an old connection breaks.
func Client(reach []netip.Prefix, timeout time.Duration) *http.Client {
	return client(Context(reach, timeout), timeout)
}

func client(dial func(ctx context.Context, network, address string) (net.Conn, error), timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            dial,
			TLSHandshakeTimeout:    timeout,
			MaxResponseHeaderBytes: maxHeader,
			DisableKeepAlives:      true,
			DisableCompression:     true,
		},
	}
}
