package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"r8scan/internal/ask"
	"r8scan/rules"
)

// seededToken returns the token for a seed.
func seededToken(seed uint64) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	r := rand.New(rand.NewPCG(seed, 77))
	token := []byte("r8_")
	for range 37 {
		token = append(token, alphabet[r.IntN(len(alphabet))])
	}
	return string(token)
}

// assertNoToken fails if text has more of a token than its mask.
func assertNoToken(t *testing.T, text string, tokens ...string) {
	t.Helper()
	for _, token := range tokens {
		for i := 5; i+8 <= len(token); i++ {
			if strings.Contains(text, token[i:i+8]) {
				t.Fatalf("bytes %d to %d of a token are in the output", i, i+8)
			}
		}
	}
}

// fakeAPI answers like Replicate's API, and like its registry: for the tokens in answers
// as given there, for any other that it is not valid.
type fakeAPI struct {
	*httptest.Server
	mu   sync.Mutex
	seen map[string]int // requests by path and token
}

type fakeAnswer struct {
	code int
	body string
}

var liveAnswer = fakeAnswer{200, `{"type":"user","username":"ada","name":"Ada L."}`}

func newFakeAPI(t *testing.T, answers map[string]fakeAnswer) *fakeAPI {
	t.Helper()
	api := &fakeAPI{seen: map[string]int{}}
	api.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		refusal := fakeAnswer{401, `{"title":"Unauthenticated","detail":"You did not pass a valid authentication token","status":401}`}
		switch r.Method + " " + r.URL.Path {
		case "GET /cog/v1/display-token-url":
			fmt.Fprint(w, `{"url":"https://replicate.com/auth/token"}`)
			return
		case "POST /cog/v1/verify-token":
			token, refusal = r.PostFormValue("token"), fakeAnswer{404, `{"detail":"Not found"}`}
		}
		api.mu.Lock()
		api.seen[r.URL.Path+" "+token]++
		api.mu.Unlock()
		a, ok := answers[token]
		if !ok {
			a = refusal
		}
		w.WriteHeader(a.code)
		fmt.Fprint(w, a.body)
	}))
	t.Cleanup(api.Close)
	t.Setenv("REPLICATE_API_TOKEN", "")
	t.Setenv(ask.URLVariable, api.URL)
	return api
}

// requests counts the requests of the API with a token.
func (a *fakeAPI) requests(token string) int { return a.requestsOf("/v1/account", token) }

func (a *fakeAPI) requestsOf(path, token string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.seen[path+" "+token]
}

// runCommand runs r8scan with input as its standard input.
func runCommand(t *testing.T, input string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = command{strings.NewReader(input), &out, &errs}.run(t.Context(), args)
	return code, out.String(), errs.String()
}

func TestVerify(t *testing.T) {
	good, poor, page, gone := seededToken(1), seededToken(2), seededToken(3), seededToken(4)
	old := cogToken(5) // 40 hex digits
	newFakeAPI(t, map[string]fakeAnswer{
		good: liveAnswer, old: liveAnswer,
		poor: {402, `{"title":"Billing required","detail":"x","status":402}`},
		page: {403, "<html>no</html>"},
	})
	for _, c := range []struct {
		name, input string
		code        int
		want        []string
	}{
		{"live", good + "\n", exitLive, []string{"verdict   live", "account   user ada (Ada L.)", "format    ok", "provider  Replicate", "HTTP 200 in ", "works"}},
		{"live, in quotes", "'" + good + "'", exitLive, []string{"verdict   live", "quotes around it", "more than the token"}},
		{"live, of the old form", old, exitLive, []string{"verdict   live", "a token of the old form", "means     The token works."}},
		{"live, from Windows", good + "\r\n", exitLive, []string{"verdict   live", "carriage return"}},
		{"live without billing", poor, exitLive, []string{"verdict   live", "billing", "has no billing"}},
		{"revoked", gone, exitNotLive, []string{"verdict   revoked", "HTTP 401", rules.TokensPage}},
		{"a page", page, exitUnknown, []string{"verdict   unknown", "firewall or proxy"}},
		{"cut", good[:30], exitNotLive, []string{"verdict   malformed", "30 characters instead of 40", "was not sent"}},
		{"another provider's", "sk-" + strings.Repeat("ab", 20), exitNotLive, []string{"provider  OpenAI", "verdict   malformed"}},
		{"live and revoked", good + "\n\n" + gone + "\n", exitNotLive, []string{"verdict   live", "verdict   revoked"}},
		{"live and unknown", good + "\n" + page, exitUnknown, []string{"verdict   live", "verdict   unknown"}},
		{"unknown and revoked", page + "\n" + gone, exitNotLive, []string{"verdict   unknown", "verdict   revoked"}},
		{"twice the same", good + "\n" + good, exitLive, []string{"verdict   live"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, errs := runCommand(t, c.input, "verify")
			if code != c.code {
				t.Errorf("exit %d, want %d: %s", code, c.code, errs)
			}
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("no %q in:\n%s", want, out)
				}
			}
			if !strings.Contains(errs, "stored or logged") {
				t.Errorf("it does not say what was done with the tokens: %s", errs)
			}
			assertNoToken(t, out+errs, good, poor, page, gone)
			code, out, errs = runCommand(t, c.input, "verify", "-f", "json")
			var doc ask.TokensDocument
			if err := json.Unmarshal([]byte(out), &doc); err != nil || code != c.code || len(doc.Tokens) == 0 {
				t.Errorf("json: exit %d, %v: %s", code, err, errs)
			}
			assertNoToken(t, out+errs, good, poor, page, gone)
		})
	}
}

// TestVerifyEnvironment makes sure that without input the variable is tested, with its
// spaces.
func TestVerifyEnvironment(t *testing.T) {
	good := seededToken(1)
	api := newFakeAPI(t, map[string]fakeAnswer{good: liveAnswer})
	t.Setenv("REPLICATE_API_TOKEN", " "+good+"\n")
	for _, args := range [][]string{{"verify"}, {"verify", "--from", "env"}} {
		code, out, errs := runCommand(t, "", args...)
		if code != exitLive || !strings.Contains(out, "space around it") || !strings.Contains(out, "line break") {
			t.Errorf("%v: exit %d: %s%s", args, code, out, errs)
		}
		assertNoToken(t, out+errs, good)
	}
	other := seededToken(2)
	if code, _, _ := runCommand(t, other, "verify"); code != exitNotLive || api.requests(other) != 1 {
		t.Errorf("input must win over the variable: exit %d", code)
	}
	if code, _, errs := runCommand(t, "", "verify", "--from", "stdin"); code != exitUsage || !strings.Contains(errs, "no token to test") {
		t.Errorf("exit %d: %s", code, errs)
	}
	t.Setenv("REPLICATE_API_TOKEN", "")
	if code, out, _ := runCommand(t, "", "verify", "--from", "env"); code != exitNotLive || !strings.Contains(out, "it is empty") {
		t.Errorf("exit %d: %s", code, out)
	}
}

// TestVerifyUsage makes sure that wrong usage gets one line that says what to do and
// does not repeat the token.
func TestVerifyUsage(t *testing.T) {
	good := seededToken(1)
	api := newFakeAPI(t, map[string]fakeAnswer{good: liveAnswer})
	cut := good[:30]
	for _, c := range []struct {
		name, input, want string
		args              []string
	}{
		{"argument", "", "takes no arguments: other programs can see them", []string{good}},
		{"part of a token as argument", "", "takes no arguments", []string{cut}},
		{"token as flags", "", "a flag is unknown", []string{"-" + cut}},
		{"token as a flag", "", "a flag is unknown", []string{"--" + cut}},
		{"token as a flag's value", "", "a flag is unknown", []string{"-n", cut}},
		{"token as a format", good, "writes text or json", []string{"-f", cut}},
		{"token as a source", good, "use stdin, env, prompt or auto", []string{"--from", cut}},
		{"token as URL", good, "not an https URL", []string{"--api-url", cut}},
		{"plain http", good, "plain http", []string{"--api-url", "http://api.replicate.com"}},
		{"nothing", "", "no token to test", nil},
		{"blank", " \n\n\t\n", "no token to test", nil},
		{"no terminal", "", "no terminal to ask on", []string{"--from", "prompt"}},
		{"no requests", good, "use 1 to 100", []string{"-n", "0"}},
		{"very many requests", good, "use 1 to 100", []string{"-n", "101"}},
		{"several tokens to measure", good + "\n" + seededToken(2), "with one token, and there are 2", []string{"-n", "3"}},
		{"very much", strings.Repeat("x", 16<<20+1), "more than 16 MB", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, errs := runCommand(t, c.input, append([]string{"verify"}, c.args...)...)
			if code != exitUsage || out != "" || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
				t.Errorf("exit %d, want one line with %q: %s%s", code, c.want, out, errs)
			}
			assertNoToken(t, out+errs, good, cut)
		})
	}
	if n := api.requests(good); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestVerifyLatency(t *testing.T) {
	good := seededToken(1)
	api := newFakeAPI(t, map[string]fakeAnswer{good: liveAnswer})
	code, out, errs := runCommand(t, good, "verify", "-n", "5")
	if code != exitLive || !strings.Contains(out, "latency of 5 requests") || api.requests(good) != 5 {
		t.Errorf("exit %d after %d requests: %s%s", code, api.requests(good), out, errs)
	}
	for _, row := range []string{"dns", "connect", "tls", "first byte", "total"} {
		if !strings.Contains(out, "\n  "+row) {
			t.Errorf("no row %q in:\n%s", row, out)
		}
	}
	_, out, _ = runCommand(t, good, "verify", "-n", "3", "-f", "json")
	var doc ask.TokensDocument
	if err := json.Unmarshal([]byte(out), &doc); err != nil || doc.Latency == nil {
		t.Fatalf("%v: %s", err, out)
	}
	l := doc.Latency
	if l.Requests != 3 || l.MinMS.Total <= 0 || l.MinMS.Total > l.MedianMS.Total || l.MedianMS.Total > l.P95MS.Total || l.MinMS.Connect <= 0 || len(l.RunsMS) != 3 || l.RunsMS[2].Total < l.MinMS.Total {
		t.Errorf("%+v", l)
	}
}

// TestVerifyMany tests ten thousand texts, of which only one is sent.
func TestVerifyMany(t *testing.T) {
	good := seededToken(1)
	api := newFakeAPI(t, map[string]fakeAnswer{good: liveAnswer})
	code, out, errs := runCommand(t, strings.Repeat(good+"\n", 10_000), "verify", "-f", "json")
	var doc ask.TokensDocument
	if err := json.Unmarshal([]byte(out), &doc); err != nil || code != exitLive || len(doc.Tokens) != 10_000 {
		t.Errorf("exit %d, %v, %d tokens: %s", code, err, len(doc.Tokens), errs)
	}
	if api.requests(good) != 1 {
		t.Errorf("%d requests", api.requests(good))
	}
}

// TestVerifyInterrupted makes sure that an interrupted test writes nothing.
func TestVerifyInterrupted(t *testing.T) {
	newFakeAPI(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	code := command{strings.NewReader(seededToken(1)), &out, &errs}.run(ctx, []string{"verify"})
	if code != exitInterrupted || out.Len() != 0 {
		t.Errorf("exit %d: %s%s", code, out.String(), errs.String())
	}
}

// failingWriter is a closed pipe.
type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, fmt.Errorf("broken pipe") }

func TestVerifyClosedPipe(t *testing.T) {
	good := seededToken(1)
	newFakeAPI(t, map[string]fakeAnswer{good: liveAnswer})
	for _, format := range []string{"text", "json"} {
		var errs bytes.Buffer
		code := command{strings.NewReader(good), failingWriter{}, &errs}.run(t.Context(), []string{"verify", "-f", format})
		if code != exitUsage || !strings.Contains(errs.String(), "write the result: broken pipe") {
			t.Errorf("exit %d: %s", code, errs.String())
		}
	}
}
