package verifier

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"

	"r8scan/internal/loopback"
)

// DefaultBaseURL is Replicate's API, and DefaultRegistryURL its registry.
const (
	DefaultBaseURL     = "https://api.replicate.com"
	DefaultRegistryURL = "https://r8.im"
)

// apiURL returns the base URL of the API. The registry's is refused: an API token is
// not for it.
func apiURL(raw string) (*url.URL, error) {
	u, err := parseBaseURL(cmp.Or(raw, DefaultBaseURL))
	if err == nil && isHost(u, DefaultRegistryURL) {
		return nil, errors.New("r8.im is Replicate's registry, and API tokens are not for it: leave the API's address out, or write " + DefaultBaseURL)
	}
	return u, err
}

// registryURL returns the base URL of the registry. The API's own means the default:
// a cog token is not for the API.
func registryURL(raw string) (*url.URL, error) {
	u, err := parseBaseURL(cmp.Or(raw, DefaultRegistryURL))
	if err == nil && isHost(u, DefaultBaseURL) {
		return parseBaseURL(DefaultRegistryURL)
	}
	return u, err
}

// isHost reports whether u is on the host of a default, on whatever port.
func isHost(u *url.URL, of string) bool {
	return strings.EqualFold(strings.TrimSuffix(u.Hostname(), "."), strings.TrimPrefix(of, "https://"))
}

// parseBaseURL returns raw without a /v1 at its end. Tokens are sent there, so it must
// be https, or http to this machine. Errors do not repeat raw: it may be a token in
// the wrong place.
func parseBaseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("the API's address is not a URL: write it as " + DefaultBaseURL)
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http" || u.Opaque != "" || u.Hostname() == "":
		return nil, errors.New("the API's address is not an https URL: write it as " + DefaultBaseURL)
	case u.User != nil:
		return nil, errors.New("the API's address has a user name or password: leave it out")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("the API's address has a query or fragment: leave it out")
	case u.Scheme == "http" && !loopback.Host(u.Hostname()):
		return nil, errors.New("the API's address is plain http: use https, so that nobody else can read the tokens (http is for localhost, 127.0.0.1 and [::1] only)")
	}
	if err := checkPort(u.Port()); err != nil {
		return nil, err
	}
	// Some clients have /v1 in the base URL, others in the path.
	if strings.HasSuffix(strings.TrimRight(u.Path, "/"), "/v1") {
		return u.JoinPath(".."), nil
	}
	return u, nil
}

func checkPort(port string) error {
	if port == "" {
		return nil
	}
	if n, err := net.LookupPort("tcp", port); err != nil || n == 0 {
		return errors.New("the API's address has no valid port: use 1 to 65535")
	}
	return nil
}

var errNotLoopback = errors.New("localhost does not resolve to this machine")

// loopbackOnly refuses connections to other machines. As a dialer's Control it
// sees each address after name resolution, so a hosts file or DNS server cannot
// redirect localhost.
func loopbackOnly(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: its address cannot be read", errNotLoopback)
	}
	if !ap.Addr().Unmap().IsLoopback() {
		return errNotLoopback
	}
	return nil
}
