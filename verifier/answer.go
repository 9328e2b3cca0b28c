package verifier

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"r8scan/rules"
)

const (
	maxBody = 64 << 10 // bytes of an answer that are read; Replicate's have some hundred
	maxText = 200      // runes of a name that are kept
)

// answer is what a server said to one request.
type answer struct {
	code   int
	header http.Header
	body   []byte // at most maxBody
	cut    bool   // the body was longer
}

// problem is the form of Replicate's errors. Some have only a detail.
type problem struct {
	Title  string  `json:"title"`
	Detail string  `json:"detail"`
	Status float64 `json:"status"`
}

// refusal is what Replicate says of a token it does not accept. For a request
// without any token it says something else, so a gateway that strips the
// Authorization header does not make every token look revoked.
const refusal = "You did not pass a valid authentication token"

// judge tells what an answer means. It decides by the form of the body and not
// by the code alone: a proxy's 200, 401 and 403 say nothing about the token.
func (a answer) judge(secret rules.Secret) Verdict {
	v := Verdict{Status: Unknown, HTTP: a.code}
	switch code := a.code; {
	case a.cut:
		v.Reason = fmt.Sprintf("the answer (HTTP %d) is longer than 64 KB, so it is not Replicate's", code)
	case code == http.StatusOK:
		if account := a.account(secret); account != nil {
			v.Status, v.Account = Live, account
			break
		}
		v.Reason = "HTTP 200 without an account in it: something other than Replicate's API answered"
	case code == http.StatusUnauthorized:
		if a.refuses() {
			v.Status = Revoked
			break
		}
		v.Reason = "HTTP 401 in a form that is not Replicate's answer to a bad token: a proxy or gateway may have refused, or removed the token"
	case code == http.StatusPaymentRequired && a.isProblem():
		v.Status, v.Reason = Live, "accepted, but billing is not set up (HTTP 402)"
	case code == http.StatusForbidden && a.isProblem():
		v.Status, v.Reason = Live, "accepted, but without permission to read the account (HTTP 403)"
	case code == http.StatusForbidden:
		v.Reason = "HTTP 403 in a form that is not Replicate's: a firewall or proxy may have refused"
	case code == http.StatusNotFound:
		v.Reason = "HTTP 404: the account endpoint is not there; check the API's address"
	case code == http.StatusTooManyRequests:
		v.Reason = "still throttled (HTTP 429): ask again later"
	case code >= 500:
		v.Reason = fmt.Sprintf("HTTP %d: the server has a problem; ask again later", code)
	case code >= 300 && code < 400:
		v.Reason = fmt.Sprintf("HTTP %d: a redirect, which is not followed", code)
	default:
		v.Reason = fmt.Sprintf("HTTP %d, which Replicate does not answer here", code)
	}
	return v
}

// account returns the account that the body describes, nil if it has not the
// form of one.
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
// one: it has words for people, and does not contradict the answer's code.
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

// refuses is strict, unlike isProblem: that a token is taken for revoked by
// mistake is the worst that can happen here.
func (a answer) refuses() bool {
	p, ok := a.problem()
	return ok && p.Title == "Unauthenticated" && p.Status == http.StatusUnauthorized && strings.TrimRight(p.Detail, ". ") == refusal
}

// clean makes a server's text safe to show: without the token, should a server
// send it back, without what changes a terminal, and short.
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
