// Package verifier asks Replicate whether tokens are live: a [Verifier] gives a
// [Verdict] on each.
//
// A token is sent to one host, in one request, which reads the name of the account and
// starts nothing: an API token to Replicate's API, in a header of GET /v1/account, and a
// token of cog login to Replicate's registry, in the form of POST
// /cog/v1/verify-token. Only an answer in Replicate's own form makes a token live or
// revoked. Anything else (a proxy's page, a redirect, an error, no answer) leaves it
// unknown.
package verifier

import "time"

// Status is what is known about a token.
type Status string

// The statuses.
const (
	Live    Status = "live"    // Replicate accepts it
	Revoked Status = "revoked" // Replicate refuses it: disabled, or never a token
	Unknown Status = "unknown" // no clear answer
)

// Verdict is the result of asking about one token. Whatever the server sends, its
// texts hold no token, no control character, and 200 characters at most.
type Verdict struct {
	Status    Status
	Reason    string    // why it is unknown, or what is special about it; may be ""
	Account   *Account  // the owner; nil unless Replicate named it
	CheckedAt time.Time // when the last answer or error came, UTC; zero if the token was not sent
	HTTP      int       // status code of the last answer, 0 without one
	Requests  int       // how many were sent with the token
	Timing    Timing    // of the last request

	// ServerTime is the Date header of the answer; zero without one.
	ServerTime time.Time
}

// Account is the owner of a live token.
type Account struct {
	Type     string // user or organization
	Username string
	Name     string // may be ""
}

// Timing has the parts of a request's time. Parts that did not happen, as on a
// reused connection, are zero.
type Timing struct {
	DNS       time.Duration
	Connect   time.Duration
	TLS       time.Duration
	FirstByte time.Duration // from the last byte sent to the first one received
	Total     time.Duration // from the start of the request to the end of its answer
}
