package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"r8scan/internal/ask"
	"r8scan/report"
	"r8scan/rules"
)

// cogToken returns a token of cog login for a seed.
func cogToken(seed uint64) string { return hex.EncodeToString([]byte(seededToken(seed)))[8:48] }

// dockerConfig returns a Docker configuration with a token of cog login.
func dockerConfig(token string) string {
	return `{"auths": {"r8.im": {"auth": "` + base64.StdEncoding.EncodeToString([]byte("ada:"+token)) + `"}}}` + "\n"
}

var liveUser = fakeAnswer{200, `{"username":"ada"}`}

// TestVerifyCog tests tokens of cog login: each goes to the registry's path only.
func TestVerifyCog(t *testing.T) {
	good, page, gone, api := cogToken(1), cogToken(2), cogToken(3), seededToken(4)
	fake := newFakeAPI(t, map[string]fakeAnswer{good: liveUser, page: {403, "<html>no</html>"}, api: liveAnswer})
	for _, c := range []struct {
		name, input string
		code        int
		want        []string
	}{
		{"live", good, exitLive, []string{"verdict   live", "account   user ada", "push and pull your models", "format    ok", "HTTP 200 in "}},
		{"its variable", "COG_TOKEN=" + good, exitLive, []string{"verdict   live", "name of a variable before it", "more than the token"}},
		{"from Docker", base64.StdEncoding.EncodeToString([]byte("ada:" + good)), exitLive, []string{"verdict   live", "auth of a Docker configuration"}},
		{"revoked", gone, exitNotLive, []string{"verdict   revoked", "knows no user with this token (HTTP 404)", "cog login"}},
		{"a page", page, exitUnknown, []string{"verdict   unknown", "firewall or proxy"}},
		{"an API token", api, exitNotLive, []string{"verdict   malformed", "test it without --cog", "was not sent"}},
		{"another provider's", "hf_" + good, exitNotLive, []string{"provider  Hugging Face", "verdict   malformed"}},
		{"a whole configuration of Docker", strings.ReplaceAll(dockerConfig(good), " ", ""), exitNotLive, []string{"verdict   malformed", "it is JSON", "was not sent"}},
		{"cut", "f3Zt8Qw1LpXc", exitNotLive, []string{"has 12 characters", "verdict   malformed"}},
		{"live and unknown", good + "\n" + page, exitUnknown, []string{"verdict   live", "verdict   unknown"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, errs := runCommand(t, c.input, "verify", "--cog")
			if code != c.code {
				t.Errorf("exit %d, want %d: %s", code, c.code, errs)
			}
			wantAll(t, out, c.want...)
			assertNoToken(t, out+errs, good, page, gone, api)
			code, out, errs = runCommand(t, c.input, "verify", "--cog", "-f", "json")
			var doc ask.TokensDocument
			if err := json.Unmarshal([]byte(out), &doc); err != nil || code != c.code || doc.Rule != rules.CogToken.ID {
				t.Errorf("json: exit %d, %v, %s: %s", code, err, doc.Rule, errs)
			}
			assertNoToken(t, out+errs, good, page, gone, api)
		})
	}
	for _, token := range []string{good, page, gone, api} {
		if fake.requests(token) != 0 || fake.requestsOf("/cog/v1/verify-token", api) != 0 {
			t.Error("a token went to the other's path")
		}
	}
	t.Setenv("COG_TOKEN", good)
	if code, out, errs := runCommand(t, "", "verify", "--cog", "--from", "env"); code != exitLive {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	if code, _, errs := runCommand(t, "", "verify", "--cog", "--page"); code != exitUsage || !strings.Contains(errs, "--page tests API tokens only") {
		t.Errorf("exit %d: %s", code, errs)
	}
	t.Setenv("COG_TOKEN", "")
	if code, _, errs := runCommand(t, "", "verify", "--cog"); code != exitUsage || !strings.Contains(errs, "set COG_TOKEN") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// TestScanAsksAboutBoth makes sure that a scan and a recheck ask about both kinds of
// tokens, each in its way, and say what is known.
func TestScanAsksAboutBoth(t *testing.T) {
	_, dir := sickbed(t)
	good, gone, token := cogToken(1), cogToken(2), seededToken(3)
	writeFile(t, filepath.Join(dir, "config.json"), dockerConfig(good), 0o600)
	writeFile(t, filepath.Join(dir, "ci.env"), "COG_TOKEN="+gone+"\n", 0o600)
	writeFile(t, filepath.Join(dir, "app.py"), token, 0o600)
	newFakeAPI(t, map[string]fakeAnswer{good: liveUser, token: liveAnswer})
	code, out, errs := runCommand(t, "", "files", "--verify")
	if code != exitFound || !strings.Contains(errs, "2 live, 1 revoked, 0 unknown; tokens were sent to no other host") {
		t.Errorf("exit %d: %s", code, errs)
	}
	wantAll(t, out, "Live, not in git", "user ada (Ada L.)", "cog login token, user ada", "Revoked: nothing to disable (1 token)")
	assertNoToken(t, out+errs, good, gone, token)

	saved := filepath.Join(t.TempDir(), "leak.json")
	if code, _, errs := runCommand(t, "", "files", "--verify", "-o", saved); code != exitFound {
		t.Fatalf("exit %d: %s", code, errs)
	}
	newFakeAPI(t, map[string]fakeAnswer{good: liveUser})
	code, out, errs = runCommand(t, "", "recheck", saved)
	if code != exitFound || !strings.Contains(errs, "1 live, 2 revoked, 0 unknown") {
		t.Errorf("exit %d: %s", code, errs)
	}
	wantAll(t, out, "and still is: "+rules.CogToken.Remedy.Short+" (user ada), then recheck")
	assertNoToken(t, out+errs, good, gone, token)
	newFakeAPI(t, nil)
	if code, out, errs := runCommand(t, "", "recheck", saved); code != exitClean {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
}

// TestCogTokenAtAPI makes sure that a server of the API alone, which answers 404
// elsewhere, gets no token of cog login and makes none revoked.
func TestCogTokenAtAPI(t *testing.T) {
	good, token := cogToken(1), seededToken(2)
	api := newFakeAPI(t, map[string]fakeAnswer{token: liveAnswer})
	sent := 0
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/account" {
			if r.FormValue("token") != "" {
				sent++
			}
			http.NotFound(w, r)
			return
		}
		api.Config.Handler.ServeHTTP(w, r)
	}))
	t.Cleanup(gateway.Close)
	code, out, errs := runCommand(t, dockerConfig(good)+token, "files", "-", "--verify", "-f", "json", "--api-url", gateway.URL)
	doc, err := report.Read(strings.NewReader(out))
	if err != nil || code != exitFound || !strings.Contains(errs, "1 live, 0 revoked, 1 unknown") || sent != 0 {
		t.Fatalf("exit %d, %d sent, %v: %s", code, sent, err, errs)
	}
	for _, f := range doc.Findings {
		if f.Rule == rules.CogToken.ID && !strings.Contains(f.Verification.Reason, "not known to be Replicate's registry") {
			t.Errorf("%+v", f.Verification)
		}
	}
	for _, args := range [][]string{{"verify"}, {"files", "-", "--verify"}} {
		if code, _, errs := runCommand(t, token, append(args, "--api-url", "https://r8.im")...); code != exitUsage || !strings.Contains(errs, "r8.im is Replicate's registry") {
			t.Errorf("%v: exit %d: %s", args, code, errs)
		}
	}
}
