// Package notify sends what a fleet says about a leaked token: to the operator's endpoint
// that disables it, to its owner by mail, and to chats. It knows no database; who calls it
// keeps the states, and sends nothing twice that may have arrived.
//
// Names of repositories, paths and accounts are chosen by attackers. Each is masked, cut
// and escaped before it goes into a text.
package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"r8scan/report"
	"r8scan/rules"

	"r8scan/fleet/config"
	"r8scan/fleet/dial"
	"r8scan/fleet/seal"
)

// Outcome is what became of an attempt.
type Outcome int

// The outcomes.
const (
	Sent      Outcome = iota
	Again             // it reached nobody: try later
	Refused           // it reached nobody, and will not: a person must see to it
	Uncertain         // it may have arrived: nobody may send it again in silence
)

// Event is one token, as those are told of it.
type Event struct {
	ID                  string // the notice's: a receiver acts once on each
	TokenID, Mask, Rule string
	Status              report.Status
	Checked             time.Time       // when Replicate answered
	Account             *report.Account // nil if unknown
	Disabled            time.Time       // when the endpoint said so; zero if it did not
	Places              []Place         // public ones, the oldest first
}

// Place is where a token stands.
type Place struct {
	Repository, Commit, Path string
	Line                     int    // 0 if unknown
	URL                      string // a permalink, or ""
	First                    time.Time
}

// patience is how long an attempt may take.
const patience = 20 * time.Second

// Notifier sends as a configuration says.
type Notifier struct {
	disable *config.Disable
	mail    *config.Mail
	sealTo  seal.PublicKey // if disable is not nil
	contact string         // a checked address; "" for nobody
	post    poster
	dial    dialer
	roots   *x509.CertPool // of the mail server; nil for the system's
	now     func() time.Time
}

// New reads the key that tokens are sealed to, and checks the addresses.
func New(c *config.Config) (*Notifier, error) {
	n := &Notifier{disable: c.Disable, mail: c.Mail, dial: dial.Context(c.Reach, patience), now: time.Now}
	n.post = poster{dial.Client(c.Reach, patience), time.Now}
	if c.Disable != nil {
		key, err := seal.ReadPublic(c.Disable.SealTo)
		if err != nil {
			return nil, fmt.Errorf("disable: seal_to: %w", err)
		}
		n.sealTo = key
	}
	if c.Mail == nil {
		return n, nil
	}
	if _, _, err := server(c.Mail.Server); err != nil {
		return nil, err
	}
	if _, err := Address(c.Mail.From); err != nil {
		return nil, fmt.Errorf("mail: from: %w", err)
	}
	if c.Mail.Contact != "" {
		contact, err := Address(c.Mail.Contact)
		if err != nil {
			return nil, fmt.Errorf("mail: contact: %w", err)
		}
		n.contact = contact
	}
	return n, nil
}

// maxAnswer is how much of an answer is read, in bytes.
const maxAnswer = 4 << 10

// Disable asks the operator's endpoint to disable a token. Sent means that the endpoint
// said so. All else is Again, because the endpoint acts once on an event's id.
func (n *Notifier) Disable(ctx context.Context, e Event, token rules.Secret) (Outcome, error) {
	if n.disable == nil {
		return Refused, errors.New("disable is not in the configuration")
	}
	sealed, err := seal.Seal(n.sealTo, token, e.Rule)
	if err != nil {
		return Again, fmt.Errorf("seal the token: %w", err)
	}
	doc := newDocument("disable", e)
	doc.Sealed = &sealedToken{n.sealTo.ID(), base64.StdEncoding.EncodeToString(sealed)}
	a, _, err := n.post.send(ctx, n.disable.URL, n.disable.Secret.Reveal(), e.ID, doc)
	if err != nil {
		return Again, fmt.Errorf("the endpoint that disables: %w", err)
	}
	var said struct {
		Disabled bool `json:"disabled"`
	}
	switch {
	case a.status/100 != 2:
		return Again, fmt.Errorf("the endpoint that disables answered %d", a.status)
	case json.Unmarshal(a.body, &said) != nil || !said.Disabled:
		return Again, fmt.Errorf(`the endpoint that disables answered %d without {"disabled": true}`, a.status)
	}
	return Sent, nil
}

// Webhook tells a channel of a token.
func (n *Notifier) Webhook(ctx context.Context, w config.Webhook, e Event) (Outcome, error) {
	var body any
	id, secret := "", "" // chats know neither ids nor signatures
	switch w.Kind {
	case "slack":
		body = slack(newMessage(e))
	case "teams":
		body = teams(newMessage(e))
	case "discord":
		body = discord(newMessage(e))
	default:
		body, id, secret = newDocument("found", e), e.ID, w.Secret.Reveal()
	}
	a, o, err := n.post.send(ctx, w.URL.Reveal(), secret, id, body)
	switch {
	case err != nil:
		return o, err
	case a.status/100 == 2:
		return Sent, nil
	case a.status == http.StatusRequestTimeout, a.status == http.StatusTooManyRequests, a.status/100 == 5:
		return Again, fmt.Errorf("the webhook answered %d", a.status)
	case a.status/100 == 3:
		return Refused, fmt.Errorf("the webhook answered %d, a redirect: put the new address into the configuration", a.status)
	}
	return Refused, fmt.Errorf("the webhook answered %d: check its address in the configuration", a.status)
}

// Recipient says who is told of a token by mail: the account's owner, as the look-up
// endpoint knows it, else the contact, else, if the configuration allows that, an author.
// Without anybody, it returns "", Refused and the reason.
func (n *Notifier) Recipient(ctx context.Context, e Event, authors []string) (string, Outcome, error) {
	if n.mail == nil {
		return "", Refused, errors.New("mail is not in the configuration")
	}
	why := errors.New("nobody is known who could be told")
	if l := n.mail.Lookup; l != nil {
		doc := newDocument("lookup", e)
		doc.Places, doc.LeftOff = nil, 0
		a, _, err := n.post.send(ctx, l.URL, l.Secret.Reveal(), e.ID, doc)
		if err != nil {
			return "", Again, fmt.Errorf("the look-up endpoint: %w", err)
		}
		address, err := lookedUp(a)
		switch {
		case errors.Is(err, errTrouble):
			return "", Again, err
		case address != "":
			return address, Sent, nil
		case err != nil:
			why = err
		}
	}
	if n.contact != "" {
		return n.contact, Sent, nil
	}
	if n.mail.Authors {
		for _, author := range authors {
			if address, err := Address(author); err == nil && !isNobody(address) {
				return address, Sent, nil
			}
		}
	}
	return "", Refused, why
}

// Digest stands for an address where that must not be kept.
func (n *Notifier) Digest(address string) string {
	if n.mail == nil {
		return ""
	}
	h := hmac.New(sha256.New, []byte(n.mail.Salt.Reveal()))
	h.Write([]byte(strings.ToLower(address)))
	return hex.EncodeToString(h.Sum(nil))
}
