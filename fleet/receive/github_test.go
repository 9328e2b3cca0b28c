package receive

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"r8scan/fleet/ledger"
	"r8scan/fleet/seal"
	scan "r8scan/report"
)

// gitHub is one that signs, and tells its keys.
type gitHub struct {
	t     *testing.T
	url   string
	key   *ecdsa.PrivateKey
	asked atomic.Int64
	keys  atomic.Pointer[string] // the answer
}

func newGitHub(t *testing.T) *gitHub {
	g := &gitHub{t: t}
	g.key = g.renew("first")
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		g.asked.Add(1)
		fmt.Fprint(w, *g.keys.Load())
	}))
	t.Cleanup(s.Close)
	g.url = s.URL
	return g
}

// renew makes a new key, which is then the only one.
func (g *gitHub) renew(id string) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		g.t.Fatal(err)
	}
	g.tell(id, publicPEM(g.t, &key.PublicKey))
	return key
}

// tell sets the key that GitHub tells.
func (g *gitHub) tell(id, key string) {
	text, err := json.Marshal(map[string]any{"public_keys": []map[string]any{{"key_identifier": id, "key": key, "is_current": true}}})
	if err != nil {
		g.t.Fatal(err)
	}
	answer := string(text)
	g.keys.Store(&answer)
}

func publicPEM(t *testing.T, key any) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// signed returns the headers of a body.
func (g *gitHub) signed(id, body string) []string {
	sum := sha256.Sum256([]byte(body))
	sig, err := ecdsa.SignASN1(rand.Reader, g.key, sum[:])
	if err != nil {
		g.t.Fatal(err)
	}
	return []string{"Github-Public-Key-Identifier", id, "Github-Public-Key-Signature", base64.StdEncoding.EncodeToString(sig)}
}

const partnerPath = "/github/secret-scanning"

// partnerFleet has the partner endpoint, which waits for nothing.
func partnerFleet(t *testing.T) (*fleet, *gitHub) {
	g := newGitHub(t)
	f := newFleet(t, "serve: {github: {keys: "+g.url+"}}")
	hurry(f, g.url, 0)
	return f, g
}

// hurry replaces the partner endpoint by one that waits as long.
func hurry(f *fleet, keys string, wait time.Duration) *partner {
	to := f.key.Public()
	r := &receiver{store: f.store, queue: f, log: slog.New(slog.NewJSONHandler(&f.log, nil)), to: &to, slots: make(chan struct{}, 2), every: time.Millisecond}
	p := &partner{receiver: r, keys: newKeys(keys, nil), wait: wait}
	f.handler = r.guarded(p)
	return p
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func message(entries ...string) string { return "[" + strings.Join(entries, ",") + "]" }

func entry(token, url, source string) string {
	text, _ := json.Marshal(map[string]string{"token": token, "type": "replicate_api_token", "url": url, "source": source})
	return string(text)
}

// TestPartnerVector takes the examples of GitHub's documentation, and no byte of them
// changed.
func TestPartnerVector(t *testing.T) {
	for _, v := range []struct{ id, key, signature, body string }{
		{"bcb53661c06b4728e59d897fb6165d5c9cda0fd9cdf9d09ead458168deb7518c",
			"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYAGMWO8XgCamYKMJS6jc/qgvSlAd\nAjPuDPRcXU22YxgBrz+zoN19MzuRyW87qEt9/AmtoNP5GrobzUvQSyJFVw==",
			"MEQCIQDaMKqrGnE27S0kgMrEK0eYBmyG0LeZismAEz/BgZyt7AIfXt9fErtRS4XaeSt/AO1RtBY66YcAdjxji410VQV4xg==",
			`[{"source":"commit","token":"some_token","type":"some_type","url":"https://example.com/base-repo-url/"}]`},
		{"90a421169f0a406205f1563a953312f0be898d3c7b6c06b681aa86a874555f4a",
			"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE9MJJHnMfn2+H4xL4YaPDA4RpJqUq\nkCmRCBnYERxZanmcpzQSXs1X/AljlKkbJ8qpVIW4clayyef9gWhFbNHWAA==",
			"MEUCIQDKZokqnCjrRtw0tni+2Ltvl/uiMJ1EGumEsp1BsNr32AIgQY1YXD2nlj+XNfGK4rBfkMJ1JDOQcYXxa2sY8FNkrKc=",
			`[{"token":"some_token","type":"some_type","url":"some_url"}]`},
	} {
		f, g := partnerFleet(t)
		g.tell(v.id, "-----BEGIN PUBLIC KEY-----\n"+v.key+"\n-----END PUBLIC KEY-----\n")
		headers := []string{"Github-Public-Key-Identifier", v.id, "Github-Public-Key-Signature", v.signature}
		w := f.post(partnerPath, v.body, headers...)
		f.want("vector", w, http.StatusOK)
		if want := `[{"token_hash":"` + hashOf("some_token") + `","token_type":"some_type","label":"false_positive"}]` + "\n"; w.Body.String() != want {
			t.Errorf("%s", w.Body)
		}
		for _, changed := range []string{v.body + "\n", strings.Replace(v.body, "some_token", "some_tokem", 1), "[]", ""} {
			f.want("changed", f.post(partnerPath, changed, headers...), http.StatusUnauthorized)
		}
		if g.asked.Load() != 1 {
			t.Errorf("GitHub was asked for its keys %d times", g.asked.Load())
		}
	}
}

// TestPartner records our tokens, sealed, with one question each, and tells GitHub what
// is known. The same message again changes nothing.
func TestPartner(t *testing.T) {
	f, g := partnerFleet(t)
	body := message(
		entry(token(1), "https://github.com/acme/a/blob/x/.env", "Content"),
		entry(token(1), "https://github.com/acme/a/issues/1", "ISSUE_COMMENT"),
		entry(token(2), "", "from elsewhere"),
		entry(token(3), "https://example.com/\x00\x1b[2J\u202e"+token(4), "npm"),
		entry("r8_"+strings.Repeat("x", 37), "https://github.com/acme/a", "content"),
		entry("AKIA0000", "", "content"),
		entry(strings.Repeat("A", maxToken)+token(5), "", "content"))
	headers := g.signed("first", body)
	w := f.post(partnerPath, body, headers...)
	f.want("first", w, http.StatusOK)
	if strings.Contains(w.Body.String(), "true_positive") || strings.Count(w.Body.String(), "false_positive") != 3 {
		t.Errorf("nothing is known yet: %s", w.Body)
	}
	if len(f.questions) != 3 {
		t.Errorf("%d questions", len(f.questions))
	}
	before := f.all()
	for _, want := range []string{
		secret(1).ID() + " replicate-api-token " + secret(1).Mask() + " ",
		secret(1).ID() + " github content https://github.com/acme/a/blob/x/.env ",
		secret(1).ID() + " github issue_comment https://github.com/acme/a/issues/1 ",
		secret(2).ID() + " github unknown  ",
		secret(3).ID() + ` github npm https://example.com/\x00\x1b[2J\u202er8_Hw***`,
	} {
		if !strings.Contains(before, want) {
			t.Errorf("%q is not in\n%s", want, before)
		}
	}
	if n := strings.Count(before, "\n"); n != 6 || strings.ContainsAny(before, "\x00\x1b\u202e") {
		t.Errorf("%d lines\n%q", n, before)
	}
	for n := 1; n <= 3; n++ {
		var sealed []byte
		if err := f.store.DB.QueryRow(`select sealed from token where id = $1`, secret(n).ID()).Scan(&sealed); err != nil {
			t.Fatal(err)
		}
		if got, err := (seal.Keys{f.key}).Open(sealed, secret(n).ID(), "replicate-api-token"); err != nil || got.Reveal() != token(n) {
			t.Errorf("token %d does not open: %v", n, err)
		}
	}
	f.judge(1, scan.StatusLive)
	f.judge(2, scan.StatusRevoked)
	before = f.all()
	w = f.post(partnerPath, body, headers...)
	f.want("again", w, http.StatusOK)
	if f.all() != before || len(f.questions) != 3 {
		t.Errorf("a replay has changed something: %d questions\n%s\n%s", len(f.questions), before, f.all())
	}
	for n, want := range map[int]int{1: 1, 2: 1, 3: 0} {
		if strings.Count(w.Body.String(), `{"token_hash":"`+hashOf(token(n))+`","token_type":"replicate_api_token","label":"true_positive"}`) != want {
			t.Errorf("token %d: %s", n, w.Body)
		}
	}
}

// TestPartnerWaits answers when Replicate has.
func TestPartnerWaits(t *testing.T) {
	f, g := partnerFleet(t)
	hurry(f, g.url, time.Hour)
	body := message(entry(token(1), "", ""))
	done := make(chan string)
	go func() { done <- f.post(partnerPath, body, g.signed("first", body)...).Body.String() }()
	for {
		if n := f.rows(`select count(*) from token`); n == "1" {
			break
		}
	}
	f.judge(1, scan.StatusLive)
	if got := <-done; !strings.Contains(got, `"true_positive"`) {
		t.Error(got)
	}
}

// TestPartnerBatch takes a batch as large as GitHub's. A slow machine does not write it in
// time: it comes again then, and what was written stays.
func TestPartnerBatch(t *testing.T) {
	if testing.Short() {
		t.Skip("it writes thousands of tokens")
	}
	f, g := partnerFleet(t)
	const n = 5000
	var entries []string
	for i := range n {
		entries = append(entries, entry(token(i), "https://github.com/acme/"+strings.Repeat("a", i%100), "content"))
	}
	body := message(entries...)
	begun := time.Now()
	answer := f.post(partnerPath, body, g.signed("first", body)...)
	for written := "0"; answer.Code == http.StatusServiceUnavailable; answer = f.post(partnerPath, body, g.signed("first", body)...) {
		now := f.rows(`select count(*) from told`)
		if now == written {
			t.Fatal("nothing more was written")
		}
		written = now
	}
	f.want("batch", answer, http.StatusOK)
	t.Logf("%d tokens in %s", n, time.Since(begun))
	asked := map[ledger.Question]bool{} // what was rolled back is there twice
	for _, q := range f.questions {
		asked[q] = true
	}
	if len(asked) != n || f.rows(`select count(*) from told`) != strconv.Itoa(n) {
		t.Errorf("%d questions, %s tokens", len(asked), f.rows(`select count(*) from told`))
	}
}

// TestPartnerAsksAgain asks about a token that the fleet knew and could not find, once.
func TestPartnerAsksAgain(t *testing.T) {
	f, g := partnerFleet(t)
	f.set(`insert into token(id, rule, mask, first_seen, open, due, generation, tries) values($1, 'replicate-api-token', $2, 1, 1, 1, 7, 3)`, secret(1).ID(), secret(1).Mask())
	body := message(entry(token(1), "", ""))
	for range 2 {
		f.want("message", f.post(partnerPath, body, g.signed("first", body)...), http.StatusOK)
	}
	if len(f.questions) != 1 || f.questions[0].Generation != 8 {
		t.Errorf("%v", f.questions)
	}
}

// TestPartnerForged refuses what GitHub has not signed.
func TestPartnerForged(t *testing.T) {
	f, g := partnerFleet(t)
	body := message(entry(token(1), "", ""))
	good := g.signed("first", body)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	forger := &gitHub{t: t, key: other}
	for name, headers := range map[string][]string{
		"nothing":           nil,
		"no signature":      good[:2],
		"no identifier":     good[2:],
		"no base64":         {good[0], good[1], good[2], "%%"},
		"no signature's":    {good[0], good[1], good[2], "AAAA"},
		"of another body":   g.signed("first", body+" "),
		"by another":        forger.signed("first", body),
		"a long identifier": {good[0], strings.Repeat("f", 300), good[2], good[3]},
	} {
		f.want(name, f.post(partnerPath, body, headers...), http.StatusUnauthorized)
	}
	if got := f.all(); got != "" {
		t.Errorf("it was recorded: %s", got)
	}
	f.want("signed", f.post(partnerPath, body, good...), http.StatusOK)
}

// TestPartnerKeys asks GitHub for keys once, once more for an unknown identifier, and at
// most once a minute, whatever comes.
func TestPartnerKeys(t *testing.T) {
	f, g := partnerFleet(t)
	p := hurry(f, g.url, 0)
	now := time.Now()
	p.keys.now = func() time.Time { return now }
	body := message()
	f.want("first", f.post(partnerPath, body, g.signed("first", body)...), http.StatusOK)
	for i := range 50 {
		f.want("flood", f.post(partnerPath, body, g.signed(fmt.Sprint("unknown", i), body)...), http.StatusServiceUnavailable)
		f.want("known", f.post(partnerPath, body, g.signed("first", body)...), http.StatusOK)
	}
	if n := g.asked.Load(); n != 1 {
		t.Errorf("a flood made %d requests", n)
	}
	now = now.Add(askEvery)
	f.want("unknown", f.post(partnerPath, body, g.signed("unknown", body)...), http.StatusUnauthorized)
	old := g.signed("first", body)
	g.key = g.renew("second")
	now = now.Add(askEvery)
	f.want("new key", f.post(partnerPath, body, g.signed("second", body)...), http.StatusOK)
	f.want("withdrawn", f.post(partnerPath, body, old...), http.StatusServiceUnavailable)
	if n := g.asked.Load(); n != 3 {
		t.Errorf("%d requests", n)
	}
	g.tell("third", "no key")
	now = now.Add(keysAge)
	f.want("an old key is better than none", f.post(partnerPath, body, g.signed("second", body)...), http.StatusOK)
	second := g.signed("second", body)
	g.key = g.renew("third")
	now = now.Add(askEvery)
	f.want("withdrawn for a day", f.post(partnerPath, body, second...), http.StatusUnauthorized)
}

// TestPartnerNoKeys asks for the message again if GitHub does not tell its keys.
func TestPartnerNoKeys(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	odd := &gitHub{t: t}
	odd.tell("first", publicPEM(t, &p384.PublicKey))
	for name, keys := range map[string]http.HandlerFunc{
		"500":           func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"no JSON":       func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"no end":        func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, forever{}) },
		"another curve": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, *odd.keys.Load()) },
		"a redirect":    func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(keys)
			defer s.Close()
			f, g := partnerFleet(t)
			hurry(f, s.URL, 0)
			w := f.post(partnerPath, "[]", g.signed("first", "[]")...)
			f.want(name, w, http.StatusServiceUnavailable)
			if w.Header().Get("Retry-After") == "" {
				t.Error("it does not say when")
			}
		})
	}
}

type forever struct{}

func (forever) Read(b []byte) (int, error) { return len(b), nil }

// TestPartnerBodies refuses bodies that are none, and long ones before they are in memory.
func TestPartnerBodies(t *testing.T) {
	f, g := partnerFleet(t)
	for _, body := range []string{"", "{}", "null", `"x"`, "[", "[1]", `[{"token":1}]`, "[] []", "[]x", "[{}", `[{"token":"x"},]`, strings.Repeat("[", 20000)} {
		f.want(body[:min(len(body), 20)], f.post(partnerPath, body, g.signed("first", body)...), http.StatusBadRequest)
	}
	many := message(strings.Repeat("{},", maxReports) + "{}")
	f.want("many", f.post(partnerPath, many, g.signed("first", many)...), http.StatusBadRequest)
	f.want("type", f.post(partnerPath, "[]", append(g.signed("first", "[]"), "Content-Type", "text/plain")...), http.StatusUnsupportedMediaType)
	f.want("gzip", f.post(partnerPath, "[]", append(g.signed("first", "[]"), "Content-Encoding", "gzip")...), http.StatusUnsupportedMediaType)

	long := &counter{left: 100 << 20}
	w := f.send(http.MethodPost, partnerPath, long, g.signed("first", "[]")...)
	f.want("100 MB", w, http.StatusRequestEntityTooLarge)
	if long.read > maxBody+64<<10 {
		t.Errorf("%d bytes were read", long.read)
	}
	f.want("half", f.send(http.MethodPost, partnerPath, broken{}, g.signed("first", "[]")...), http.StatusBadRequest)
	if w := f.post(partnerPath, "[]", g.signed("first", "[]")...); w.Code != http.StatusOK || w.Body.String() != "[]\n" { // no slot is lost
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestLongBody refuses a body that says how long it is without reading it.
func TestLongBody(t *testing.T) {
	f, g := partnerFleet(t)
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, partnerPath, &counter{left: 100 << 20})
	r.ContentLength = 100 << 20
	r.Header.Set("Content-Type", "application/json")
	headers := g.signed("first", "[]")
	r.Header.Set(headers[0], headers[1])
	r.Header.Set(headers[2], headers[3])
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	f.want("100 MB", w, http.StatusRequestEntityTooLarge)
	if n := r.Body.(interface{ count() int }); n != nil && n.count() != 0 {
		t.Errorf("%d bytes were read", n.count())
	}
}

// counter has bytes left, and counts those that are read.
type counter struct{ left, read int }

func (c *counter) Read(b []byte) (int, error) {
	n := min(len(b), c.left)
	c.left, c.read = c.left-n, c.read+n
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (c *counter) Close() error { return nil }
func (c *counter) count() int   { return c.read }

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("reset") }

// TestSlots takes no more long bodies at a time than there is memory for, and short ones
// meanwhile.
func TestSlots(t *testing.T) {
	f, g := partnerFleet(t)
	p := hurry(f, g.url, 0)
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
	long := "[" + strings.Repeat(" ", small) + "]"
	w := f.post(partnerPath, long, g.signed("first", long)...)
	f.want("full", w, http.StatusServiceUnavailable)
	if w.Header().Get("Retry-After") == "" {
		t.Error("it does not say when")
	}
	f.want("short", f.post(partnerPath, "[]", g.signed("first", "[]")...), http.StatusOK)
	<-p.slots
	for range 3 { // each gives its slot back
		f.want("long", f.post(partnerPath, long, g.signed("first", long)...), http.StatusOK)
	}
}

// TestSealNeeded: without a key to seal to, told tokens could not be asked about.
func TestSealNeeded(t *testing.T) {
	t.Setenv("SECRET", "x")
	for _, text := range []string{"serve: {github: {}}", "serve: {gitlab: {secret: env:SECRET}}"} {
		if _, err := New(parseConfig(t, text), nil, nil, nil, nil); err == nil || !strings.Contains(err.Error(), seal.PublicVariable) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := New(parseConfig(t, "serve: {webhook: {secret: env:SECRET}}"), nil, nil, nil, nil); err != nil {
		t.Error(err)
	}
}

// TestPanic answers one without saying where it was.
func TestPanic(t *testing.T) {
	f, _ := partnerFleet(t)
	p := hurry(f, "", 0)
	f.handler = p.guarded(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(token(1)) }))
	w := f.post("/", "")
	f.want("panic", w, http.StatusInternalServerError)
	if strings.Contains(w.Body.String()+f.log.String(), ".go") {
		t.Errorf("%s %s", w.Body, f.log.String())
	}
}

func FuzzPartner(f *testing.F) {
	f.Add([]byte(message(entry(token(1), "https://example.com", "Content"))))
	f.Add([]byte(`[{"token":"\u0000\ud800","type":null}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		reports, err := parsePartner(body)
		checkReports(t, reports, err)
	})
}

func checkReports(t *testing.T, reports []report, err error) {
	if err != nil && reports != nil || len(reports) > maxReports {
		t.Fatalf("%d reports, %v", len(reports), err)
	}
	for _, r := range reports {
		if len(r.where) > maxWhere || strings.ContainsFunc(r.where, func(c rune) bool { return c < ' ' }) || len(r.hash) != 64 {
			t.Errorf("%q %q", r.where, r.hash)
		}
		if r.rule != nil && r.secret.Reveal() == "" {
			t.Error("a rule without a token")
		}
	}
}

func FuzzKeys(f *testing.F) {
	f.Add([]byte(`{"public_keys":[{"key_identifier":"x","key":"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYAGMWO8XgCamYKMJS6jc/qgvSlAd\nAjPuDPRcXU22YxgBrz+zoN19MzuRyW87qEt9/AmtoNP5GrobzUvQSyJFVw==\n-----END PUBLIC KEY-----\n"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		keys, err := parseKeys(body)
		if (err == nil) != (len(keys) > 0) {
			t.Fatalf("%d keys, %v", len(keys), err)
		}
	})
}
