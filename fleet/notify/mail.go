package notify

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/wneessen/go-mail"
)

// dialer connects.
type dialer = mail.DialContextFunc

// server returns the parts of a mail server's address.
func server(address string) (host string, port int, err error) {
	host, digits, err := net.SplitHostPort(address)
	if err == nil {
		port, err = strconv.Atoi(digits)
	}
	if err != nil || host == "" || port < 1 || port > 65535 {
		return "", 0, errors.New("mail: server is written host:port")
	}
	return host, port, nil
}

// Mail tells one person of tokens, in one mail. to is an address that Recipient returned.
func (n *Notifier) Mail(ctx context.Context, to string, events []Event) (Outcome, error) {
	if n.mail == nil || len(events) == 0 {
		return Refused, errors.New("mail is not in the configuration, or there is nothing to tell")
	}
	to, err := Address(to)
	if err != nil {
		return Refused, err
	}
	msg, err := n.message(to, events)
	if err != nil {
		return Refused, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var line wire
	defer line.close()
	client, err := n.client(&line)
	if err != nil {
		return Again, errors.New("the mail server's settings cannot be used")
	}
	defer context.AfterFunc(ctx, line.close)()
	if err := client.DialWithContext(ctx); err != nil {
		return Again, fmt.Errorf("the mail server: %s", dialReason(err))
	}
	err = client.Send(msg)
	if msg.IsDelivered() { // whatever came after
		_ = client.Close() // says goodbye; after a failure that would end half a mail as a whole one
		return Sent, nil
	}
	return mailOutcome(err)
}

// mailOutcome says what became of a mail that the server did not accept.
func mailOutcome(err error) (Outcome, error) {
	var failed *mail.SendError
	if !errors.As(err, &failed) {
		return Uncertain, errors.New("the mail server: the connection failed")
	}
	said := strings.TrimSpace(strconv.Itoa(failed.ErrorCode()) + " " + failed.EnhancedStatusCode())
	switch code := failed.ErrorCode(); {
	case code/100 == 5:
		return Refused, fmt.Errorf("the mail server refused it when %s: %s", failed.Reason, said)
	case code/100 == 4:
		return Again, fmt.Errorf("the mail server put it off when %s: %s", failed.Reason, said)
	case failed.Reason == mail.ErrSMTPDataClose: // the mail's last byte was sent
		return Uncertain, errors.New("the mail server may have got the mail, and did not answer")
	}
	return Again, fmt.Errorf("the mail server: the connection failed when %s", failed.Reason)
}

// dialReason says why there is no connection: our words, and the server's code.
func dialReason(err error) string {
	if text := reason(err); text != "the connection failed" {
		return text
	}
	var said *textproto.Error
	switch {
	case !errors.As(err, &said):
	case said.Code/10 == 53:
		return fmt.Sprintf("it answered %d: check user and password", said.Code)
	default:
		return fmt.Sprintf("it answered %d", said.Code)
	}
	return "the connection failed: check server and tls in the configuration"
}

// wire is the connection of a mail, which go-mail does not close when something fails.
type wire struct {
	mu     sync.Mutex
	conn   net.Conn // nil before it is dialed
	closed bool
}

func (w *wire) keep(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conn = c
	if w.closed {
		_ = c.Close()
	}
}

func (w *wire) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if w.conn != nil {
		_ = w.conn.Close()
	}
}

// client returns what sends a mail over a connection that it leaves in line.
func (n *Notifier) client(line *wire) (*mail.Client, error) {
	host, port, err := server(n.mail.Server)
	if err != nil {
		return nil, err
	}
	settings := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, RootCAs: n.roots}
	policy := mail.TLSMandatory
	switch n.mail.TLS {
	case "none":
		policy = mail.NoTLS
	case "implicit":
		policy = mail.TLSOpportunistic // it is encrypted when it is dialed
	}
	connect := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := n.dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		line.keep(conn)
		if n.mail.TLS != "implicit" {
			return conn, nil
		}
		secure := tls.Client(conn, settings)
		return secure, secure.HandshakeContext(ctx)
	}
	_, name, _ := strings.Cut(n.from().Address, "@")
	options := []mail.Option{
		mail.WithPort(port), mail.WithTimeout(patience), mail.WithHELO(name), mail.WithoutNoop(),
		mail.WithTLSPolicy(policy), mail.WithTLSConfig(settings), mail.WithDialContextFunc(connect),
	}
	if n.mail.User != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(n.mail.User), mail.WithPassword(n.mail.Password.Reveal()))
	}
	return mail.NewClient(host, options...)
}

// from is the sender, who New has checked.
func (n *Notifier) from() *netmail.Address {
	a, err := netmail.ParseAddress(n.mail.From)
	if err != nil {
		return &netmail.Address{}
	}
	return a
}

// message writes the mail.
func (n *Notifier) message(to string, events []Event) (*mail.Msg, error) {
	l := newLetter(events)
	text, html, err := l.write()
	if err != nil {
		return nil, err
	}
	from := n.from()
	_, domain, _ := strings.Cut(from.Address, "@")
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	msg.FromMailAddress(from)
	msg.ToMailAddress(&netmail.Address{Address: to})
	msg.Subject(l.Title)
	msg.SetDateWithValue(n.now())
	msg.SetMessageIDWithValue(messageID(events) + "@" + domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(mail.TypeTextPlain, text)
	msg.AddAlternativeString(mail.TypeTextHTML, html)
	return msg, nil
}

// messageID is the same for the same notices, so that a mail that is sent twice can be told.
func messageID(events []Event) string {
	var ids []string
	for _, e := range events {
		ids = append(ids, e.ID)
	}
	slices.Sort(ids)
	sum := sha256.Sum256([]byte(strings.Join(ids, "\n")))
	return "r8scan." + hex.EncodeToString(sum[:16])
}
