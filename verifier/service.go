package verifier

import (
	"context"
	"net/http"

	"r8scan/rules"
)

// service is one of Replicate's servers.
type service interface {
	// about returns the question whether a token is live.
	about(secret rules.Secret) question

	// prove asks whether the server is what it should be, without a real token. It
	// returns why no token may be sent, "" if tokens may be sent.
	prove(ask func(question) Verdict) string
}

// question is a request, which may be sent several times, and what its answers mean.
type question struct {
	request func(ctx context.Context) (*http.Request, error)
	judge   func(a answer) Verdict
	limit   int64  // of an answer, in bytes
	unfit   string // why it must not be sent, "" if it may
}

// notAsked begins the reason of a verdict on a token that was not sent.
const notAsked = "not asked: "

// refusesFake returns why a server that gave a verdict on a fake token is not what it
// should be, "" if it refused it.
func refusesFake(fake Verdict, host, what string) string {
	switch fake.Status {
	case Revoked:
		return ""
	case Live:
		return host + " accepts a fake token, so it is not Replicate's " + what
	default:
		return "there was no clear answer about the fake token that is sent first: " + fake.Reason
	}
}

// sendable reports whether token can be in a header. No token has other characters.
func sendable(token string) bool {
	for i := range len(token) {
		if token[i] <= ' ' || token[i] > '~' {
			return false
		}
	}
	return token != ""
}

const unsendable = "it has characters that no token has"
