// Package verifier asks Replicate whether tokens are live: a [Verifier] gives a
// [Verdict] on each.
//
// A token is sent to one host, in one header of one kind of request, GET
// /v1/account, which reads nothing private and starts nothing. Only an answer
// that has the form of Replicate's own makes a token live or revoked; whatever
// else comes back (a proxy's page, a redirect, an error, silence) leaves it
// unknown.
package verifier

import "time"

// Status is what is known about a token.
type Status string

// The statuses.
const (
	Live    Status = "live"    // Replicate accepts it
	Revoked Status = "revoked" // Replicate does not: disabled, or never a token
	Unknown Status = "unknown" // no clear answer
)

// Verdict is what came of asking about one token. Its texts hold no token, no
// control character and nothing longer than 200 characters, whatever the server said.
type Verdict struct {
	Status    Status
	Reason    string    // why it is unknown, or what is remarkable about it; may be ""
	Account   *Account  // whose token it is; nil unless Replicate said so
	CheckedAt time.Time // when the last answer or error came, UTC; zero if the token was not sent
	HTTP      int       // status code of the last answer, 0 if there was none
	Requests  int       // how many were sent, 0 if the token was not
	Timing    Timing    // of the last request

	// ServerTime is the server's clock when it answered, in whole seconds; zero
	// if it did not say.
	ServerTime time.Time
}

// Account is the owner of a live token.
type Account struct {
	Type     string // user or organization
	Username string
	Name     string // may be ""
}

// Timing says where the time of one request went. Parts that did not take
// place, as on a connection that was open already, are zero.
type Timing struct {
	DNS       time.Duration
	Connect   time.Duration
	TLS       time.Duration
	FirstByte time.Duration // from the last byte sent to the first one received
	Total     time.Duration // from the start of the request to the end of its answer
}
