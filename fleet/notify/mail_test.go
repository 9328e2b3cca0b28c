package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"r8scan/fleet/config"
)

// post is a mail server on this machine, and what it answers.
type post struct {
	onMail, onRcpt, onData func(c *smtp.Conn) error // nil: it takes the mail
	onReset                func(c *smtp.Conn)

	mu    sync.Mutex
	from  []string
	to    []string
	mails []string
	wire  bytes.Buffer // all that clients sent, before it was decrypted
}

func (p *post) NewSession(c *smtp.Conn) (smtp.Session, error) { return &session{p, c}, nil }

type session struct {
	p *post
	c *smtp.Conn
}

func (s *session) answer(f func(*smtp.Conn) error) error {
	if f == nil {
		return nil
	}
	return f(s.c)
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.p.mu.Lock()
	s.p.from = append(s.p.from, from)
	s.p.mu.Unlock()
	return s.answer(s.p.onMail)
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.p.mu.Lock()
	s.p.to = append(s.p.to, to)
	s.p.mu.Unlock()
	return s.answer(s.p.onRcpt)
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.answer(s.p.onData); err != nil {
		return err
	}
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	s.p.mails = append(s.p.mails, string(text))
	return nil
}

func (s *session) Reset() {
	s.p.mu.Lock()
	done := len(s.p.mails) > 0
	s.p.mu.Unlock()
	if done && s.p.onReset != nil {
		s.p.onReset(s.c)
	}
}

func (s *session) Logout() error { return nil }

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "fleet" || password != "open sesame" {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

// count returns how many mails were taken.
func (p *post) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.mails)
}

// sent returns all that clients sent.
func (p *post) sent() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wire.String()
}

// tap records what comes through a listener's connections.
type tap struct {
	net.Listener
	p *post
}

func (t tap) Accept() (net.Conn, error) {
	c, err := t.Listener.Accept()
	return tapped{c, t.p}, err
}

type tapped struct {
	net.Conn
	p *post
}

func (t tapped) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	t.p.mu.Lock()
	t.p.wire.Write(b[:n])
	t.p.mu.Unlock()
	return n, err
}

// certificate is one for 127.0.0.1, and who trusts it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return s.TLS.Certificates[0], pool
}

// start serves until the test ends, and returns a notifier for it.
func (p *post) start(t *testing.T, kind string, c config.Mail) *Notifier {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.Server = l.Addr().String()
	l = tap{l, p}
	s := smtp.NewServer(p)
	s.Domain, s.ErrorLog = "mail.example.com", log.New(io.Discard, "", 0)
	cert, roots := certificate(t)
	switch kind {
	case "starttls":
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	case "implicit":
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}})
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-done
	})
	c.TLS, c.From, c.Salt = kind, "Example Security <security@example.com>", secret(t, "salt")
	c.Contact = "contact@example.com"
	n := newNotifier(t, &config.Config{Mail: &c})
	n.roots = roots
	return n
}

const acme = "owner@acme.example"

// TestMail sends one mail, and reads it as a mail program does.
func TestMail(t *testing.T) {
	for _, kind := range []string{"none", "starttls", "implicit"} {
		t.Run(kind, func(t *testing.T) {
			p := &post{}
			n := p.start(t, kind, config.Mail{})
			if o, err := n.Mail(t.Context(), acme, []Event{hostile()}); o != Sent || err != nil || p.count() != 1 {
				t.Fatalf("%d, %v, %d mails", o, err, p.count())
			}
			if !slices.Equal(p.from, []string{"security@example.com"}) || !slices.Equal(p.to, []string{acme}) {
				t.Errorf("from %q to %q", p.from, p.to)
			}
			noToken(t, "the mail", p.mails[0])
			if kind == "none" {
				noToken(t, "the wire", p.sent())
			} else if strings.Contains(p.sent(), acme) {
				t.Error("the wire is not encrypted")
			}
			read(t, p.mails[0])
		})
	}
}

// read checks a mail's header and parts.
func read(t *testing.T, raw string) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"From": `"Example Security" <security@example.com>`, "To": "<" + acme + ">", "Subject": "A Replicate API token is public: disable it",
		"Auto-Submitted": "auto-generated", "Message-Id": "<" + messageID([]Event{event()}) + "@example.com>", "Date": "Fri, 27 Nov 2026 22:57:03 +0000", "Mime-Version": "1.0",
	}
	for name, text := range want {
		if got := m.Header.Get(name); got != text {
			t.Errorf("%s: %q", name, got)
		}
	}
	for name := range m.Header {
		if _, ok := want[name]; !ok && name != "Content-Type" {
			t.Errorf("a header that nobody set: %s", name)
		}
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for _, kind := range []string{"text/plain", "text/html"} {
		part, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil || !strings.HasPrefix(part.Header.Get("Content-Type"), kind) {
			t.Errorf("%s: %v, %v", kind, part.Header, err)
		}
		noToken(t, kind, string(text))
		if !strings.Contains(string(text), "r8_7Z****") {
			t.Errorf("%s has no mask:\n%s", kind, text)
		}
	}
	if _, err := parts.NextRawPart(); err != io.EOF {
		t.Errorf("a third part: %v", err)
	}
}

// TestMailOutcomes: what a server answers, or does not, decides whether a mail may go again.
func TestMailOutcomes(t *testing.T) {
	says := func(code int) func(*smtp.Conn) error {
		return func(*smtp.Conn) error {
			return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 7, 1}, Message: "no, " + acme + ", r8_" + body()}
		}
	}
	cuts := func(c *smtp.Conn) error {
		_ = c.Conn().Close()
		return errors.New("cut")
	}
	for name, c := range map[string]struct {
		p    *post
		want Outcome
	}{
		"MAIL 421": {&post{onMail: says(421)}, Again}, "MAIL 550": {&post{onMail: says(550)}, Refused}, "MAIL cut": {&post{onMail: cuts}, Again},
		"RCPT 451": {&post{onRcpt: says(451)}, Again}, "RCPT 550": {&post{onRcpt: says(550)}, Refused}, "RCPT cut": {&post{onRcpt: cuts}, Again},
		"DATA 452": {&post{onData: says(452)}, Again}, "DATA 554": {&post{onData: says(554)}, Refused}, "DATA cut": {&post{onData: cuts}, Uncertain},
		"cut when all is done": {&post{onReset: func(c *smtp.Conn) { _ = c.Conn().Close() }}, Sent},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := c.p.start(t, "none", config.Mail{}).Mail(t.Context(), acme, []Event{event()})
			if o != c.want || (err == nil) != (c.want == Sent) {
				t.Errorf("%d, %v", o, err)
			}
			if want := 0; c.want == Sent && c.p.count() != 1 || c.want != Sent && c.p.count() != want {
				t.Errorf("%d mails", c.p.count())
			}
			if err != nil && (strings.Contains(err.Error(), acme) || strings.Contains(err.Error(), body()[:12])) {
				t.Errorf("the error has what it must not: %v", err)
			}
		})
	}
}

// TestMailHangs: a server that takes a mail and says nothing may have it.
func TestMailHangs(t *testing.T) {
	for name, want := range map[string]Outcome{"RCPT": Again, "DATA": Uncertain} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			hangs := func(*smtp.Conn) error {
				cancel() // the caller's patience ends here
				<-t.Context().Done()
				return errors.New("too late")
			}
			p := &post{onRcpt: hangs}
			if name == "DATA" {
				p = &post{onData: hangs}
			}
			if o, err := p.start(t, "none", config.Mail{}).Mail(ctx, acme, []Event{event()}); o != want || err == nil {
				t.Errorf("%d, %v", o, err)
			}
		})
	}
}

// TestMailWithoutServer: no connection, no encryption or no trust means no mail.
func TestMailWithoutServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	gone := (&post{}).start(t, "none", config.Mail{})
	gone.mail.Server = l.Addr().String()

	plain := &post{}
	bare := plain.start(t, "none", config.Mail{})
	bare.mail.TLS = "starttls"

	both := &post{}
	stranger := both.start(t, "starttls", config.Mail{})
	stranger.roots = x509.NewCertPool()
	hidden := both.start(t, "implicit", config.Mail{})
	hidden.roots = x509.NewCertPool()
	for name, n := range map[string]*Notifier{"gone": gone, "no STARTTLS": bare, "untrusted": stranger, "untrusted, implicit": hidden} {
		if o, err := n.Mail(t.Context(), acme, []Event{event()}); o != Again || err == nil || !strings.HasPrefix(err.Error(), "the mail server: ") {
			t.Errorf("%s: %d, %v", name, o, err)
		} else {
			t.Log(name, err)
		}
	}
	if len(plain.from)+len(both.from) > 0 {
		t.Error("a mail was begun")
	}
}

// TestMailLogin logs in over TLS only, and names no password.
func TestMailLogin(t *testing.T) {
	for _, kind := range []string{"starttls", "implicit"} {
		for password, want := range map[string]Outcome{"open sesame": Sent, "guessed": Again} {
			p := &post{}
			n := p.start(t, kind, config.Mail{User: "fleet", Password: secret(t, password)})
			o, err := n.Mail(t.Context(), acme, []Event{event()})
			if o != want {
				t.Errorf("%s, %s: %d, %v", kind, password, o, err)
			}
			if err != nil && (!strings.Contains(err.Error(), "535") || strings.Contains(err.Error(), password)) {
				t.Error(err)
			}
		}
	}
	p := &post{}
	n := p.start(t, "none", config.Mail{User: "fleet", Password: secret(t, "open sesame")})
	if o, err := n.Mail(t.Context(), acme, []Event{event()}); o != Again || err == nil || strings.Contains(p.sent(), "AUTH") {
		t.Errorf("a password without TLS: %d, %v", o, err)
	}
}

// TestMailTo: nobody gets a mail but one checked address.
func TestMailTo(t *testing.T) {
	p := &post{}
	n := p.start(t, "none", config.Mail{})
	for _, to := range []string{"", "a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example", "a@b.example\nRCPT TO:<c@d.example>", "root@localhost", `"a b"@c.example`, "ä@b.example"} {
		if o, err := n.Mail(t.Context(), to, []Event{event()}); o != Refused || err == nil {
			t.Errorf("%q: %d, %v", to, o, err)
		}
	}
	if o, err := n.Mail(t.Context(), acme, nil); o != Refused || err == nil {
		t.Errorf("nothing: %d, %v", o, err)
	}
	if p.sent() != "" {
		t.Errorf("sent: %s", p.sent())
	}
}

// TestMessageID: it is of the notices, in any order.
func TestMessageID(t *testing.T) {
	a, b := event(), event()
	b.ID = "notice-2"
	if one, two := messageID([]Event{a, b}), messageID([]Event{b, a}); one != two || one == messageID([]Event{a}) {
		t.Errorf("%s, %s", one, two)
	}
}

// TestSubjects has nothing from outside in a subject.
func TestSubjects(t *testing.T) {
	for _, events := range [][]Event{{hostile()}, {hostile(), disabled()}, slices.Repeat([]Event{hostile()}, 3), slices.Repeat([]Event{disabled()}, 3), {disabled()}} {
		if s := newLetter(events).Title; strings.Trim(s, "0123456789 :ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" || len(s) > 70 {
			t.Errorf("%s", fmt.Sprintf("%q", s))
		}
	}
}
