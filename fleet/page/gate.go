package page

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"r8scan/fleet/config"
	"r8scan/internal/door"
	"r8scan/internal/loopback"
)

// gate decides who may see the page, and which requests come from its own forms.
type gate struct {
	page     *config.Page
	loopback bool   // it listens on this machine only
	key      []byte // of the forms
	origins  *http.CrossOriginProtection
	sessions *sessions
	failures *failures
}

func newGate(s *config.Serve) *gate {
	host, _, _ := net.SplitHostPort(s.Listen)
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // it never fails
	return &gate{
		page: s.Page, loopback: loopback.Host(host), key: key,
		origins: http.NewCrossOriginProtection(), sessions: newSessions(), failures: &failures{},
	}
}

// person is who sends a request.
type person struct {
	name    string // as the log of acts has it
	session string // what its forms are bound to
}

// problem is why a request is not done, for the one who sent it.
type problem struct {
	code int
	text string
}

func (p *problem) Error() string { return p.text }

// check refuses what no browser of the page sends: a request under another name, which
// somebody else has made point here, and a form of another page.
func (g *gate) check(r *http.Request) *problem {
	if !g.named(r.Host) {
		return &problem{http.StatusMisdirectedRequest, "This page has another address. If this is its right one, write its name into the configuration: serve, page, host."}
	}
	if err := g.origins.Check(r); err != nil {
		return &problem{http.StatusForbidden, "This form was sent by another page, or not over https. Nothing was done."}
	}
	return nil
}

// named reports whether a request's Host is a name of the page.
func (g *gate) named(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	switch {
	case g.page.Host != "" && strings.EqualFold(host, g.page.Host):
		return true
	case g.loopback:
		return loopback.Host(host)
	}
	return g.page.Host == ""
}

// maxName bounds a person's name, in bytes.
const maxName = 200

// enter returns who sends a request; nil if it has to log in.
func (g *gate) enter(r *http.Request) (*person, *problem) {
	if g.page.Identity == "" {
		id := ""
		if c, err := r.Cookie(cookieName(r)); err == nil {
			id = c.Value
		}
		name, ok := g.sessions.name(id)
		if !ok {
			return nil, nil
		}
		return &person{name, "session " + id}, nil
	}
	if !g.fromProxy(r) {
		return nil, &problem{http.StatusForbidden, "This page is behind a proxy: use the proxy's address."}
	}
	names := r.Header.Values(g.page.Identity)
	if len(names) != 1 || !isName(names[0]) {
		return nil, &problem{http.StatusForbidden, "The proxy does not say who you are."}
	}
	return &person{door.Mask(names[0]), "identity " + names[0]}, nil
}

// isName reports whether a text can be a person's name in the log.
func isName(s string) bool { return strings.TrimSpace(s) != "" && len(s) <= maxName }

// fromProxy reports whether a request comes from an address whose word is taken.
func (g *gate) fromProxy(r *http.Request) bool {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	ip := at.Addr().Unmap().WithZone("")
	for _, p := range g.page.Proxies {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// knows compares a token with the one of the configuration, in a time that does not
// depend on where they differ.
func (g *gate) knows(token string) bool {
	want, got := sha256.Sum256([]byte(g.page.Token.Reveal())), sha256.Sum256([]byte(token))
	return g.page.Identity == "" && subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

// seal returns what the forms of a person have in them.
func (g *gate) seal(p *person) string {
	mac := hmac.New(sha256.New, g.key)
	mac.Write([]byte(p.session))
	return hex.EncodeToString(mac.Sum(nil))
}

// sealed reports whether a form is one that the person got.
func (g *gate) sealed(p *person, seal string) bool {
	return hmac.Equal([]byte(g.seal(p)), []byte(seal))
}

// cookieName is the session's cookie. Over https its name binds it to this host.
func cookieName(r *http.Request) string {
	if secure(r) {
		return "__Host-r8scan-fleet"
	}
	return "r8scan-fleet"
}

// secure reports whether a request's cookies are for https only: all but those of this
// machine.
func secure(r *http.Request) bool {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return !loopback.Host(strings.Trim(host, "[]"))
}

// cookie is the cookie of a session; "" ends it.
func cookie(r *http.Request, session string) *http.Cookie {
	c := &http.Cookie{
		Name: cookieName(r), Value: session, Path: "/", MaxAge: int(sessionTime.Seconds()),
		HttpOnly: true, Secure: secure(r), SameSite: http.SameSiteStrictMode,
	}
	if session == "" {
		c.MaxAge = -1
	}
	return c
}
