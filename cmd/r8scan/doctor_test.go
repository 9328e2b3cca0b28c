package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"r8scan/internal/ask"
	"r8scan/internal/doctor"
)

// sickbed returns an empty home and an empty folder in it, and removes Replicate's
// variables from the environment.
func sickbed(t *testing.T) (home, dir string) {
	t.Helper()
	home, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(home, "work", "app")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		if strings.Contains(strings.ToUpper(name), "REPLICATE") {
			t.Setenv(name, value) // so that it comes back
			_ = os.Unsetenv(name)
		}
	}
	for name, value := range map[string]string{
		"HOME": home, "USERPROFILE": home, "XDG_CACHE_HOME": "", "VIRTUAL_ENV": "", "DOCKER_CONFIG": "", "HTTPS_PROXY": "", "https_proxy": "", "GIT_CONFIG_GLOBAL": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	t.Setenv(ask.TokenVariable, "") // so that it comes back
	if err := os.Unsetenv(ask.TokenVariable); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	return home, dir
}

func writeFile(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// diagnose runs doctor offline and returns its text.
func diagnose(t *testing.T, tokens []string, args ...string) (int, string) {
	t.Helper()
	code, out, errs := runCommand(t, "", append([]string{"doctor", "--offline"}, args...)...)
	if code == exitUsage || errs != "" {
		t.Fatalf("exit %d: %s", code, errs)
	}
	assertNoToken(t, out+errs, tokens...)
	return code, out
}

// readChecks reads what doctor -f json writes.
func readChecks(t *testing.T, out []byte) doctor.Checks {
	t.Helper()
	var doc struct{ Checks doctor.Checks }
	if err := json.Unmarshal(out, &doc); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return doc.Checks
}

// wantAll looks for texts, wherever their lines are broken.
func wantAll(t *testing.T, text string, wants ...string) {
	t.Helper()
	flat := strings.Join(strings.Fields(text), " ")
	for _, want := range wants {
		if !strings.Contains(text, want) && !strings.Contains(flat, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}

func TestDoctorVariable(t *testing.T) {
	sickbed(t)
	token := seededToken(1)
	if code, out := diagnose(t, nil); code != exitFound || !strings.Contains(out, "error    REPLICATE_API_TOKEN: is not set") {
		t.Errorf("exit %d: %s", code, out)
	}
	for value, c := range map[string]struct {
		code int
		want string
	}{
		"":                      {exitFound, "is set, but empty A client"},
		"your_valid_token_here": {exitFound, "it looks like a placeholder"},
		"<a token>":             {exitFound, "it looks like a placeholder"},
		"r8_...":                {exitFound, "it looks like a placeholder"},
		"${TOKEN}":              {exitFound, "it is the name of a variable"},
		" \t":                   {exitFound, "is set, but empty: only white space"},
		token:                   {exitClean, "ok       REPLICATE_API_TOKEN: has the form of a token: " + token[:5] + "***"},
		token + "\n":            {exitFound, "there is a line break around it"},
		`"` + token + `"`:       {exitFound, "there are quotes around it"},
		"Bearer " + token:       {exitFound, `there is "Bearer" before it`},
		token[:30]:              {exitFound, "30 characters instead of 40"},
		"sk-" + token[3:]:       {exitFound, "a key of OpenAI"},
		"r8_" + "\x1b[31mevil":  {exitFound, "a part is missing"},
	} {
		t.Setenv(ask.TokenVariable, value)
		code, out := diagnose(t, []string{token})
		if code != c.code || strings.Contains(out, "\x1b") {
			t.Errorf("want %q: exit %d", c.want, code)
		}
		wantAll(t, out, c.want)
	}
}

func TestDoctorNames(t *testing.T) {
	sickbed(t)
	token := seededToken(1)
	t.Setenv(ask.TokenVariable, token)
	t.Setenv("REPLICATE_API_KEY", token)
	_, out := diagnose(t, []string{token})
	wantAll(t, out, "ok       environment: REPLICATE_API_KEY has the same value as REPLICATE_API_TOKEN")
	t.Setenv("REPLICATE_API_KEY", seededToken(2))
	code, out := diagnose(t, []string{token, seededToken(2)})
	if code != exitClean {
		t.Errorf("a warning made exit %d", code)
	}
	wantAll(t, out, "warning  environment: REPLICATE_API_KEY is set", `fix: export REPLICATE_API_TOKEN="$REPLICATE_API_KEY"`)
	t.Setenv("NEXT_PUBLIC_REPLICATE_API_TOKEN", token)
	t.Setenv("VITE_SECRET", token) // by its value
	code, out = diagnose(t, []string{token})
	if code != exitFound {
		t.Errorf("exit %d", code)
	}
	wantAll(t, out, "error    environment: NEXT_PUBLIC_REPLICATE_API_TOKEN is set", "error    environment: VITE_SECRET is set", "the code that browsers load")
}

func TestDoctorDotenv(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git to make a repository with")
	}
	home, dir := sickbed(t)
	token, other := seededToken(1), seededToken(2)
	tokens := []string{token, other}
	writeFile(t, filepath.Join(home, ".env"), ask.TokenVariable+"="+other, 0o600) // beyond the repository
	writeFile(t, filepath.Join(dir, ".env"), "# x\nA=b\nexport "+ask.TokenVariable+`="`+token+"\" \n", 0o600)
	writeFile(t, filepath.Join(dir, ".env.example"), ask.TokenVariable+"=your-token-here\n", 0o600)
	writeFile(t, filepath.Join(dir, "..", ".env.local"), ask.TokenVariable+"='"+other+" '\nVITE_REPLICATE_API_KEY="+other+"\n", 0o600)
	writeFile(t, filepath.Join(dir, "..", ".env.other"), "REPLICATE_TOKEN=x\n", 0o600)
	git := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("git", append([]string{"-C", filepath.Dir(dir)}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	git("init", "-q")
	_, out := diagnose(t, tokens)
	wantAll(t, out, "warning  .env: sets REPLICATE_API_TOKEN, but the environment does not", "python-dotenv", `fix: export REPLICATE_API_TOKEN="$(sed -n`, "warning  .env: holds a token, and git does not ignore it")
	t.Setenv(ask.TokenVariable, token)
	git("add", "-f", "app/.env")
	writeFile(t, filepath.Join(dir, "..", ".gitignore"), ".env.local\n", 0o600)
	_, out = diagnose(t, tokens)
	up := filepath.Join("..", ".env.local")
	wantAll(t, out, "ok       .env: sets REPLICATE_API_TOKEN as the environment does", "error    .env: holds a token, and git tracks it", "git rm --cached .env",
		"error    "+up+": REPLICATE_API_TOKEN: there is a space around it", "warning  "+up+": sets REPLICATE_API_TOKEN to another token",
		"warning  "+filepath.Join("..", ".env.other")+": REPLICATE_TOKEN is set", "error    "+up+": VITE_REPLICATE_API_KEY is set", "ok       "+up+": holds a token, and git ignores it")
	if strings.Contains(out, ".env.example") || strings.Count(out, ".env: ") != 2 {
		t.Errorf("files that do not concern this folder were checked:\n%s", out)
	}
}

// TestDoctorHostileNames makes sure that a file's name cannot control the terminal, or
// a command that the user copies.
func TestDoctorHostileNames(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("this system does not allow such names")
	}
	_, dir := sickbed(t)
	token := seededToken(1)
	writeFile(t, filepath.Join(dir, ".env\x1b[2J;id"), ask.TokenVariable+"="+token, 0o600)
	writeFile(t, filepath.Join(dir, ".env'$(id)"), ask.TokenVariable+"="+token, 0o600)
	writeFile(t, filepath.Join(dir, ".env."+token), ask.TokenVariable+"="+token, 0o600)
	if err := exec.Command("mkfifo", filepath.Join(dir, ".env.pipe")).Run(); err != nil {
		t.Log("no named pipe to test with:", err)
	}
	_, out := diagnose(t, []string{token})
	wantAll(t, out, `<'.env'\''$(id)' |`, `<'.env\x1b[2J;id' |`)
	if strings.Contains(out, "\x1b") {
		t.Error("an escape sequence reached the output")
	}
}

func TestDoctorTools(t *testing.T) {
	home, dir := sickbed(t)
	token, other := seededToken(1), seededToken(2)
	tokens := []string{token, other}
	t.Setenv(ask.TokenVariable, token)
	hosts := filepath.Join(home, ".config", "replicate", "hosts")
	writeFile(t, hosts, "api.replicate.com:\n    token: "+token+"\n", 0o644)
	docker := filepath.Join(home, ".docker", "config.json")
	writeFile(t, docker, `{"auths":{"r8.im":{"auth":"`+base64.StdEncoding.EncodeToString([]byte("ada:"+token))+`"}}}`, 0o600)
	writeFile(t, filepath.Join(dir, ".venv/lib/python3.12/site-packages/replicate-0.25.1.dist-info/METADATA"), "", 0o600)
	t.Setenv("VIRTUAL_ENV", filepath.Join(dir, ".venv"))
	writeFile(t, filepath.Join(dir, "node_modules/replicate/package.json"), `{"version":"1.2.0"}`, 0o600)
	_, out := diagnose(t, tokens)
	wantAll(t, out, "holds an API token for r8.im", "warning  Python client: version 0.25.1", "pip install --upgrade replicate", "ok       Node client: version 1.2.0")
	if runtime.GOOS != "windows" {
		wantAll(t, out, "others on this machine can read it (mode 0644)", "chmod 600 ")
	}
	if strings.Count(out, "Python client") != 1 {
		t.Errorf("one client is shown twice:\n%s", out)
	}
	writeFile(t, hosts, "token: "+other, 0o600)
	writeFile(t, docker, `{"auths":{"r8.im":{"auth":"YTpi"}}}`, 0o600)
	writeFile(t, filepath.Join(dir, "node_modules/replicate/package.json"), `broken`, 0o600)
	_, out = diagnose(t, tokens)
	wantAll(t, out, "holds another token than REPLICATE_API_TOKEN", "has an entry for r8.im, for cog", "its version cannot be read")
	writeFile(t, hosts, "", 0o600)
	writeFile(t, docker, `{`, 0o600)
	_, out = diagnose(t, tokens)
	wantAll(t, out, "holds no token", "is not valid JSON")
}

func TestDoctorProxy(t *testing.T) {
	sickbed(t)
	t.Setenv("HTTPS_PROXY", "http://me:proxypassword@proxy.example:3128")
	_, out := diagnose(t, nil)
	wantAll(t, out, "through the proxy at proxy.example:3128")
	if strings.Contains(out, "proxypassword") {
		t.Error("the proxy's password is shown")
	}
	t.Setenv("HTTPS_PROXY", "http://")
	_, out = diagnose(t, nil)
	wantAll(t, out, "error    HTTPS_PROXY: is set, but is not the address of a proxy")
}

func TestDoctorAPI(t *testing.T) {
	sickbed(t)
	good, gone := seededToken(1), seededToken(2)
	api := newFakeAPI(t, map[string]fakeAnswer{good: liveAnswer})
	t.Setenv(ask.TokenVariable, good)
	code, out, errs := runCommand(t, "", "doctor")
	wantAll(t, out, "can be reached, and refuses a fake token", "clock: agrees")
	if code != exitClean || api.requests(good) != 0 {
		t.Errorf("exit %d, %d requests with the token that nobody asked to send: %s", code, api.requests(good), errs)
	}
	code, out, _ = runCommand(t, "", "doctor", "--verify")
	wantAll(t, out, "ok       REPLICATE_API_TOKEN: the token is live, of the user ada")
	if code != exitClean || api.requests(good) != 1 {
		t.Errorf("exit %d, %d requests", code, api.requests(good))
	}
	t.Setenv(ask.TokenVariable, gone)
	code, out, _ = runCommand(t, "", "doctor", "--verify", "-f", "json")
	if checks := readChecks(t, []byte(out)); code != exitFound || len(checks) < 5 {
		t.Errorf("exit %d: %s", code, out)
	}
	wantAll(t, out, "the token is revoked")
	assertNoToken(t, out, good, gone)

	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
		_, _ = w.Write([]byte(liveAnswer.body))
	}))
	t.Cleanup(s.Close)
	code, out, _ = runCommand(t, "", "doctor", "--verify", "--api-url", s.URL)
	wantAll(t, out, "accepts a fake token", "warning  clock: is 1h0m", "warning  REPLICATE_API_TOKEN: no clear answer about the token")
	if code != exitFound {
		t.Errorf("exit %d", code)
	}
}

func TestDoctorUsage(t *testing.T) {
	sickbed(t)
	for want, args := range map[string][]string{
		"leave one out": {"--verify", "--offline"}, "text or json": {"-f", "xml"}, "takes no arguments": {"x"}, "plain http": {"--api-url", "http://example.com"},
	} {
		if code, out, errs := runCommand(t, "", append([]string{"doctor"}, args...)...); code != exitUsage || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%v: exit %d: %s%s", args, code, out, errs)
		}
	}
}
