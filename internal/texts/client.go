// Package texts reads what stands beside a repository on GitHub: issues, pull requests,
// reviews, comments, discussions, releases, and the logs and artifacts of workflows. It
// knows GitHub's API. It does not search: what it reads goes to a Visitor.
package texts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Doer sends a request, with the credentials for its host. It waits where GitHub's
// limits ask for it, and follows redirects without credentials.
type Doer interface {
	Do(r *http.Request) (*http.Response, error)
}

// Client asks GitHub's API. Requests go out one after the other, as GitHub wants it.
type Client struct {
	HTTP     Doer
	API      string // such as https://api.github.com
	LoggedIn bool   // whether HTTP has a token: GraphQL, logs and artifacts need one
	Most     int64  // bytes of one answer; 0: 64 MiB
	Pages    int    // of one list; 0: 100,000
}

// MaxAnswer is more than a hundred texts of the greatest length have.
const MaxAnswer = 64 << 20

// answer is what GitHub says to one request.
type answer struct {
	body []byte
	same bool // nothing changed since the ETag
	etag string
	next string // URL of the next page; "" for the last one
}

// statusError is an answer other than 200 and 304.
type statusError struct{ code int }

func (e *statusError) Error() string {
	switch e.code {
	case http.StatusForbidden:
		return "GitHub forbids it (403): the token lacks a permission for it"
	case http.StatusNotFound:
		return "GitHub has nothing there (404), or the token may not read it"
	}
	return fmt.Sprintf("GitHub answers HTTP %d: try again later", e.code)
}

// isGone reports whether an error says that something is not there, or not any more.
func isGone(err error) bool {
	var s *statusError
	return errors.As(err, &s) && (s.code == http.StatusNotFound || s.code == http.StatusGone)
}

// stopError ends the reading of all that is left: no further request would be
// answered.
type stopError struct{ why string }

func (e *stopError) Error() string { return e.why }

// Why a reading stops.
const (
	refused   = "GitHub no longer accepts the token (401): renew it"
	limited   = "GitHub's limit of requests is reached: scan again later, and it goes on where it stopped"
	limitedTo = "GitHub's limit of 60 requests an hour without a token is reached: set GITHUB_TOKEN, or scan again later, and it goes on where it stopped"
)

// stopFor returns the error that an answer stops the reading with, nil if it does not.
func (c *Client) stopFor(resp *http.Response) error {
	spent := resp.Header.Get("X-RateLimit-Remaining") == "0" || resp.Header.Get("Retry-After") != ""
	switch code := resp.StatusCode; {
	case code == http.StatusUnauthorized && c.LoggedIn:
		return &stopError{refused}
	case code == http.StatusTooManyRequests, code == http.StatusForbidden && spent:
		if c.LoggedIn {
			return &stopError{limited}
		}
		return &stopError{limitedTo}
	}
	return nil
}

var (
	errTooLarge = errors.New("GitHub's answer is too long for --max-memory")
	errHalf     = errors.New("GitHub's answer is cut short or damaged: try again later")
)

// attempts is how often an answer is asked for that arrives damaged.
const attempts = 3

// get asks for a JSON document. With an ETag it may be the same as before.
func (c *Client) get(ctx context.Context, where, etag string) (a *answer, err error) {
	for range attempts {
		req, err := c.request(ctx, http.MethodGet, where, nil)
		if err != nil {
			return nil, err
		}
		if etag != "" {
			req.Header.Set("If-None-Match", etag)
		}
		if a, err = c.answer(req); !errors.Is(err, errHalf) || ctx.Err() != nil {
			return a, err
		}
	}
	return nil, errHalf
}

// request returns a request to the API. where may be a path below it.
func (c *Client) request(ctx context.Context, method, where string, body []byte) (*http.Request, error) {
	if strings.HasPrefix(where, "/") {
		where = c.API + where
	}
	if !strings.HasPrefix(where, strings.TrimSuffix(c.API, "/v3")+"/") {
		return nil, errors.New("GitHub names a page of another host, which is not asked")
	}
	req, err := http.NewRequestWithContext(ctx, method, where, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("GitHub names a page that is no URL")
	}
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// answer sends a request and reads the answer.
func (c *Client) answer(req *http.Request) (*answer, error) {
	resp, err := c.do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotModified {
		return &answer{same: true}, nil
	}
	most := c.Most
	if most == 0 {
		most = MaxAnswer
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	switch {
	case int64(len(body)) > most:
		return nil, errTooLarge
	case err != nil || !json.Valid(body):
		return nil, errHalf
	}
	return &answer{body: body, etag: resp.Header.Get("ETag"), next: nextPage(resp.Header.Values("Link"))}, nil
}

// do sends a request. The caller closes the body of the answer, which is 200, or
// 304 if the request has an ETag.
func (c *Client) do(req *http.Request) (*http.Response, error) {
	resp, err := c.HTTP.Do(req)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) { // it repeats the URL, which may carry a signature
			err = wrapped.Err
		}
		return nil, err
	}
	asked := req.Header.Get("If-None-Match") != ""
	if resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusNotModified && asked {
		return resp, nil
	}
	_ = resp.Body.Close()                          // nothing was written
	if resp.StatusCode == http.StatusNotModified { // the same as nothing: a cache in between is wrong
		return nil, errHalf
	}
	if err := c.stopFor(resp); err != nil {
		return nil, err
	}
	return nil, &statusError{resp.StatusCode}
}

// download asks for a file. The caller closes it. Of a file of a release the API gives a
// description, unless bytes are asked for; of a log it gives nothing then.
func (c *Client) download(ctx context.Context, where string, raw bool) (io.ReadCloser, error) {
	req, err := c.request(ctx, http.MethodGet, where, nil)
	if err != nil {
		return nil, err
	}
	if raw {
		req.Header.Set("Accept", "application/octet-stream")
	}
	resp, err := c.do(req)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// nextPage returns the URL of the next page in Link headers, "" if there is none.
func nextPage(links []string) string {
	for _, header := range links {
		for link := range strings.SplitSeq(header, ",") {
			target, parameters, _ := strings.Cut(link, ";")
			target = strings.TrimSpace(target)
			for p := range strings.SplitSeq(parameters, ";") {
				if strings.TrimSpace(p) == `rel="next"` && strings.HasPrefix(target, "<") && strings.HasSuffix(target, ">") {
					return target[1 : len(target)-1]
				}
			}
		}
	}
	return ""
}

// pages returns how many pages a list may have: more than any has, to end one that a
// server makes up.
func (c *Client) pages() int {
	if c.Pages > 0 {
		return c.Pages
	}
	return 100_000
}
