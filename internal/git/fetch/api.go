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
	host := strings.ToLower(strings.TrimPrefix(a.hostname(), "gist."))
	api := &API{base: url.URL{Scheme: "https", Host: "api.github.com"}, wait: time.Second}
	switch {
	case a.Scheme != "ssh" && loopback.Host(host):
		api.base = url.URL{Scheme: a.Scheme, Host: strings.TrimPrefix(a.Host, "gist."), Path: "/api/v3"}
	case host != "github.com":
		return nil, errors.New("texts are read beside a repository on GitHub only: name its URL, such as https://github.com/owner/name")
	}
	api.auth = loginFor(c, host)
	api.client = httpClient(c, &api.base)
	follows := api.client.CheckRedirect
	api.client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		err := follows(r, via)
		if err == nil {
			api.logIn(r) // a repository that has another name now
		}
		return err
	}
	return api, nil
}

// Base returns the URL of the API, without a slash at its end.
func (a *API) Base() string { return a.base.String() }

// LoggedIn reports whether there is a token.
func (a *API) LoggedIn() bool { return a.auth != nil }

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
		seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
		if err == nil && seconds >= 0 && time.Duration(seconds)*time.Second <= maxWait {
			return time.Duration(seconds) * a.wait, true
		}
	}
	return 0, false
}
