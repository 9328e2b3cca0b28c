// Package fetch gets a repository's refs and objects from its server, as git fetch
// does: over https or ssh, in git's own protocol. It starts no program, and writes
// what it gets to where its caller says.
package fetch

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"r8scan/internal/loopback"
	"r8scan/internal/pattern"
)

// Address is where a repository is.
type Address struct {
	Scheme string // https, ssh or, on this machine only, http
	Host   string // with the port, if there is one
	Path   string // as the server takes it
	User   string // ssh only; "" if none is named
}

// String returns the address as a URL that can be shown. Its user is the one of ssh,
// such as git, which is no secret.
func (a *Address) String() string {
	u := url.URL{Scheme: a.Scheme, Host: a.Host, Path: "/" + strings.TrimPrefix(a.Path, "/")}
	if a.User != "" {
		u.User = url.User(a.User)
	}
	return u.String()
}

// Hostname returns the host in lower case, without its port.
func (a *Address) Hostname() string { return strings.ToLower((&url.URL{Host: a.Host}).Hostname()) }

// scpLike matches user@host:path, which git takes for ssh.
var scpLike = pattern.Of(`^([^@/:\s]+)@([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-fA-F:]+\]):(.+)$`)

// IsURL reports whether a text is meant as the address of a repository on a server.
func IsURL(text string) bool {
	scheme, _, ok := strings.Cut(text, "://")
	return ok && !strings.ContainsAny(scheme, `/\`) && !strings.EqualFold(scheme, "file") || scpLike().MatchString(text)
}

// LocalPath returns the path that a file URL names; false if it is none.
func LocalPath(text string) (string, bool) {
	rest, ok := strings.CutPrefix(text, "file://")
	if !ok {
		return "", false
	}
	rest = strings.TrimPrefix(rest, "localhost")
	if path, err := url.PathUnescape(rest); err == nil {
		rest = path
	}
	if len(rest) > 2 && rest[0] == '/' && rest[2] == ':' { // /C:/folder
		rest = rest[1:]
	}
	return rest, true
}

// Errors of addresses. None repeats the address, which may hold a password.
var (
	errNoURL    = errors.New("the URL cannot be understood: write https://host/owner/name or git@host:owner/name")
	errPassword = errors.New("a user or password in a URL is seen by other users of this machine: remove it, and put it into ~/.netrc or, for github.com and gitlab.com, into GITHUB_TOKEN or GITLAB_TOKEN")
	errQuery    = errors.New("the URL has a query or a fragment, which is no part of a repository's address: remove it")
	errPlain    = errors.New("http is not encrypted, so it is for this machine only: use https")
)

// Parse returns the address in a URL.
func Parse(text string) (*Address, error) {
	if m := scpLike().FindStringSubmatch(text); m != nil && !strings.Contains(text, "://") {
		return checked(&Address{Scheme: "ssh", User: m[1], Host: m[2], Path: m[3]})
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return nil, errNoURL
	}
	if u.RawQuery != "" || u.Fragment != "" || u.ForceQuery {
		return nil, errQuery
	}
	a := &Address{Scheme: strings.ToLower(u.Scheme), Host: u.Host, Path: strings.TrimRight(u.Path, "/")}
	switch a.Scheme {
	case "git+ssh", "ssh+git":
		a.Scheme = "ssh"
	case "git":
		return nil, errors.New("git:// is not encrypted: use https")
	case "https", "http", "ssh":
	default:
		return nil, fmt.Errorf("a repository cannot be read over %s: use https or ssh", a.Scheme)
	}
	if _, has := u.User.Password(); has || a.Scheme != "ssh" && u.User != nil {
		return nil, errPassword
	}
	a.User = u.User.Username()
	if a.Scheme == "http" && !loopback.Host(a.Hostname()) {
		return nil, errPlain
	}
	return checked(a)
}

// checked returns an address that a server can take.
func checked(a *Address) (*Address, error) {
	path := strings.TrimPrefix(a.Path, "/")
	switch {
	case path == "" || strings.ContainsFunc(a.Path+a.User+a.Host, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return nil, errNoURL
	case strings.HasPrefix(a.Path, "-"), strings.HasPrefix(a.User, "-"), strings.HasPrefix(a.Host, "-"):
		return nil, errors.New("a part of the URL begins with a dash: no repository is named so")
	}
	return a, nil
}
