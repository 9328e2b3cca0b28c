package fetch

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Client opens repositories on servers. The zero value is ready; tests set fields.
type Client struct {
	Getenv  func(name string) string // nil: os.Getenv
	Home    string                   // the folder with .netrc and .ssh; "": the user's
	Silence time.Duration            // how long a server may send nothing; 0: two minutes

	// Reach says why an address is not connected to; nil for no limits but those of
	// redirects. It gets the host that the caller has named, also after a redirect, and the
	// address as it is after resolution. A proxy that the environment names is not asked about.
	Reach func(host string, at netip.AddrPort) error

	roots    *x509.CertPool // nil: the system's
	resolver *net.Resolver  // nil: the system's
}

// defaultSilence is far longer than the five seconds after which git's servers say
// that they are still there.
const defaultSilence = 2 * time.Minute

// Open asks the server for the refs of a repository. Close the session after use.
func (c *Client) Open(ctx context.Context, a *Address) (*Session, error) {
	open := openHTTP
	if a.Scheme == "ssh" {
		open = openSSH
	}
	s, err := open(ctx, c, a)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a, explain(ctx, err))
	}
	return s, nil
}

func (c *Client) getenv(name string) string {
	if c.Getenv != nil {
		return c.Getenv(name)
	}
	return os.Getenv(name)
}

// inHome returns a path in the home folder, "" if there is none: then nothing is read,
// least of all from the folder that the user is in.
func (c *Client) inHome(names ...string) string {
	home := c.home()
	if !filepath.IsAbs(home) {
		return ""
	}
	return filepath.Join(append([]string{home}, names...)...)
}

func (c *Client) home() string {
	if c.Home != "" {
		return c.Home
	}
	dir, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return dir
}

func (c *Client) silence() time.Duration {
	if c.Silence > 0 {
		return c.Silence
	}
	return defaultSilence
}

// dialer returns what connects to a server, unless check says why not: it gets the address
// that is named and the one after resolution. A connection on which nothing moves for
// too long ends; one that is only slow does not.
func (c *Client) dialer(check func(named, address string) error) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, named string) (net.Conn, error) {
		d := &net.Dialer{Timeout: min(c.silence(), 30*time.Second), Resolver: c.resolver, Control: func(_, address string, _ syscall.RawConn) error {
			return check(named, address)
		}}
		conn, err := d.DialContext(ctx, network, named)
		if err != nil {
			return nil, err
		}
		return &watched{conn, c.silence()}, nil
	}
}

// mayReach says why an address, which was resolved for a host that the caller has named, is
// not connected to.
func (c *Client) mayReach(host, address string) error {
	if c.Reach == nil {
		return nil
	}
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	return c.Reach(host, at)
}

// watched is a connection that ends when nothing moves for too long.
type watched struct {
	net.Conn
	silence time.Duration
}

func (w *watched) Read(b []byte) (int, error) {
	_ = w.SetReadDeadline(time.Now().Add(w.silence)) // Read says what is wrong
	return w.Conn.Read(b)
}

func (w *watched) Write(b []byte) (int, error) {
	_ = w.SetWriteDeadline(time.Now().Add(w.silence)) // likewise
	return w.Conn.Write(b)
}

// explain returns an error of the network with what to do about it.
func explain(ctx context.Context, err error) error {
	var dns *net.DNSError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var bad x509.CertificateInvalidError
	var timeout net.Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &dns):
		return fmt.Errorf("the host %s cannot be found: check its name and the network", dns.Name)
	case errors.As(err, &unknown):
		return errors.New("its certificate is signed by nobody that this machine trusts: add the signer's certificate to the system's, or name a file of them in SSL_CERT_FILE")
	case errors.As(err, &name), errors.As(err, &bad):
		return fmt.Errorf("its certificate is not valid: %w", err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("nothing answers at this host and port: check both")
	case errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("the server sent nothing for too long: try again later")
	}
	return err
}
