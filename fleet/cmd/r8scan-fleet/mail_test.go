package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// mailServer is a real SMTP server on this machine, which keeps what it gets.
type mailServer struct {
	address string

	mu    sync.Mutex
	mails []mail
}

type mail struct{ to, text string }

func newMailServer(t *testing.T) *mailServer {
	m := &mailServer{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &mailSession{server: m}, nil }))
	server.Domain = "localhost"
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })
	m.address = listener.Addr().String()
	return m
}

func (m *mailServer) got() []mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mails
}

type mailSession struct {
	server *mailServer
	to     string
}

func (*mailSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return nil
}
func (s *mailSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.mails = append(s.server.mails, mail{s.to, string(text)})
	return err
}
func (*mailSession) Reset()        {}
func (*mailSession) Logout() error { return nil }

// mailed returns an operator whose channel is mail: the owner of acme is looked up, and
// what has no owner goes to a contact.
func mailed(w *world, m *mailServer) *operator {
	o := &operator{w: w, file: filepath.Join(w.t.TempDir(), "fleet.yaml")}
	owners := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.noToken("the look-up", body)
		fmt.Fprint(out, `{"email": "Owner <owner@acme.example>"}`)
	}))
	w.t.Cleanup(owners.Close)
	if err := os.WriteFile(o.beside("secret"), []byte("a secret of the operator"), 0o600); err != nil {
		w.t.Fatal(err)
	}
	text := fmt.Sprintf(`act: true
mail:
  server: %q
  tls: none
  from: security@example.com
  salt: %q
  lookup:
    url: %s
    secret: %q
`, m.address, "file:"+o.beside("secret"), owners.URL, "file:"+o.beside("secret"))
	if err := os.WriteFile(o.file, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return o
}

// TestActsMail: an owner gets one mail a day, without a token in it, about all live tokens
// of the account that are known by then. What comes later waits.
func TestActsMail(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		w := newWorld(t, distinct, database)
		m := newMailServer(t)
		o := mailed(w, m)
		w.run("add", "file:"+w.list())
		if code, _, errs := w.run(w.work("--until-idle")...); code != 0 { // without a configuration: nothing is done
			t.Fatalf("run: %d\n%s", code, errs)
		}
		for range 2 {
			if code, _, errs := w.run(o.work("--until-idle")...); code != 0 {
				t.Fatalf("run: %d\n%s", code, errs)
			}
		}
		mails := m.got()
		if len(mails) != 1 || mails[0].to != "owner@acme.example" {
			t.Fatalf("%d mails: %v", len(mails), mails)
		}
		w.noToken("the mail", []byte(mails[0].text))
		if strings.Contains(mails[0].text, "Owner <") {
			t.Errorf("a name is in the mail's head:\n%s", mails[0].text)
		}
		if n := w.query(`select count(*) from notice where state = 'sent'`); n != w.live() {
			t.Errorf("%d notices are sent, not %d", n, w.live())
		}
		if text, err := os.ReadFile(database); err == nil && strings.Contains(string(text), "owner@acme") {
			t.Error("the database has the owner's address")
		}
	})
}

// TestActsMailCrash stops a worker between sending a mail and marking it: of none of the
// tokens that it tells of another mail is sent in silence, and a person says what is done.
func TestActsMailCrash(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		w := newWorld(t, distinct, database)
		m := newMailServer(t)
		o := mailed(w, m)
		w.run("add", "file:"+w.list())
		if code, _, errs := w.run(w.work("--until-idle")...); code != 0 {
			t.Fatalf("run: %d\n%s", code, errs)
		}
		crashed := w.start(programs.crashing, []string{"R8SCAN_FLEET_CRASH=6"}, o.work()...)
		if code := w.wait(crashed, time.Minute); code != -1 {
			t.Fatalf("it did not crash: %d\n%s", code, crashed.err.String())
		}
		if code, _, errs := w.run(o.work("--until-idle")...); code != exitIncomplete {
			t.Fatalf("run: %d\n%s", code, errs)
		}
		if n := w.query(`select count(*) from notice where state = 'uncertain'`); n != w.live() || len(m.got()) != 1 {
			t.Errorf("%d are uncertain, not %d; %d mails", n, w.live(), len(m.got()))
		}
		_, list, _ := w.run("acts")
		for line := range strings.Lines(list) {
			id, _, _ := strings.Cut(line, " ")
			if code, _, errs := w.run("settle", id, "--arrived", "--why", "it is in the mailbox"); code != 0 {
				t.Errorf("settle: %d\n%s", code, errs)
			}
		}
		if code, _, errs := w.run(o.work("--until-idle")...); code != 0 || len(m.got()) != 1 {
			t.Errorf("run: %d; %d mails\n%s", code, len(m.got()), errs)
		}
		if n := w.query(`select count(*) from entry where act = 'settled as sent' and why = 'it is in the mailbox'`); n != w.live() {
			t.Errorf("%d lines in the log", n)
		}
	})
}
