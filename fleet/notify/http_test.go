package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"r8scan/report"

	"r8scan/fleet/config"
)

// receiver is a server that counts.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	header []http.Header
	bodies []string
}

// got returns how many requests came, and the last one's body.
func (r *receiver) got() (int, string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.bodies) == 0 {
		return 0, ""
	}
	return len(r.bodies), r.bodies[len(r.bodies)-1]
}

// newReceiver serves answer until the test ends.
func newReceiver(t *testing.T, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		r.header, r.bodies = append(r.header, q.Header), append(r.bodies, string(body))
		r.mu.Unlock()
		answer(w, q)
	}))
	t.Cleanup(r.Close)
	return r
}

// says answers with a status and a body.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// cuts ends the connection without an answer.
func cuts(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// gone is the URL of a port where nobody listens.
func gone(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

// disabler returns a notifier for an endpoint that disables.
func disabler(t *testing.T, url, pub string) *Notifier {
	t.Helper()
	return newNotifier(t, &config.Config{Disable: &config.Disable{URL: url, Secret: secret(t, "shared"), SealTo: pub}})
}

// TestDisable: the endpoint gets what it needs, signed, and nobody else can read the token.
func TestDisable(t *testing.T) {
	keys, pub := newKey(t)
	r := newReceiver(t, says(200, `{"disabled": true}`))
	n := disabler(t, r.URL, pub)
	e := hostile()
	for range 2 {
		if o, err := n.Disable(t.Context(), e, token()); o != Sent || err != nil {
			t.Fatalf("%d, %v", o, err)
		}
	}
	count, text := r.got()
	if count != 2 {
		t.Errorf("%d requests", count)
	}
	noToken(t, "the request", text)
	h := r.header[1]
	want := "t=1795820223,v1="
	if got := h.Get(SignatureHeader); got != Sign("shared", at1, []byte(text)) || !strings.HasPrefix(got, want) {
		t.Errorf("signature %s", got)
	}
	if hmac.Equal([]byte(Sign("other", at1, []byte(text))), []byte(h.Get(SignatureHeader))) {
		t.Error("another secret signs the same")
	}
	if h.Get("Idempotency-Key") != e.ID || r.header[0].Get("Idempotency-Key") != e.ID || h.Get("Content-Type") != "application/json" {
		t.Errorf("header %v", h)
	}
	var d document
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	if d.Version != 1 || d.Kind != "disable" || d.ID != e.ID || d.TokenID != e.TokenID || d.Token != e.Mask || d.Rule != e.Rule || d.Verdict.Status != "live" || d.Verdict.Account == nil || len(d.Places) != len(e.Places) {
		t.Errorf("%+v", d)
	}
	sealed, err := base64.StdEncoding.DecodeString(d.Sealed.Token)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := keys.Open(sealed, e.TokenID, e.Rule)
	if err != nil || opened.Reveal() != token().Reveal() || d.Sealed.Key != keys[0].Public().ID() {
		t.Errorf("opened: %v, %v", opened, err)
	}
}

// TestDisableAnswers: only the endpoint's word that the token is disabled counts.
func TestDisableAnswers(t *testing.T) {
	_, pub := newKey(t)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   Outcome
	}{
		"201": {says(201, `{"disabled": true, "more": 1}`), Sent}, "false": {says(200, `{"disabled": false}`), Again}, "text": {says(200, `{"disabled": "true"}`), Again},
		"empty": {says(200, ""), Again}, "204": {says(204, ""), Again}, "page": {says(200, "<html>"), Again}, "two": {says(200, `{"disabled": true}{}`), Again},
		"long": {says(200, `{"disabled": true, "x": "`+strings.Repeat("x", maxAnswer)+`"}`), Again}, "long, and blank": {says(200, `{"disabled": true}`+strings.Repeat(" ", maxAnswer)), Again}, "accepted later": {says(202, `{}`), Again},
		"400": {says(400, `{"disabled": true}`), Again}, "401": {says(401, ""), Again}, "500": {says(500, `{"disabled": true}`), Again}, "cut": {cuts, Again},
		"redirect": {func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, "/other", http.StatusTemporaryRedirect)
		}, Again},
		"half": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"disabled": true}`)
		}, Again},
	} {
		r := newReceiver(t, c.answer)
		o, err := disabler(t, r.URL, pub).Disable(t.Context(), event(), token())
		if count, _ := r.got(); o != c.want || (err == nil) != (c.want == Sent) || count != 1 {
			t.Errorf("%s: %d, %v, %d requests", name, o, err, count)
		}
		if err != nil {
			noToken(t, "the error", err.Error())
		}
	}
	if o, err := disabler(t, gone(t), pub).Disable(t.Context(), event(), token()); o != Again || err == nil {
		t.Errorf("gone: %d, %v", o, err)
	}
	if o, err := newNotifier(t, &config.Config{}).Disable(t.Context(), event(), token()); o != Refused || err == nil {
		t.Errorf("not configured: %d, %v", o, err)
	}
}

// TestWebhookOutcomes: an answer, no connection, and silence after the request differ.
func TestWebhookOutcomes(t *testing.T) {
	n := newNotifier(t, &config.Config{})
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   Outcome
	}{
		"200": {says(200, "ok"), Sent}, "204": {says(204, ""), Sent}, "202": {says(202, strings.Repeat("x", 1<<20)), Sent},
		"400": {says(400, "invalid_blocks"), Refused}, "404": {says(404, "no_service"), Refused}, "410": {says(410, ""), Refused},
		"408": {says(408, ""), Again}, "429": {says(429, ""), Again}, "500": {says(500, ""), Again}, "503": {says(503, ""), Again}, "cut": {cuts, Uncertain},
		"301": {func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, "/other", http.StatusMovedPermanently)
		}, Refused},
	} {
		for _, kind := range []string{"slack", "json"} {
			r := newReceiver(t, c.answer)
			o, err := n.Webhook(t.Context(), config.Webhook{Name: "x", Kind: kind, URL: secret(t, r.URL+"/T1/hidden")}, event())
			if count, _ := r.got(); o != c.want || (err == nil) != (c.want == Sent) || count != 1 {
				t.Errorf("%s, %s: %d, %v, %d requests", name, kind, o, err, count)
			}
			if err != nil && strings.Contains(err.Error(), "hidden") {
				t.Errorf("the error has the URL: %v", err)
			}
		}
	}
	for _, url := range []string{gone(t), "https://10.0.0.1:1", "https://169.254.169.254/latest"} {
		o, err := n.Webhook(t.Context(), config.Webhook{Name: "x", Kind: "json", URL: secret(t, url+"/hidden")}, event())
		if o != Again || err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %d, %v", url, o, err)
		}
		t.Log(err)
	}
}

// TestWebhookHangs: who has the request and says nothing may have acted on it; who never
// finished the TLS handshake has not.
func TestWebhookHangs(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := newReceiver(t, func(_ http.ResponseWriter, q *http.Request) {
		cancel()
		<-q.Context().Done()
	})
	n := newNotifier(t, &config.Config{})
	if o, err := n.Webhook(ctx, config.Webhook{Kind: "json", URL: secret(t, r.URL)}, event()); o != Uncertain || err == nil {
		t.Errorf("%d, %v", o, err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	accepted := make(chan net.Conn, 1)
	go func() {
		defer close(accepted)
		c, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = c.Read(make([]byte, 1)) // the handshake begins
		cancel()
		accepted <- c
	}()
	if o, err := n.Webhook(ctx, config.Webhook{Kind: "json", URL: secret(t, "https://"+l.Addr().String())}, event()); o != Again || err == nil {
		t.Errorf("a handshake: %d, %v", o, err)
	}
	_ = l.Close()
	for c := range accepted {
		_ = c.Close()
	}
}

// TestWebhookBodies shows what each kind of chat gets, and that nothing in it does more
// than stand there.
func TestWebhookBodies(t *testing.T) {
	r := newReceiver(t, says(200, "ok"))
	n := newNotifier(t, &config.Config{})
	for _, kind := range []string{"slack", "teams", "discord", "json"} {
		w := config.Webhook{Name: kind, Kind: kind, URL: secret(t, r.URL)}
		for name, e := range map[string]Event{"live": event(), "disabled": disabled()} {
			if o, err := n.Webhook(t.Context(), w, e); o != Sent || err != nil {
				t.Fatalf("%s: %d, %v", kind, o, err)
			}
			_, text := r.got()
			var pretty bytes.Buffer
			if err := json.Indent(&pretty, []byte(text), "", "  "); err != nil {
				t.Fatal(err)
			}
			golden(t, name+"."+kind+".json", pretty.String()+"\n")
		}
		if o, err := n.Webhook(t.Context(), w, hostile()); o != Sent || err != nil {
			t.Fatalf("%s: %d, %v", kind, o, err)
		}
		_, text := r.got()
		noToken(t, kind, text)
		if kind != "json" && len(text) > 28<<10 {
			t.Errorf("%s: %d bytes, and Teams takes 28 KB", kind, len(text))
		}
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		walk(v, func(key, s string) {
			if strings.ContainsAny(s, "\r\x1b\x00\u202e") {
				t.Errorf("%s: %s has a control character: %q", kind, key, s)
			}
			if key == "url" && s != "" && (!strings.HasPrefix(s, "https://") || strings.ContainsAny(s, " <>()[]|`*\"'")) {
				t.Errorf("%s: a link: %s", kind, s)
			}
		})
		if h := r.header[len(r.header)-1]; h.Get(SignatureHeader) != "" {
			t.Errorf("%s is signed without a secret", kind)
		}
	}
	w := config.Webhook{Kind: "json", URL: secret(t, r.URL), Secret: secret(t, "shared")}
	if o, err := n.Webhook(t.Context(), w, event()); o != Sent || err != nil {
		t.Fatalf("%d, %v", o, err)
	}
	_, text := r.got()
	if h := r.header[len(r.header)-1]; h.Get(SignatureHeader) != Sign("shared", at1, []byte(text)) || h.Get("Idempotency-Key") != event().ID {
		t.Errorf("header %v", h)
	}
}

// walk calls f for each string in a value of JSON.
func walk(v any, f func(key, s string)) {
	switch v := v.(type) {
	case map[string]any:
		for k, in := range v {
			if s, ok := in.(string); ok {
				f(k, s)
			}
			walk(in, f)
		}
	case []any:
		for _, in := range v {
			walk(in, f)
		}
	}
}

// TestLongDiscord: what does not fit is counted.
func TestLongDiscord(t *testing.T) {
	e := event()
	e.Places = nil
	for range 7 {
		e.Places = append(e.Places, Place{Repository: "https://github.com/acme/app", URL: "https://github.com/" + strings.Repeat("x", 700)})
	}
	content := discord(newMessage(e)).(object)["content"].(string)
	if n := units(content); n > 2000 || strings.Count(content, "[open]") != 2 || !strings.Contains(content, "and 5 more places") {
		t.Errorf("%d characters:\n%s", n, content)
	}
}

// TestRefusedElsewhere: a token that somebody else disabled is not said to work.
func TestRefusedElsewhere(t *testing.T) {
	e := event()
	e.Status = report.StatusRevoked
	if m := newMessage(e); strings.Contains(m.next, "works") || !strings.Contains(m.title, "disabled") {
		t.Errorf("%+v", m)
	}
}

// TestMarkup: in each chat, a text from outside is where that chat looks for no markup.
func TestMarkup(t *testing.T) {
	m := newMessage(hostile())
	content := discord(m).(object)["content"].(string)
	for _, line := range strings.Split(content, "\n") {
		for n, part := range strings.Split(line, "`") {
			if n%2 == 0 && strings.ContainsAny(part, "@~|\\") { // outside code
				t.Errorf("outside code: %s", line)
			}
		}
		if strings.Count(line, "`")%2 != 0 {
			t.Errorf("code without an end: %s", line)
		}
	}
	if n := units(content); n > 2000 {
		t.Errorf("%d characters", n)
	}
	if !strings.Contains(content, "more place") {
		t.Errorf("what is left off is not named:\n%s", content)
	}
	raw, err := json.Marshal(slack(m))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), "mrkdwn") || slack(m).(object)["text"] != m.title {
		t.Errorf("Slack looks for markup in: %s", raw)
	}
	if raw, err = json.Marshal(teams(m)); err != nil || strings.Contains(string(raw), "TextBlock\"") && !strings.Contains(string(raw), "RichTextBlock\"") || strings.Contains(string(raw), "entities") {
		t.Errorf("Teams looks for markup in: %s, %v", raw, err)
	}
}
