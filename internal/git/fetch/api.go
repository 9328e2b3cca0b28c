package fetch

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"r8scan/internal/loopback"
)

// API sends requests to the API of the service that has a repository.
type API struct {
	client *http.Client
	base   url.URL
	auth   *login // nil without a token
	wait   time.Duration
}

// API returns the API for a repository's address: that of github.com, or of a server on
// this machine that answers like one.
func (c *Client) API(a *Address) (*API, error) {
	host := strings.TrimPrefix(a.Hostname(), "gist.")
	site := url.URL{Scheme: "https", Host: host}
	switch {
	case a.Scheme != "ssh" && loopback.Host(host):
		site = url.URL{Scheme: a.Scheme, Host: strings.TrimPrefix(a.Host, "gist.")}
	case host != "github.com":
		return nil, errors.New("texts are read beside a repository on GitHub only: name its URL, such as https://github.com/owner/name")
	}
	return c.APIAt(GitHubAPI(site), host), nil
}

// GitHubAPI returns the URL of the API of github.com, or of a GitHub of somebody's own, by
// the scheme and the host of its pages.
func GitHubAPI(site url.URL) url.URL {
	if site.Host == "github.com" {
		return url.URL{Scheme: "https", Host: "api.github.com"}
	}
	return *site.JoinPath("/api/v3")
}

// APIAt returns the API at a URL, to which the credentials for a host are sent.
func (c *Client) APIAt(base url.URL, host string) *API {
	api := &API{base: base, wait: time.Second, auth: loginFor(c, host)}
	api.client = httpClient(c, &api.base)
	follows := api.client.CheckRedirect
	api.client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		err := follows(r, via)
		if err == nil {
			api.logIn(r) // a repository that has another name now
		}
		return err
	}
	return api
}

// Base returns the URL of the API, without a slash at its end.
func (a *API) Base() string { return a.base.String() }

// LoggedIn reports whether there is a token.
func (a *API) LoggedIn() bool { return a.auth != nil }

// From says where the token comes from, such as GITHUB_TOKEN; "" without one.
func (a *API) From() string {
	if a.auth == nil {
		return ""
	}
	return a.auth.from
}

// logIn gives a request the token, if it goes to the API's own host.
func (a *API) logIn(r *http.Request) {
	if a.auth != nil && r.URL.Scheme == a.base.Scheme && strings.EqualFold(r.URL.Host, a.base.Host) {
		r.Header.Set("Authorization", "Bearer "+a.auth.password.Reveal())
	}
}

// How a server's trouble is waited for.
const (
	tries   = 4
	maxWait = time.Minute // of one wait: a longer one is for the user to decide
)

// Do sends a request. It sends it again, after a wait, if the server is in trouble or
// asks for a short wait.
func (a *API) Do(r *http.Request) (*http.Response, error) {
	r.Header.Set("User-Agent", "r8scan")
	a.logIn(r)
	for try := 1; ; try++ {
		resp, err := a.client.Do(r)
		wait, again := a.waits(resp, try)
		if err != nil || !again {
			return resp, err
		}
		_ = resp.Body.Close() // nothing was written
		select {
		case <-r.Context().Done():
			return nil, r.Context().Err()
		case <-time.After(wait):
		}
		if r.GetBody != nil {
			if r.Body, err = r.GetBody(); err != nil {
				return nil, err
			}
		}
	}
}

// waits returns how long to wait before a request is sent again, and whether to.
func (a *API) waits(resp *http.Response, try int) (time.Duration, bool) {
	if resp == nil || try == tries {
		return 0, false
	}
	switch code := resp.StatusCode; {
	case code >= 500:
		return a.wait << try, true
	case code == http.StatusForbidden || code == http.StatusTooManyRequests:
		if asked, ok := Retry(resp); ok && asked <= maxWait {
			return time.Duration(asked/time.Second) * a.wait, true
		}
	}
	return 0, false
}

// Retry returns how long a server that has refused a request asks to wait before the
// next one; false if it does not.
func Retry(resp *http.Response) (time.Duration, bool) {
	if seconds, err := strconv.ParseInt(resp.Header.Get("Retry-After"), 10, 32); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second, true
	}
	for _, prefix := range []string{"X-RateLimit-", "RateLimit-"} { // GitHub, and GitLab
		reset, err := strconv.ParseInt(resp.Header.Get(prefix+"Reset"), 10, 64)
		if err != nil || resp.Header.Get(prefix+"Remaining") != "0" {
			continue
		}
		now, err := http.ParseTime(resp.Header.Get("Date")) // by the server's clock
		if err != nil {
			now = time.Now()
		}
		if wait := time.Unix(reset, 0).Sub(now); wait < maxReset {
			return max(0, wait).Truncate(time.Second) + time.Second, true
		}
	}
	return 0, false
}

// maxReset is far longer than any service makes one wait.
const maxReset = 48 * time.Hour
