package scanner

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"r8scan/internal/git/gittest"
)

// sshServer is a real sshd on loopback, and a home with a key for it.
type sshServer struct {
	home, port, user string
	host             ssh.PublicKey
	key              ed25519.PrivateKey
}

// newSSH starts sshd. Without one the test is skipped.
func newSSH(t *testing.T) *sshServer {
	t.Helper()
	sshd, err := exec.LookPath("/usr/sbin/sshd")
	if err != nil {
		t.Skip("sshd is not installed")
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	s := &sshServer{home: t.TempDir(), user: me.Username}
	_, hostKey, _ := ed25519.GenerateKey(rand.Reader)
	_, s.key, _ = ed25519.GenerateKey(rand.Reader)
	signer, err := ssh.NewSignerFromKey(hostKey)
	if err != nil {
		t.Fatal(err)
	}
	s.host = signer.PublicKey()
	own, err := ssh.NewSignerFromKey(s.key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "host"), privateKey(t, hostKey))
	write(t, filepath.Join(dir, "authorized"), ssh.MarshalAuthorizedKey(own.PublicKey()))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, s.port, _ = net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	write(t, filepath.Join(dir, "config"), fmt.Appendf(nil, "Port %s\nListenAddress 127.0.0.1\nHostKey %s\nAuthorizedKeysFile %s\nStrictModes no\nPidFile none\nPasswordAuthentication no\nPermitRootLogin yes\n",
		s.port, filepath.Join(dir, "host"), filepath.Join(dir, "authorized")))
	if me.Uid == "0" {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Skip("sshd cannot run here: ", err)
		}
	}
	cmd := exec.Command(sshd, "-D", "-e", "-f", filepath.Join(dir, "config"))
	ready := &until{text: "Server listening", found: make(chan struct{})}
	cmd.Stderr = ready
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
	})
	select {
	case <-ready.found:
	case err := <-ended:
		t.Fatalf("sshd ended: %v: %s", err, ready.seen)
	}
	t.Setenv("HOME", s.home)
	t.Setenv("SSH_AUTH_SOCK", "")
	return s
}

// until waits for a text.
type until struct {
	text  string
	seen  []byte
	found chan struct{}
	done  bool
}

func (u *until) Write(b []byte) (int, error) {
	u.seen = append(u.seen, b...)
	if !u.done && strings.Contains(string(u.seen), u.text) {
		u.done = true
		close(u.found)
	}
	return len(b), nil
}

func privateKey(t *testing.T, key ed25519.PrivateKey) []byte {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(block)
}

// knows writes a known_hosts with a key for the server.
func (s *sshServer) knows(t *testing.T, key ssh.PublicKey) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(s.home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(s.home, ".ssh", "known_hosts"), fmt.Appendf(nil, "[127.0.0.1]:%s %s", s.port, ssh.MarshalAuthorizedKey(key)))
}

// TestSSH scans over ssh, with the agent's keys or with a key file, and only a host
// whose key is known.
func TestSSH(t *testing.T) {
	s := newSSH(t)
	r := gittest.New(t)
	r.Write("a", token(1))
	r.Git("add", ".")
	r.Git("commit", "-qm", "one")
	url := fmt.Sprintf("ssh://%s@127.0.0.1:%s%s", s.user, s.port, filepath.ToSlash(r.GitDir()))
	scan := func() (int, error) {
		res, err := History(t.Context(), url, Options{})
		if err != nil {
			return 0, err
		}
		if !res.Coverage.Complete() {
			t.Errorf("unread %v", res.Coverage.Unread)
		}
		return len(res.Findings), nil
	}
	refused := func(want ...string) {
		t.Helper()
		_, err := scan()
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%v, want %s", err, w)
			}
		}
	}
	refused("no key to log in with")

	socket := filepath.Join(t.TempDir(), "agent")
	serveAgent(t, socket, s.key)
	t.Setenv("SSH_AUTH_SOCK", socket)
	refused("host key is not known", ssh.FingerprintSHA256(s.host), strings.TrimSpace(fmt.Sprintf("[127.0.0.1]:%s %s", s.port, ssh.MarshalAuthorizedKey(s.host))))

	other, _, _ := ed25519.GenerateKey(rand.Reader)
	wrong, err := ssh.NewPublicKey(other)
	if err != nil {
		t.Fatal(err)
	}
	s.knows(t, wrong)
	refused("is not the one in", "known_hosts:1")

	s.knows(t, s.host)
	if n, err := scan(); n != 1 || err != nil {
		t.Errorf("with the agent: %d findings, %v", n, err)
	}
	t.Setenv("SSH_AUTH_SOCK", "")
	write(t, filepath.Join(s.home, ".ssh", "id_ed25519"), privateKey(t, s.key))
	if n, err := scan(); n != 1 || err != nil {
		t.Errorf("with a key file: %d findings, %v", n, err)
	}
	url += "/missing"
	refused("the server says:", "missing")
	_, unknown, _ := ed25519.GenerateKey(rand.Reader)
	_ = os.Remove(filepath.Join(s.home, ".ssh", "id_ed25519"))
	write(t, filepath.Join(s.home, ".ssh", "id_ed25519"), privateKey(t, unknown))
	refused("the server accepts no key")
}

// serveAgent is an ssh agent with a key.
func serveAgent(t *testing.T, socket string, key ed25519.PrivateKey) {
	t.Helper()
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: key}); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, conn) }() // ends with the connection
		}
	}()
}

// TestSSHAgain scans over ssh again and again: a connection takes one request, so a
// scan that has to read all after all needs another one.
func TestSSHAgain(t *testing.T) {
	s := newSSH(t)
	s.knows(t, s.host)
	write(t, filepath.Join(s.home, ".ssh", "id_ed25519"), privateKey(t, s.key))
	r := gittest.New(t)
	r.Write("README", "text")
	url := fmt.Sprintf("ssh://%s@127.0.0.1:%s%s", s.user, s.port, filepath.ToSlash(r.GitDir()))
	opts := Options{Visits: VisitsIn(t.TempDir())}
	visit := func(what string) {
		t.Helper()
		want, err := History(t.Context(), url, Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := History(t.Context(), url, opts)
		if err != nil {
			t.Fatal(err)
		}
		if w, g := comparedVisit(t, want), comparedVisit(t, got); w != g {
			t.Errorf("%s: with what is remembered:\n%s\nwithout:\n%s", what, g, w)
		}
	}
	commit := func(text string) {
		r.Write("a", text)
		r.Git("add", ".")
		r.Git("commit", "-qm", text)
	}
	commit(token(1))
	visit("first")
	visit("the same")
	commit("two")
	visit("a commit")
	r.Git("reset", "-q", "--hard", "HEAD~1")
	commit("three")
	visit("a forced push")
}
