package verifier

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestAnswers lists the answers of a server and what they mean. Only Replicate's
// own form makes a token live or revoked.
func TestAnswers(t *testing.T) {
	const html = "<!DOCTYPE html><html><body>Sign in to the network</body></html>"
	acme := Account{"organization", "acme", "Acme, Inc."}
	for _, c := range []struct {
		name, body string
		code       int
		status     Status
		account    *Account
		reason     string // a part of it
		requests   int
	}{
		{"account", accountBody, 200, Live, &acme, "", 1},
		{"a user without a name", `{"type":"user","username":"ada","name":null}`, 200, Live, &Account{"user", "ada", ""}, "", 1},
		{"a user, short", `{"type":"user","username":"ada"}`, 200, Live, &Account{"user", "ada", ""}, "", 1},
		{"200 with a page", html, 200, Unknown, nil, "something other than Replicate", 1},
		{"200 with nothing", "", 200, Unknown, nil, "something other", 1},
		{"200 with another object", `{"ok":true}`, 200, Unknown, nil, "something other", 1},
		{"200 with another type", `{"type":"bot","username":"x","name":"x"}`, 200, Unknown, nil, "something other", 1},
		{"200 without a user name", `{"type":"user","username":"","name":"x"}`, 200, Unknown, nil, "something other", 1},
		{"200 with a number as name", `{"type":"user","username":"x","name":7}`, 200, Unknown, nil, "something other", 1},
		{"200 with two objects", accountBody + accountBody, 200, Unknown, nil, "something other", 1},
		{"200 with a list", "[" + accountBody + "]", 200, Unknown, nil, "something other", 1},
		{"200 with a refusal", refusedBody, 200, Unknown, nil, "something other", 1},
		{"201 with an account", accountBody, 201, Unknown, nil, "HTTP 201", 1},
		{"204", "", 204, Unknown, nil, "HTTP 204", 1},
		{"refused", refusedBody, 401, Revoked, nil, "", 1},
		{"refused, with a period", strings.Replace(refusedBody, "token\"", "token.\"", 1), 401, Revoked, nil, "", 1},
		{"401 with a page", html, 401, Unknown, nil, "not Replicate's answer to a bad token", 1},
		{"401 with nothing", "", 401, Unknown, nil, "not Replicate's", 1},
		{"401 for a request without a token", strings.Replace(refusedBody, "a valid", "an", 1), 401, Unknown, nil, "removed the token", 1},
		{"401 with another title", strings.Replace(refusedBody, "Unauth", "NotAuth", 1), 401, Unknown, nil, "not Replicate's", 1},
		{"401 with another status", strings.Replace(refusedBody, "401", "403", 1), 401, Unknown, nil, "not Replicate's", 1},
		{"401 without a status", strings.Replace(refusedBody, `,"status":401`, "", 1), 401, Unknown, nil, "not Replicate's", 1},
		{"401 with only a detail", `{"detail":"You did not pass a valid authentication token"}`, 401, Unknown, nil, "not Replicate's", 1},
		{"401 of a list", "[" + refusedBody + "]", 401, Unknown, nil, "not Replicate's", 1},
		{"407", refusedBody, 407, Unknown, nil, "HTTP 407", 1},
		{"billing", `{"title":"Billing required","detail":"Set up billing","status":402}`, 402, Live, nil, "billing is not set up", 1},
		{"402 with a page", html, 402, Unknown, nil, "HTTP 402", 1},
		{"403", `{"title":"Forbidden","detail":"No permission","status":403}`, 403, Live, nil, "without permission", 1},
		{"403, short", `{"detail":"You do not have permission to perform this action."}`, 403, Live, nil, "without permission", 1},
		{"403 with a page", html, 403, Unknown, nil, "firewall or proxy", 1},
		{"403 of a gateway", `{"message":"Forbidden"}`, 403, Unknown, nil, "firewall or proxy", 1},
		{"403 that says 401", refusedBody, 403, Unknown, nil, "firewall or proxy", 1},
		{"404", `{"title":"Not found","status":404}`, 404, Unknown, nil, "check the API's address", 1},
		{"418", "", 418, Unknown, nil, "HTTP 418", 1},
		{"429", `{"detail":"Request was throttled. Your rate limit resets in ~3s."}`, 429, Unknown, nil, "still throttled", 5},
		{"500", html, 500, Unknown, nil, "HTTP 500", 5},
		{"500 with an account", accountBody, 500, Unknown, nil, "HTTP 500", 5},
		{"502 with a refusal", refusedBody, 502, Unknown, nil, "HTTP 502", 5},
		{"503", "", 503, Unknown, nil, "HTTP 503", 5},
		{"301", accountBody, 301, Unknown, nil, "a redirect, which is not followed", 1},
		{"304", "", 304, Unknown, nil, "HTTP 304", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := &api{secret: testSecret(1), respond: func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.code)
				_, _ = fmt.Fprint(w, c.body) // 204 and 304 take no body
			}}
			v, _ := newTest(t, Config{BaseURL: serve(t, a).URL})
			got := verifyOne(t, v, a.secret)
			if got.Status != c.status || !strings.Contains(got.Reason, c.reason) || c.reason == "" && got.Reason != "" {
				t.Errorf("%s (%s), want %s (%s)", got.Status, got.Reason, c.status, c.reason)
			}
			if (got.Account == nil) != (c.account == nil) || got.Account != nil && *got.Account != *c.account {
				t.Errorf("account %v, want %v", got.Account, c.account)
			}
			if own, others := a.requests(); got.Requests != c.requests || own != c.requests || others != 1 || got.HTTP != c.code {
				t.Errorf("HTTP %d after %d requests, the server saw %d and %d canaries; want %d requests", got.HTTP, got.Requests, own, others, c.requests)
			}
			if got.Timing.Total <= 0 || got.Timing.FirstByte <= 0 {
				t.Errorf("no times were measured: %+v", got.Timing)
			}
		})
	}
}

// TestHostileNames has a server send back the token, an escape sequence and a
// very long name.
func TestHostileNames(t *testing.T) {
	secret := testSecret(2)
	a := &api{secret: secret, respond: func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"type":"user","username":"x%s\u001b[31m\n","name":"%s"}`, secret.Reveal(), strings.Repeat("é", 5000))
	}}
	v, _ := newTest(t, Config{BaseURL: serve(t, a).URL})
	got := verifyOne(t, v, secret)
	if want := "x" + secret.Mask() + "\ufffd[31m\ufffd"; got.Account == nil || got.Account.Username != want {
		t.Errorf("account %+v, want user name %q", got.Account, want)
	}
	if n := len([]rune(got.Account.Name)); n != maxText+1 {
		t.Errorf("a name of %d runes", n)
	}
}

func TestAskedToWait(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	header := func(pairs ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1])
		}
		return h
	}
	for _, c := range []struct {
		name   string
		header http.Header
		body   string
		want   time.Duration
		ok     bool
	}{
		{"nothing", header(), "", 0, false},
		{"seconds", header("Retry-After", "7"), "", 7 * time.Second, true},
		{"zero seconds", header("Retry-After", "0"), "", 0, true},
		{"below zero", header("Retry-After", "-3"), "", 0, false},
		{"no number", header("Retry-After", "soon"), "", 0, false},
		{"NaN", header("Retry-After", "NaN"), "", 0, false},
		{"very many", header("Retry-After", "99999999999999999999"), "", 1e6 * time.Second, true},
		{"date", header("Retry-After", "Sat, 21 Nov 2026 12:00:40 GMT"), "", 40 * time.Second, true},
		{"date that is past", header("Retry-After", "Sat, 21 Nov 2026 11:00:40 GMT"), "", 0, true},
		{"date by the server's clock", header("Retry-After", "Sat, 21 Nov 2026 13:00:40 GMT", "Date", "Sat, 21 Nov 2026 13:00:00 GMT"), "", 40 * time.Second, true},
		{"sentence", header(), `{"detail":"Request was throttled. Your rate limit resets in ~30s."}`, 30 * time.Second, true},
		{"sentence without a tilde", header(), `{"detail":"Your rate limit resets in 12 seconds."}`, 12 * time.Second, true},
		{"field", header(), `{"detail":"throttled","retry_after":5}`, 5 * time.Second, true},
		{"field below zero", header(), `{"retry_after":-5}`, 0, true},
		{"all: the longest", header("Retry-After", "2"), `{"detail":"resets in ~30s","retry_after":5}`, 30 * time.Second, true},
		{"rate limit header", header("ratelimit-reset", "9"), "", 9 * time.Second, true},
		{"rate limit header and a better one", header("ratelimit-reset", "60", "Retry-After", "1"), "", time.Second, true},
		{"a page", header(), "<p>resets in ~30s</p>", 0, false},
	} {
		got, ok := answer{code: 429, header: c.header, body: []byte(c.body)}.asked(now)
		if got != c.want || ok != c.ok {
			t.Errorf("%s: %v, %v; want %v, %v", c.name, got, ok, c.want, c.ok)
		}
	}
}

func TestBackoff(t *testing.T) {
	for tries := range 70 {
		low, high := firstBackoff<<min(tries, 4)/2, firstBackoff<<min(tries, 4)
		for range 100 {
			if d := backoff(tries); d < low || d > high || d > maxBackoff {
				t.Fatalf("after %d tries: %v, want %v to %v", tries, d, low, high)
			}
		}
	}
}
