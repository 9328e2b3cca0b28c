package verifier

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"unicode"

	"r8scan/rules"
)

const (
	maxBody = 64 << 10 // bytes of an answer about a token; Replicate's have a few hundred
	maxText = 200      // runes of a name
)

// answer is a server's answer to one request.
type answer struct {
	code   int
	header http.Header
	body   []byte // at most what its question allows
	cut    bool   // the body was longer
}

// problem is the form of Replicate's errors. Some have only a detail.
type problem struct {
	Title  string  `json:"title"`
	Detail string  `json:"detail"`
	Status float64 `json:"status"`
}

// refusal is what Replicate says about an invalid token. For a request without a
// token it says something else, so a gateway that strips the Authorization header
// does not make every token look revoked.
const refusal = "You did not pass a valid authentication token"

// judge says what an answer means. It checks the form of the body too: a proxy's
// 200, 401 or 403 says nothing about the token.
func (a answer) judge(secret rules.Secret) Verdict {
	v := Verdict{Status: Unknown, HTTP: a.code}
	switch code := a.code; {
	case a.cut:
		v.Reason = a.unclear()
	case code == http.StatusOK:
		if account := a.account(secret); account != nil {
			v.Status, v.Account = Live, account
			break
		}
		v.Reason = "HTTP 200 without an account: something other than Replicate's API answered"
	case code == http.StatusUnauthorized:
		if a.refuses() {
			v.Status = Revoked
			break
		}
		v.Reason = "HTTP 401 that is not Replicate's answer to a bad token: a proxy or gateway may have refused, or removed the token"
	case code == http.StatusPaymentRequired && a.isProblem():
		v.Status, v.Reason = Live, "accepted, but billing is not set up (HTTP 402)"
	case code == http.StatusForbidden && a.isProblem():
		v.Status, v.Reason = Live, "accepted, but without permission to read the account (HTTP 403)"
	case code == http.StatusNotFound:
		v.Reason = "HTTP 404: there is no account endpoint; check the API's address"
	default:
		v.Reason = a.unclear()
	}
	return v
}

// unclear says what an answer means that says nothing about a token, from whichever
// of Replicate's servers.
func (a answer) unclear() string {
	switch code := a.code; {
	case a.cut:
		return fmt.Sprintf("the answer (HTTP %d) is longer than 64 KB, so it is not Replicate's", code)
	case code == http.StatusForbidden:
		return "HTTP 403 that is not Replicate's answer: a firewall or proxy may have refused"
	case code == http.StatusTooManyRequests:
		return "still throttled (HTTP 429): ask again later"
	case code >= 500:
		return fmt.Sprintf("HTTP %d: the server has a problem; ask again later", code)
	case code >= 300 && code < 400:
		return fmt.Sprintf("HTTP %d: a redirect, which is not followed", code)
	default:
		return fmt.Sprintf("HTTP %d, which is no answer of Replicate's", code)
	}
}

// account returns the account in the body, nil if the body has another form.
func (a answer) account(secret rules.Secret) *Account {
	var body struct {
		Type     string  `json:"type"`
		Username string  `json:"username"`
		Name     *string `json:"name"`
	}
	if json.Unmarshal(a.body, &body) != nil || body.Username == "" || body.Type != "user" && body.Type != "organization" {
		return nil
	}
	account := &Account{Type: body.Type, Username: clean(body.Username, secret)}
	if body.Name != nil {
		account.Name = clean(*body.Name, secret)
	}
	return account
}

// problem returns the body as one of Replicate's errors, and whether it can be
// one: it has a text, and does not contradict the status code.
func (a answer) problem() (problem, bool) {
	var p problem
	if json.Unmarshal(a.body, &p) != nil || p.Status != 0 && p.Status != float64(a.code) {
		return p, false
	}
	return p, p.Title != "" || p.Detail != ""
}

func (a answer) isProblem() bool {
	_, ok := a.problem()
	return ok
}

// refuses is strict, unlike isProblem: to call a live token revoked would be the
// worst mistake.
func (a answer) refuses() bool {
	p, ok := a.problem()
	return ok && p.Title == "Unauthenticated" && p.Status == http.StatusUnauthorized && strings.TrimRight(p.Detail, ". ") == refusal
}

// mediaType returns the type of the body, without its parameters.
func (a answer) mediaType() string {
	kind, _, _ := mime.ParseMediaType(a.header.Get("Content-Type")) // "" if there is none
	return kind
}

// clean makes a server's text safe to show: short, without control characters, and
// without the token, which a server may send back.
func clean(s string, secret rules.Secret) string {
	if token := secret.Reveal(); token != "" {
		s = strings.ReplaceAll(s, token, secret.Mask())
	}
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, rules.Redact(s))
	runes := []rune(s)
	if len(runes) > maxText {
		return string(runes[:maxText]) + "…"
	}
	return s
}
