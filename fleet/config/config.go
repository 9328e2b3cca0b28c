// Package config reads the operator's configuration of a fleet: what it does about
// tokens, whom it tells, and what it serves. Only the operator may write that file, and
// no secret stands in it: it names environment variables or files.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"go.yaml.in/yaml/v4"

	"r8scan/internal/door"
	"r8scan/internal/loopback"
)

// Config is the operator's configuration. The zero value acts on nothing and serves
// nothing.
type Config struct {
	Act      bool           `yaml:"act"`   // else what would be done is listed only
	Reach    []netip.Prefix `yaml:"reach"` // private networks that may be connected to
	Disable  *Disable       `yaml:"disable"`
	Mail     *Mail          `yaml:"mail"`
	Webhooks []Webhook      `yaml:"webhooks"`
	Serve    *Serve         `yaml:"serve"`
}

// Disable is the operator's endpoint that disables a token.
type Disable struct {
	URL    string `yaml:"url"`     // https, or http on this machine
	Secret Secret `yaml:"secret"`  // signs requests
	SealTo string `yaml:"seal_to"` // file of the public key, whose private key only the endpoint has
}

// Mail is how owners are told.
type Mail struct {
	Server   string  `yaml:"server"`   // host:port of an SMTP server
	TLS      string  `yaml:"tls"`      // starttls (default), implicit, or none, which is for this machine only
	User     string  `yaml:"user"`     // "" for no login
	Password Secret  `yaml:"password"` // of User
	From     string  `yaml:"from"`     // an address, with or without a name
	Salt     Secret  `yaml:"salt"`     // makes the digests of recipients
	Lookup   *Lookup `yaml:"lookup"`   // finds an account's owner
	Contact  string  `yaml:"contact"`  // gets what has no owner; "" for nobody
	Authors  bool    `yaml:"authors"`  // commits' authors get what has no owner and no contact: attackers choose them
}

// Lookup is the operator's endpoint that knows the address of an account's owner.
type Lookup struct {
	URL    string `yaml:"url"`
	Secret Secret `yaml:"secret"` // signs requests
}

// Webhook is a channel that is told.
type Webhook struct {
	Name   string `yaml:"name"`   // as people see it: letters, digits and -
	Kind   string `yaml:"kind"`   // slack, teams, discord or json
	URL    Secret `yaml:"url"`    // who knows it can post
	Secret Secret `yaml:"secret"` // signs requests of kind json; may be missing
}

// Serve is what a process with the role serve answers to.
type Serve struct {
	Listen  string      `yaml:"listen"` // host:port; default 127.0.0.1:8380
	Page    *Page       `yaml:"page"`
	GitHub  *GitHub     `yaml:"github"`  // the partner endpoint
	GitLab  *GitLab     `yaml:"gitlab"`  // token revocation
	Webhook *GitWebhook `yaml:"webhook"` // GitHub's pushes
}

// Page says who sees the page.
type Page struct {
	Token    Secret         `yaml:"token"`    // who knows it may log in; or
	Identity string         `yaml:"identity"` // a header with a person's name, which a proxy sets
	Proxies  []netip.Prefix `yaml:"proxies"`  // from where that header is believed
	Host     string         `yaml:"host"`     // the page's name in people's browsers; "" if that is this machine, or any name may be
}

// GitHub is the secret scanning partner endpoint.
type GitHub struct {
	Keys string `yaml:"keys"` // where GitHub's public keys are; default https://api.github.com/meta/public_keys/secret_scanning
}

// GitLab is the token revocation API.
type GitLab struct {
	Secret Secret `yaml:"secret"` // GitLab's Authorization header
}

// GitWebhook hears of pushes.
type GitWebhook struct {
	Secret Secret `yaml:"secret"` // of X-Hub-Signature-256
}

// Secret is a value that the file names only: env:NAME or file:PATH.
type Secret struct{ value string }

// Reveal returns the value; "" if it is not set.
func (s Secret) Reveal() string { return s.value }

// String keeps the value out of any text.
func (s Secret) String() string { return "(secret)" }

// GoString does too.
func (s Secret) GoString() string { return s.String() }

// maxSecret is how long a secret may be, in bytes.
const maxSecret = 4096

// UnmarshalYAML reads the value from where the file says.
func (s *Secret) UnmarshalYAML(n *yaml.Node) error {
	kind, name, _ := strings.Cut(n.Value, ":")
	switch {
	case n.Kind != yaml.ScalarNode || name == "" || kind != "env" && kind != "file":
		return errors.New("a secret is written env:NAME or file:PATH")
	case kind == "env":
		s.value = os.Getenv(name)
	default:
		body, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		s.value = strings.TrimRight(string(body), "\r\n")
	}
	if s.value == "" {
		return fmt.Errorf("%s is empty: set it", n.Value)
	}
	if len(s.value) > maxSecret || strings.ContainsAny(s.value, "\r\n\x00") {
		return fmt.Errorf("%s has several lines, or is longer than %d bytes", n.Value, maxSecret)
	}
	return nil
}

// maxFile is how long the file may be, in bytes.
const maxFile = 1 << 20

// Read reads a file.
func Read(path string) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	body, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxFile {
		return nil, fmt.Errorf("%s: it has more than 1 MB", path)
	}
	c, err := Parse(body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Parse reads the text of a file. Unknown keys are errors: a misspelled one must not turn
// something off.
func Parse(body []byte) (*Config, error) {
	c := &Config{}
	d := yaml.NewDecoder(bytes.NewReader(body))
	d.KnownFields(true)
	if err := d.Decode(c); err != nil && !errors.Is(err, io.EOF) {
		return nil, wrong(err)
	}
	return c, c.check()
}

// wrong says what is wrong with the file, in an operator's words and without any of its
// values: one may be a secret that stands in the wrong place.
func wrong(err error) error {
	var list *yaml.LoadErrors
	var first *yaml.LoadError
	switch {
	case errors.As(err, &list) && len(list.Errors) > 0:
		first = list.Errors[0]
	case !errors.As(err, &first):
		return errors.New("this is not YAML")
	}
	text := first.Message
	if key, _, ok := strings.Cut(strings.TrimPrefix(text, "field "), " not found in type "); ok {
		text = "there is no setting " + door.Printable(key) + " here: check its name and its indentation"
	} else if strings.HasPrefix(text, "cannot construct ") {
		text = "this value is of the wrong kind"
	} else if strings.HasPrefix(text, "netip.") {
		text = "a network is written as 10.0.0.0/8 is"
	}
	return fmt.Errorf("line %d: %s", max(first.Mark.Line, 1), text)
}

// check says what is missing or cannot be.
func (c *Config) check() error {
	for _, part := range []interface{ check() error }{c.Disable, c.Mail, c.Serve} {
		if err := part.check(); err != nil {
			return err
		}
	}
	seen := map[string]bool{"disable": true, "mail": true}
	for _, w := range c.Webhooks {
		if err := w.check(); err != nil {
			return err
		}
		if seen[w.Name] {
			return fmt.Errorf("webhooks: the name %s is taken", w.Name)
		}
		seen[w.Name] = true
	}
	return nil
}

func (d *Disable) check() error {
	switch {
	case d == nil:
		return nil
	case d.Secret.value == "" || d.SealTo == "":
		return errors.New("disable: secret and seal_to are missing")
	}
	return checkURL("disable: url", d.URL)
}

func (m *Mail) check() error {
	if m == nil {
		return nil
	}
	if m.TLS == "" {
		m.TLS = "starttls"
	}
	host, _, ok := strings.Cut(m.Server, ":")
	_, err := mail.ParseAddress(m.From)
	switch {
	case !ok || host == "":
		return errors.New("mail: server is written host:port")
	case err != nil:
		return errors.New("mail: from is no address")
	case m.TLS != "starttls" && m.TLS != "implicit" && (m.TLS != "none" || !loopback.Host(host)):
		return errors.New("mail: tls is starttls or implicit, or none on this machine")
	case m.User != "" && m.Password.value == "":
		return errors.New("mail: password is missing")
	case m.Salt.value == "":
		return errors.New("mail: salt is missing")
	case m.Lookup == nil && m.Contact == "" && !m.Authors:
		return errors.New("mail: lookup or contact is missing, so nobody would be told")
	}
	if m.Contact != "" {
		if _, err := mail.ParseAddress(m.Contact); err != nil {
			return errors.New("mail: contact is no address")
		}
	}
	if m.Lookup != nil {
		if m.Lookup.Secret.value == "" {
			return errors.New("mail: lookup: secret is missing")
		}
		return checkURL("mail: lookup: url", m.Lookup.URL)
	}
	return nil
}

const nameLetters = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func (w Webhook) check() error {
	if strings.Trim(w.Name, nameLetters) != "" || w.Name == "" || len(w.Name) > 40 {
		return errors.New("webhooks: a name has letters, digits and - only, 40 at most")
	}
	switch w.Kind {
	case "slack", "teams", "discord", "json":
		return checkURL("webhooks: url of "+w.Name, w.URL.value)
	}
	return fmt.Errorf("webhooks: kind of %s is slack, teams, discord or json", w.Name)
}

// leastToken is how long the page's token must be, in bytes.
const leastToken = 20

func (s *Serve) check() error {
	if s == nil {
		return nil
	}
	if s.Listen == "" {
		s.Listen = "127.0.0.1:8380"
	}
	switch {
	case s.Page == nil && s.GitHub == nil && s.GitLab == nil && s.Webhook == nil:
		return errors.New("serve: page, github, gitlab or webhook is missing, so nothing would be served")
	case s.Page != nil && (s.Page.Token.value == "") == (s.Page.Identity == ""):
		return errors.New("serve: page: token or identity is missing, or both are there")
	case s.Page != nil && s.Page.Token.value != "" && len(s.Page.Token.value) < leastToken:
		return fmt.Errorf("serve: page: the token is shorter than %d characters: whoever guesses it sees the page", leastToken)
	case s.Page != nil && s.Page.Identity != "" && len(s.Page.Proxies) == 0:
		return errors.New("serve: page: proxies is missing: from where the identity is believed")
	case s.Page != nil && strings.ContainsAny(s.Page.Host, "/:@ "):
		return errors.New("serve: page: host is a name only, such as fleet.example.com")
	case s.GitLab != nil && s.GitLab.Secret.value == "":
		return errors.New("serve: gitlab: secret is missing")
	case s.Webhook != nil && s.Webhook.Secret.value == "":
		return errors.New("serve: webhook: secret is missing")
	}
	if s.GitHub == nil {
		return nil
	}
	if s.GitHub.Keys == "" {
		s.GitHub.Keys = "https://api.github.com/meta/public_keys/secret_scanning"
	}
	return checkURL("serve: github: keys", s.GitHub.Keys)
}

// checkURL takes https, and http on this machine.
func checkURL(what, text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil: // its text may be a secret
		return fmt.Errorf("%s is no URL, or has a password in it", what)
	case u.Scheme == "https", u.Scheme == "http" && loopback.Host(u.Hostname()):
		return nil
	}
	return fmt.Errorf("%s must begin with https, or http on this machine", what)
}
