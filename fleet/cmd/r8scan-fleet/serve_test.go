package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"r8scan/fleet/seal"
	"r8scan/internal/git/gittest"
	"r8scan/rules"
)

// gitHub is one that signs what it tells, and counts who asks for its keys.
type gitHub struct {
	url string
	key *ecdsa.PrivateKey
}

func newGitHub(t *testing.T) *gitHub {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	s := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(out).Encode(map[string]any{"public_keys": []map[string]any{{"key_identifier": "one", "key": text, "is_current": true}}})
	}))
	t.Cleanup(s.Close)
	return &gitHub{s.URL, key}
}

// sign returns the headers of a message.
func (g *gitHub) sign(t *testing.T, body []byte) map[string]string {
	sum := sha256.Sum256(body)
	signature, err := ecdsa.SignASN1(rand.Reader, g.key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"Github-Public-Key-Identifier": "one", "Github-Public-Key-Signature": base64.StdEncoding.EncodeToString(signature)}
}

// served is a fleet's process that others tell things.
type served struct {
	*process
	w   *world
	log string // its file
	url string
}

// serve starts a process that serves what the text of a configuration says, with sealing.
func (w *world) serveWith(role, text string, more ...string) *served {
	w.t.Helper()
	dir := w.t.TempDir()
	key, file := filepath.Join(dir, "key"), filepath.Join(dir, "fleet.yaml")
	if code, _, errs := w.run("key", key); code != 0 {
		w.t.Fatal(errs)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	env := append([]string{seal.PublicVariable + "=" + key + ".pub", seal.PrivateVariable + "=" + key}, more...)
	s := &served{w: w, log: filepath.Join(dir, "log")}
	log, err := os.Create(s.log)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { log.Close() })
	s.process = w.startTo(log, programs.usual, env, w.work("--role", role, "--config", file)...)
	w.until(func() bool {
		for line := range strings.Lines(s.text()) {
			var said struct{ Msg, Address string }
			if json.Unmarshal([]byte(line), &said) == nil && said.Msg == "serving" {
				s.url = "http://" + said.Address
			}
		}
		return s.url != ""
	})
	return s
}

func (s *served) text() string {
	text, err := os.ReadFile(s.log)
	if err != nil {
		s.w.t.Fatal(err)
	}
	return string(text)
}

// post sends a message and returns the answer.
func (s *served) post(path string, body []byte, headers map[string]string) (int, string) {
	s.w.t.Helper()
	r, err := http.NewRequestWithContext(s.w.t.Context(), http.MethodPost, s.url+path, bytes.NewReader(body))
	if err != nil {
		s.w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.w.t.Fatalf("%v\n%s", err, s.text())
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.w.t.Fatal(err)
	}
	s.w.noToken(path, text)
	return resp.StatusCode, string(text)
}

// end ends the process as Ctrl-C does, and checks that no token came out.
func (s *served) end() {
	s.w.t.Helper()
	s.w.run("drain")
	select {
	case <-s.done:
	case <-time.After(time.Minute):
		s.w.t.Error("it does not end")
	}
	s.w.noToken("the log", []byte(s.text()))
	s.w.nothingPlain()
}

// TestTold: what GitHub tells of a token is asked about once, however often it comes, and
// GitHub learns what is real.
func TestTold(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		w := newWorld(t, 0, database)
		g := newGitHub(t)
		for i := range 3 {
			w.known = append(w.known, gittest.Token(i))
		}
		s := w.serveWith("serve,verify", "serve: {listen: '127.0.0.1:0', github: {keys: "+g.url+"}}")
		type entry map[string]string
		body, err := json.Marshal([]entry{
			{"token": w.known[0], "type": "replicate_api_token", "url": "https://github.com/acme/a/blob/x/.env", "source": "content"},
			{"token": w.known[1], "type": "replicate_api_token", "url": "", "source": "commit"},
			{"token": "r8_" + strings.Repeat("x", 37), "type": "replicate_api_token", "url": "", "source": "npm"},
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			code, text := s.post("/github/secret-scanning", body, g.sign(t, body))
			var said []struct {
				Hash  string `json:"token_hash"`
				Label string
			}
			if err := json.Unmarshal([]byte(text), &said); code != http.StatusOK || err != nil || len(said) != 3 {
				t.Fatalf("%d %s\n%s", code, text, s.text())
			}
			for i, token := range []string{w.known[0], w.known[1], "r8_" + strings.Repeat("x", 37)} {
				sum := sha256.Sum256([]byte(token))
				if want := []string{"true_positive", "true_positive", "false_positive"}[i]; said[i].Hash != hex.EncodeToString(sum[:]) || said[i].Label != want {
					t.Errorf("%d: %+v, want %s", i, said[i], want)
				}
			}
		}
		if code, text := s.post("/github/secret-scanning", append(body, '\n'), g.sign(t, body)); code != http.StatusUnauthorized {
			t.Errorf("forged: %d %s", code, text)
		}
		s.end()
		for i := range 2 {
			if n := w.asked[rules.NewSecret(w.known[i], 5).ID()]; n != 1 {
				t.Errorf("token %d was asked about %d times", i, n)
			}
		}
		if n := w.query(`select count(*) from told`); n != 2 {
			t.Errorf("%d places", n)
		}
		if _, out, _ := w.run("tokens"); !strings.Contains(out, " live of acme\n  https://github.com/acme/a/blob/x/.env (told by github)\n") {
			t.Errorf("tokens:\n%s", out)
		}
	})
}

// TestToldToRevoke: GitLab is not told that a token is disabled unless it is.
func TestToldToRevoke(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0, filepath.Join(t.TempDir(), "fleet.db"))
	w.known = append(w.known, gittest.Token(0), gittest.Token(1))
	s := w.serveWith("serve,verify", "serve: {listen: '127.0.0.1:0', gitlab: {secret: env:GITLAB}}", "GITLAB=hush")
	post := func(token string) int {
		code, _ := s.post("/gitlab/v1/revoke_tokens", fmt.Appendf(nil, `[{"type":"x","token":%q,"location":"https://gitlab.com/acme"}]`, token), map[string]string{"Authorization": "hush"})
		return code
	}
	if code := post(w.known[0]); code != http.StatusServiceUnavailable {
		t.Errorf("in a dry run: %d", code)
	}
	w.until(func() bool { return post(w.known[1]) == http.StatusNoContent }) // Replicate refuses it
	if code := post(w.known[0]); code != http.StatusServiceUnavailable {
		t.Errorf("live: %d", code)
	}
	s.end()
	if w.extra() != 0 {
		t.Errorf("%d questions too many", w.extra())
	}
}

// TestToldToDisable: GitLab gets its 204 when the operator's endpoint has acknowledged that
// the token is disabled, and not while that fails.
func TestToldToDisable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0, filepath.Join(t.TempDir(), "fleet.db"))
	w.known = append(w.known, gittest.Token(0))
	o := newOperator(w, true, true)
	failed := make(chan struct{})
	o.mu.Lock()
	o.answer = func(out http.ResponseWriter, path string) bool {
		if path != "/disable" {
			return false
		}
		select {
		case <-failed:
			return false
		default:
			out.WriteHeader(http.StatusInternalServerError)
			return true
		}
	}
	o.mu.Unlock()
	text, err := os.ReadFile(o.file)
	if err != nil {
		t.Fatal(err)
	}
	s := w.serveWith("serve,verify,act", string(text)+"serve: {listen: '127.0.0.1:0', gitlab: {secret: env:GITLAB}}\n", "GITLAB=hush")
	body := fmt.Appendf(nil, `[{"type":"x","token":%q,"location":"https://gitlab.com/acme"}]`, w.known[0])
	post := func() int {
		code, _ := s.post("/gitlab/v1/revoke_tokens", body, map[string]string{"Authorization": "hush"})
		return code
	}
	if code := post(); code != http.StatusServiceUnavailable {
		t.Errorf("while the endpoint fails: %d", code)
	}
	close(failed)
	w.until(func() bool { return post() == http.StatusNoContent })
	if n := w.query(`select count(*) from notice where channel = 'disable' and state = 'sent'`); n != 1 {
		t.Errorf("%d are disabled", n)
	}
	s.end()
	if disabled, _, _ := o.counted(); disabled != 1 || w.extra() != 0 {
		t.Errorf("%d keys, %d questions too many", disabled, w.extra())
	}
}

// TestToldOfPush: a push is visited at once, long before the next sweep.
func TestToldOfPush(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		w := newWorld(t, 2, database)
		w.run("add", "file:"+w.list())
		if code, _, errs := w.run(w.work("--until-idle")...); code != 0 {
			t.Fatalf("run: %d\n%s", code, errs)
		}
		s := w.serveWith("serve,scan", "serve: {listen: '127.0.0.1:0', webhook: {secret: env:HOOK}}", "HOOK=hush")
		for range 2 {
			s.push(fmt.Sprintf(`{"ref":"refs/heads/main","repository":{"clone_url":%q,"owner":{"login":"r0.git"}}}`, w.urls[0]))
			w.until(func() bool { return w.query(`select count(*) from repo where state = 'done' and commits = 2`) == 1 })
		}
		s.end()
		if n := w.query(`select count(*) from repo where commits > 2`) + w.query(`select count(*) from repo where state <> 'done'`); n != 0 {
			t.Error("a replay was visited again")
		}
	})
}

// push tells of a push, as GitHub does.
func (s *served) push(body string) {
	s.w.t.Helper()
	mac := hmac.New(sha256.New, []byte("hush"))
	mac.Write([]byte(body))
	headers := map[string]string{"X-GitHub-Event": "push", "X-Hub-Signature-256": "sha256=" + hex.EncodeToString(mac.Sum(nil))}
	if code, text := s.post("/github/webhook", []byte(body), headers); code != http.StatusNoContent {
		s.w.t.Fatalf("%d %s", code, text)
	}
}

// TestToldOfForcedPush: a token in a commit that a forced push has dropped is found and
// asked about, though no ref names the commit.
func TestToldOfForcedPush(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		w := newWorld(t, 2, database)
		secret := gittest.Token(50)
		gittest.New(t).Git("-C", filepath.Join(w.root, "r1.git"), "config", "uploadpack.allowAnySHA1InWant", "true")
		w.run("add", w.urls[1])
		if code, _, errs := w.run(w.work("--until-idle")...); code != 0 {
			t.Fatalf("run: %d\n%s", code, errs)
		}
		w.known = append(w.known, secret)
		commit := w.leak("r1.git", secret)
		s := w.serveWith("serve,scan,verify", "serve: {listen: '127.0.0.1:0', webhook: {secret: env:HOOK}}", "HOOK=hush", seal.PublicVariable+"=")
		s.push(fmt.Sprintf(`{"ref":"refs/heads/main","forced":true,"before":%q,"repository":{"clone_url":%q,"owner":{"login":"r1.git"}}}`, commit, w.urls[1]))
		w.until(func() bool { return w.query(`select count(*) from token where answers = 1`) == 1 })
		s.end()
		if n := w.asked[rules.NewSecret(secret, 5).ID()]; n != 1 || w.query(`select count(*) from finding where gone is null`) != 1 {
			t.Errorf("%d questions", n)
		}
	})
}

// TestPushToDisabled is the whole way of a leak: pushed, told, found, asked about, and
// disabled.
func TestPushToDisabled(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		w := newWorld(t, 2, database)
		w.run("add", w.urls[1])
		if code, _, errs := w.run(w.work("--until-idle")...); code != 0 {
			t.Fatalf("run: %d\n%s", code, errs)
		}
		w.known = append(w.known, gittest.Token(50))
		o := newOperator(w, true, true)
		text, err := os.ReadFile(o.file)
		if err != nil {
			t.Fatal(err)
		}
		s := w.serveWith("serve,scan,verify,act", string(text)+"serve: {listen: '127.0.0.1:0', webhook: {secret: env:HOOK}}\n", "HOOK=hush")
		leaked := w.leak("r1.git", gittest.Token(50))
		w.leakPushed("r1.git", leaked)
		begun := time.Now()
		s.push(fmt.Sprintf(`{"ref":"refs/heads/main","after":%q,"repository":{"clone_url":%q,"owner":{"login":"r1.git"}}}`, leaked, w.urls[1]))
		w.until(func() bool {
			return w.query(`select count(*) from notice where channel = 'disable' and state = 'sent'`) == 1
		})
		t.Logf("disabled %s after the push", time.Since(begun).Round(10*time.Millisecond))
		s.end()
		if disabled, _, most := o.counted(); disabled != 1 || most != 1 {
			t.Errorf("%d keys, %d requests about one", disabled, most)
		}
	})
}

// leak adds a commit with a token to a repository. No ref names it. It returns its id.
func (w *world) leak(name, secret string) string {
	r, dir := gittest.New(w.t), filepath.Join(w.root, name)
	blob := strings.TrimSpace(r.GitInput("key="+secret+"\n", "-C", dir, "hash-object", "-w", "--stdin"))
	tree := strings.TrimSpace(r.GitInput("100644 blob "+blob+"\tapp.env\n", "-C", dir, "mktree"))
	return strings.TrimSpace(r.Git("-C", dir, "commit-tree", "-m", "a leak", "-p", "refs/heads/main", tree))
}

// leakPushed lets the main branch of a repository name a commit.
func (w *world) leakPushed(name, commit string) {
	gittest.New(w.t).Git("-C", filepath.Join(w.root, name), "update-ref", "refs/heads/main", commit)
}

// TestServeRefuses says what is missing before it serves anything.
func TestServeRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0, filepath.Join(t.TempDir(), "fleet.db"))
	file := filepath.Join(t.TempDir(), "fleet.yaml")
	if err := os.WriteFile(file, []byte("serve: {listen: '127.0.0.1:0', github: {}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--role", "serve"}, "--config"},
		{[]string{"--role", "act"}, "--config"},
		{[]string{"--role", "serve", "--config", file}, seal.PublicVariable},
		{[]string{"--role", "serve", "--config", file, "--until-idle"}, "--until-idle"},
		{[]string{"--role", "serve", "--config", file + "x"}, "fleet.yamlx"},
	} {
		if code, _, errs := w.run(w.work(c.args...)...); code != exitUsage || !strings.Contains(errs, c.want) {
			t.Errorf("%v: %d %s", c.args, code, errs)
		}
	}
}

// TestServePage: a process that serves nothing but the page, and takes no jobs, shows it and
// ends when it is told to.
func TestServePage(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		w := newWorld(t, 1, database)
		s := w.serveWith("serve", "serve: {listen: '127.0.0.1:0', page: {token: env:PAGE}}", "PAGE="+strings.Repeat("open sesame ", 3))
		resp, err := http.Get(s.url)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if text, _ := io.ReadAll(resp.Body); !strings.Contains(string(text), "<form") || resp.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s\n%s", resp.Status, text)
		}
		s.end()
		if code := s.ProcessState.ExitCode(); code != 0 {
			t.Errorf("it ended with %d\n%s", code, s.text())
		}
	})
}
