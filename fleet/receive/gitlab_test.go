package receive

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"r8scan/fleet/config"
	scan "r8scan/report"
)

const revokePath = "/gitlab/v1/revoke_tokens"

var gitLabHeader = []string{"Authorization", "s3cret"}

// gitLabFleet has GitLab's API, which waits for nothing.
func gitLabFleet(t *testing.T, acts bool) *fleet {
	t.Helper()
	t.Setenv("GITLAB", gitLabHeader[1])
	f := newFleet(t, "serve: {gitlab: {secret: env:GITLAB}}")
	to := f.key.Public()
	r := &receiver{store: f.store, queue: f, log: slog.New(slog.NewJSONHandler(&f.log, nil)), to: &to, slots: make(chan struct{}, 2), every: time.Millisecond}
	g := &revoker{receiver: r, acts: acts, secret: parseConfig(t, "serve: {gitlab: {secret: env:GITLAB}}").Serve.GitLab.Secret}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+revokePath, g.revoke)
	f.handler = mux
	return f
}

func located(token, location string) string {
	text, _ := json.Marshal(map[string]string{"type": "r8scan_rule_replicate-api-token", "token": token, "location": location})
	return string(text)
}

// disabled makes the notice that the operator's endpoint has, or has not, acknowledged.
func (f *fleet) disabled(n int, state string) {
	f.t.Helper()
	f.set(`delete from notice where token = $1`, secret(n).ID())
	f.set(`insert into notice(id, token, channel, state, since, due) values($1, $2, 'disable', $3, 1, 1)`, secret(n).ID(), secret(n).ID(), state)
}

// TestGitLab says that tokens are disabled only when each of them is.
func TestGitLab(t *testing.T) {
	for _, acts := range []bool{true, false} {
		f := gitLabFleet(t, acts)
		body := message(located(token(1), "https://gitlab.com/acme/a/-/blob/x/.env"), located(token(2), ""))
		w := f.post(revokePath, body, gitLabHeader...)
		f.want("first", w, http.StatusServiceUnavailable)
		if w.Header().Get("Retry-After") == "" {
			t.Error("it does not say when")
		}
		if len(f.questions) != 2 {
			t.Errorf("%d questions", len(f.questions))
		}
		before := f.all()
		f.want("again", f.post(revokePath, body, gitLabHeader...), http.StatusServiceUnavailable)
		if f.all() != before || len(f.questions) != 2 {
			t.Errorf("again has changed something:\n%s\n%s", before, f.all())
		}
		f.judge(2, scan.StatusRevoked)
		for _, state := range []string{"planned", "due", "sending", "uncertain", "refused"} {
			f.judge(1, scan.StatusLive)
			f.disabled(1, state)
			f.want(state, f.post(revokePath, body, gitLabHeader...), http.StatusServiceUnavailable)
		}
		f.disabled(1, "sent")
		w = f.post(revokePath, body, gitLabHeader...)
		f.want("sent", w, http.StatusNoContent)
		f.want("idempotent", f.post(revokePath, body, gitLabHeader...), http.StatusNoContent)
		f.want("none", f.post(revokePath, "[]", gitLabHeader...), http.StatusNoContent)
	}
}

// TestGitLabTakesTheRest takes our tokens of a message that has others too, and does not
// say that those are disabled.
func TestGitLabTakesTheRest(t *testing.T) {
	f := gitLabFleet(t, true)
	f.want("others", f.post(revokePath, message(located("glpat-x", ""), located(token(1), "")), gitLabHeader...), http.StatusBadRequest)
	if len(f.questions) != 1 {
		t.Errorf("%d questions", len(f.questions))
	}
	for _, body := range []string{"", "{}", "[1]", `[{"token":{}}]`, "[]]"} {
		f.want(body, f.post(revokePath, body, gitLabHeader...), http.StatusBadRequest)
	}
}

// TestGitLabForged refuses who does not know the secret, before it reads anything.
func TestGitLabForged(t *testing.T) {
	t.Setenv("GITLAB", gitLabHeader[1])
	f := newFleet(t, "serve: {gitlab: {secret: env:GITLAB}}")
	for _, value := range []string{"", "s3cre", "s3cret ", "s3crets", "Bearer s3cret"} {
		f.want(value, f.post(revokePath, message(located(token(1), "")), "Authorization", value), http.StatusUnauthorized)
		f.want(value, f.send(http.MethodGet, "/gitlab/v1/revocable_token_types", nil, "Authorization", value), http.StatusUnauthorized)
	}
	long := &counter{left: 100 << 20}
	f.want("long", f.send(http.MethodPost, revokePath, long, "Authorization", "x"), http.StatusUnauthorized)
	if long.read > 0 || f.all() != "" {
		t.Errorf("%d bytes were read\n%s", long.read, f.all())
	}
	f.want("100 MB", f.send(http.MethodPost, revokePath, long, gitLabHeader...), http.StatusRequestEntityTooLarge)
	f.want("method", f.send(http.MethodGet, revokePath, nil, gitLabHeader...), http.StatusMethodNotAllowed)
	w := f.send(http.MethodGet, "/gitlab/v1/revocable_token_types", nil, gitLabHeader...)
	if w.Code != http.StatusOK || w.Body.String() != `{"types":["r8scan_rule_replicate-api-token"]}`+"\n" || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	f.want("off", f.post(partnerPath, "[]"), http.StatusNotFound)
}

// TestDryRun: only a fleet that acts, and has an endpoint, waits for it.
func TestDryRun(t *testing.T) {
	for _, c := range []struct {
		cfg  config.Config
		acts bool
	}{
		{config.Config{Act: true, Disable: &config.Disable{}}, true},
		{config.Config{Act: true}, false},
		{config.Config{Disable: &config.Disable{}}, false},
	} {
		if got := acts(&c.cfg); got != c.acts {
			t.Errorf("%+v: %v", c.cfg, got)
		}
	}
}

func FuzzGitLab(f *testing.F) {
	f.Add([]byte(message(located(token(1), "https://example.com"))))
	f.Fuzz(func(t *testing.T, body []byte) {
		reports, err := parseGitLab(body)
		checkReports(t, reports, err)
	})
}
