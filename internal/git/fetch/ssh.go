package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/user"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"

	"r8scan/internal/regular"
)

// sshLink speaks git's protocol over ssh: refs, request and answer in one session.
type sshLink struct {
	client *ssh.Client
	in     io.WriteCloser
	out    *packets
	errors *stderr
	stop   func() bool // ends the watch over the context
}

// openSSH asks for the refs.
func openSSH(ctx context.Context, c *Client, a *Address) (*Session, error) {
	client, err := dialSSH(ctx, c, a)
	if err != nil {
		return nil, err
	}
	l := &sshLink{client: client, errors: &stderr{}, stop: context.AfterFunc(ctx, func() { _ = client.Close() })}
	advert, err := l.start(a)
	if err != nil {
		l.close()
		return nil, err
	}
	return &Session{advert, l}, nil
}

// start runs the server's part and reads the refs.
func (l *sshLink) start(a *Address) (*Advert, error) {
	session, err := l.client.NewSession()
	if err != nil {
		return nil, err
	}
	session.Stderr = l.errors
	if l.in, err = session.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := session.StdoutPipe()
	if err != nil {
		return nil, err
	}
	l.out = newPackets(out)
	if err := session.Start(uploadPack + " " + quoted(a.Path)); err != nil {
		return nil, err
	}
	advert, err := readAdvert(l.out)
	if err == nil || !errors.Is(err, errStopped) && !errors.Is(err, errPacket) {
		return advert, err
	}
	_ = session.Wait() // for what it writes to standard error
	if text := l.errors.text(); text != "" {
		return nil, saysError([]byte(text))
	}
	return nil, err
}

func (l *sshLink) send(_ context.Context, request []byte) (*packets, error) {
	// The server reads all of it before it answers.
	if _, err := l.in.Write(request); err != nil {
		return nil, err
	}
	return l.out, nil
}

func (l *sshLink) close() {
	l.stop()
	_ = l.client.Close() // nothing more is wanted
}

// quoted quotes a path for the shell of the server, as git does.
func quoted(path string) string {
	return "'" + strings.NewReplacer("'", `'\''`, "!", `'\!'`).Replace(path) + "'"
}

// dialSSH connects and logs in.
func dialSSH(ctx context.Context, c *Client, a *Address) (*ssh.Client, error) {
	host, port := a.Hostname(), "22"
	if _, p, err := net.SplitHostPort(a.Host); err == nil && p != "" {
		port = p
	}
	address := net.JoinHostPort(host, port)
	hosts, err := knownHosts(c, address)
	if err != nil {
		return nil, err
	}
	methods, done, err := keys(ctx, c)
	if err != nil {
		return nil, err
	}
	defer done()
	config := &ssh.ClientConfig{User: a.User, Auth: methods, HostKeyCallback: hosts.check, HostKeyAlgorithms: hosts.algorithms, ClientVersion: "SSH-2.0-r8scan"}
	if config.User == "" {
		if u, err := user.Current(); err == nil {
			config.User = u.Username
		}
	}
	conn, err := c.dialer(func(_, at string) error { return c.mayReach(host, at) })(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	sc, channels, requests, err := ssh.NewClientConn(conn, address, config)
	switch {
	case err == nil:
		return ssh.NewClient(sc, channels, requests), nil
	case hosts.refused != nil:
		err = hosts.refused
	case strings.Contains(err.Error(), "unable to authenticate"):
		err = errors.New("the server accepts no key: add yours to the ssh agent (ssh-add), and check SSH_AUTH_SOCK")
	}
	_ = conn.Close() // it is of no use
	return nil, err
}

// keys returns how to log in: with the keys of the agent, and with the key files that
// need no passphrase. done ends the connection to the agent.
func keys(ctx context.Context, c *Client) (methods []ssh.AuthMethod, done func(), err error) {
	done = func() {}
	var signers []ssh.Signer
	if sock := c.getenv("SSH_AUTH_SOCK"); sock != "" {
		if conn, err := (&net.Dialer{}).DialContext(ctx, "unix", sock); err == nil {
			done = func() { _ = conn.Close() } // it was only asked
			signers, _ = agent.NewClient(conn).Signers()
		}
	}
	for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
		const most = 1 << 16 // bytes
		text, err := regular.ReadFollowed(c.inHome(".ssh", name), most)
		if err != nil {
			continue
		}
		if key, err := ssh.ParsePrivateKey(text); err == nil {
			signers = append(signers, key)
		}
	}
	if len(signers) == 0 {
		return nil, done, errors.New("there is no key to log in with: add yours to the ssh agent (ssh-add), and check SSH_AUTH_SOCK")
	}
	return []ssh.AuthMethod{ssh.PublicKeys(signers...)}, done, nil
}

// hostKeys are the keys that a host may have.
type hostKeys struct {
	known      ssh.HostKeyCallback // nil: none is known
	algorithms []string            // nil: any
	refused    error               // why the host's key was refused
}

// knownHosts returns the keys that known_hosts has for a host and port.
func knownHosts(c *Client, address string) (*hostKeys, error) {
	var files []string
	for _, path := range []string{c.inHome(".ssh", "known_hosts"), c.inHome(".ssh", "known_hosts2"), "/etc/ssh/ssh_known_hosts"} {
		switch _, err := os.Stat(path); {
		case err == nil:
			files = append(files, path)
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission):
			return nil, err
		}
	}
	h := &hostKeys{}
	if len(files) == 0 {
		return h, nil
	}
	known, err := knownhosts.New(files...)
	if err != nil {
		return nil, fmt.Errorf("known_hosts cannot be read: %w", err)
	}
	h.known = known
	// A server has keys of several kinds, and must show one that is known.
	var wrong *knownhosts.KeyError
	if errors.As(known(address, &net.TCPAddr{}, noKey{}), &wrong) {
		for _, k := range wrong.Want {
			kinds := []string{k.Key.Type()}
			if kinds[0] == ssh.KeyAlgoRSA {
				kinds = []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
			}
			for _, kind := range kinds {
				if !slices.Contains(h.algorithms, kind) {
					h.algorithms = append(h.algorithms, kind)
				}
			}
		}
	}
	return h, nil
}

// check is called with the key that the server shows.
func (h *hostKeys) check(address string, remote net.Addr, key ssh.PublicKey) error {
	err := error(&knownhosts.KeyError{})
	if h.known != nil {
		err = h.known(address, remote, key)
	}
	var wrong *knownhosts.KeyError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrong) && len(wrong.Want) == 0:
		h.refused = fmt.Errorf("its host key is not known: compare %s with what the host publishes, then add this line to ~/.ssh/known_hosts: %s",
			ssh.FingerprintSHA256(key), knownhosts.Line([]string{knownhosts.Normalize(address)}, key))
	case errors.As(err, &wrong):
		h.refused = fmt.Errorf("its host key %s is not the one in %s:%d: somebody may be in between, or the host has a new key", ssh.FingerprintSHA256(key), wrong.Want[0].Filename, wrong.Want[0].Line)
	default:
		h.refused = fmt.Errorf("its host key is refused: %w", err)
	}
	return h.refused
}

// noKey is a key that no host has.
type noKey struct{}

func (noKey) Type() string                        { return "none" }
func (noKey) Marshal() []byte                     { return nil }
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("it is no key") }

// stderr keeps the beginning of what a server writes to standard error.
type stderr struct{ b []byte }

func (t *stderr) Write(b []byte) (int, error) {
	const most = 4 << 10
	t.b = append(t.b, b[:min(len(b), most-len(t.b))]...)
	return len(b), nil
}

// text returns the first lines in one.
func (t *stderr) text() string { return strings.Join(strings.Fields(string(t.b)), " ") }
