package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"r8scan/internal/ask"
)

const secretSchema = `{"type":"string","format":"password","writeOnly":true,"x-cog-secret":true}`

// newModelAPI adds models to newFakeAPI, by their paths below /v1/models/.
func newModelAPI(t *testing.T, token string, models map[string]fakeAnswer) *fakeAPI {
	t.Helper()
	api := newFakeAPI(t, map[string]fakeAnswer{token: liveAnswer})
	account := api.Config.Handler
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, isModel := strings.CutPrefix(r.URL.Path, "/v1/models/")
		if !isModel || r.Header.Get("Authorization") != "Bearer "+token {
			account.ServeHTTP(w, r)
			return
		}
		a, ok := models[path]
		if !ok {
			a = fakeAnswer{404, `{"title":"Not found","detail":"The requested resource could not be found.","status":404}`}
		}
		w.WriteHeader(a.code)
		fmt.Fprint(w, a.body)
	}))
	t.Cleanup(front.Close)
	t.Setenv(ask.URLVariable, front.URL)
	return api
}

// modelOf returns what the API answers about a model with these inputs.
func modelOf(inputs string) fakeAnswer {
	return fakeAnswer{200, `{"owner":"ada","name":"m","latest_version":{"id":"abc","openapi_schema":{"components":{"schemas":{"Input":` + inputs + `}}}}}`}
}

// TestDoctorModel makes sure that doctor says which inputs of a model are secret,
// whether the environment has them, and why it cannot.
func TestDoctorModel(t *testing.T) {
	sickbed(t)
	token := seededToken(1)
	newModelAPI(t, token, map[string]fakeAnswer{
		"ada/m":             modelOf(`{"required":["api_key","wandb_api_key"],"properties":{"prompt":{"type":"string"},"api_key":` + secretSchema + `,"hf_token":` + secretSchema + `,"wandb_api_key":` + secretSchema + `,"db_password":{"type":"string"}}}`),
		"ada/plain":         modelOf(`{"properties":{"prompt":{"type":"string"}}}`),
		"ada/m/versions/v1": {200, `{"id":"v1","openapi_schema":{"components":{"schemas":{"Input":{"properties":{"old_token":{"type":"string"}}}}}}}`},
		"ada/new":           {200, `{"owner":"ada","name":"new","latest_version":null}`},
		"ada/bare":          {200, `{"owner":"ada","name":"bare","latest_version":{"id":"x"}}`},
		"ada/other":         {200, `{"latest_version":{"openapi_schema":{"components":{}}}}`},
		"ada/page":          {200, "<html>Sign in</html>"},
		"ada/hidden":        {403, `{"detail":"You do not have permission to perform this action."}`},
		"ada/refused":       {401, `{"title":"Unauthenticated","detail":"You did not pass a valid authentication token","status":401}`},
		"ada/down":          {503, ""},
		"ada/evil":          modelOf(`{"properties":{"x\u001b[31m` + token + `_key":{"type":"string"}}}`),
	})
	t.Setenv(ask.TokenVariable, token)
	t.Setenv("MODEL_API_KEY", "")
	t.Setenv("API_KEY", "")
	t.Setenv("HF_TOKEN", "hf")
	t.Setenv("WANDB_API_KEY", "")
	_ = os.Unsetenv("MODEL_API_KEY")
	_ = os.Unsetenv("API_KEY")
	for _, c := range []struct {
		model string
		code  int
		want  []string
	}{
		{"ada/m", exitClean, []string{
			"warning  model ada/m: the input api_key is secret and required, and MODEL_API_KEY is not set", `fix: export MODEL_API_KEY=<the secret>; and in Python pass "api_key": os.environ["MODEL_API_KEY"]`,
			"ok       model ada/m: the input hf_token is secret, and HF_TOKEN is set",
			"warning  model ada/m: the input wandb_api_key is secret, and WANDB_API_KEY is set, but empty",
			"warning  model ada/m: the input db_password looks secret, and is not declared so",
			"errors: 0, warnings: 3, ok: 2",
		}},
		{"ada/m:v1", exitClean, []string{"model ada/m:v1: the input old_token looks secret"}},
		{"ada/plain", exitClean, []string{"ok       model ada/plain: has no secret input, and none that looks secret"}},
		{"ada/new", exitClean, []string{"warning  model ada/new: its inputs are not known: it has no version"}},
		{"ada/bare", exitClean, []string{"its inputs are not known: the answer has no schema"}},
		{"ada/other", exitClean, []string{"its inputs are not known: its schema has another form"}},
		{"ada/page", exitFound, []string{"error    model ada/page: no answer about it: HTTP 200 without JSON"}},
		{"ada/hidden", exitFound, []string{"may not see it (HTTP 403)"}},
		{"ada/missing", exitFound, []string{"there is no such model or version, or it is private"}},
		{"ada/m:v2", exitFound, []string{"there is no such model or version"}},
		{"ada/refused", exitFound, []string{"error    REPLICATE_API_TOKEN: the token is refused", "it was disabled, or never existed"}},
		{"ada/down", exitFound, []string{"HTTP 503: the server has a problem"}},
		{"ada/evil", exitClean, []string{"looks secret, and is not declared so"}},
	} {
		code, out, errs := runCommand(t, "", "doctor", "--model", c.model)
		if code != c.code || errs != "" || strings.Contains(out, "\x1b") {
			t.Errorf("%s: exit %d: %s%s", c.model, code, out, errs)
		}
		wantAll(t, out, c.want...)
		assertNoToken(t, out+errs, token)
		_, out, _ = runCommand(t, "", "doctor", "--model", c.model, "-f", "json")
		if checks := readChecks(t, []byte(out)); len(checks) == 0 {
			t.Errorf("%s: no checks in %s", c.model, out)
		}
		assertNoToken(t, out, token)
	}
	t.Setenv("API_KEY", "x")
	_, out, _ := runCommand(t, "", "doctor", "--model", "ada/m")
	wantAll(t, out, "the input api_key is secret, and API_KEY is set")
}

// TestDoctorModelRefuses makes sure that the token goes nowhere without a name that can
// be one, without a token, and to no server that accepts everything.
func TestDoctorModelRefuses(t *testing.T) {
	sickbed(t)
	token := seededToken(1)
	newModelAPI(t, token, nil)
	t.Setenv(ask.TokenVariable, token)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--model", "m"}, "write a model as OWNER/NAME"},
		{[]string{"--model", ""}, "write a model as OWNER/NAME"},
		{[]string{"--model", "ada/../account"}, "write a model as"},
		{[]string{"--model", token}, "write a model as"},
		{[]string{"--model", "ada/m", "--offline"}, "leave out --verify, --offline and --machine"},
		{[]string{"--model", "ada/m", "--verify"}, "leave out --verify, --offline and --machine"},
		{[]string{"--model", "ada/m", "--machine"}, "leave out --verify, --offline and --machine"},
		{[]string{"--model", "ada/m", "--api-url", "http://example.com"}, "plain http"},
		{[]string{"--model", "ada/m", "--api-url", "https://r8.im"}, "registry"},
	} {
		code, out, errs := runCommand(t, "", append([]string{"doctor"}, c.args...)...)
		if code != exitUsage || out != "" || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%q: exit %d: %s%s", c.args, code, out, errs)
		}
		assertNoToken(t, out+errs, token)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Authorization"), token) {
			t.Error("a server that accepts everything got the token")
		}
		fmt.Fprint(w, liveAnswer.body)
	}))
	t.Cleanup(s.Close)
	code, out, _ := runCommand(t, "", "doctor", "--model", "ada/m", "--api-url", s.URL)
	if code != exitFound || !strings.Contains(out, "accepts a fake token") {
		t.Errorf("exit %d: %s", code, out)
	}
	for _, value := range []string{"", token[:20], "r8_" + strings.Repeat("x", 37)} {
		t.Setenv(ask.TokenVariable, value)
		code, out, errs := runCommand(t, "", "doctor", "--model", "ada/m")
		if code != exitFound || !strings.Contains(out, "there is no token to ask with") {
			t.Errorf("exit %d: %s%s", code, out, errs)
		}
	}
}

// TestDoctorCogProject makes sure that plain doctor warns of secrets that a project
// types str, with the lines to write, and that these are right when they are followed.
func TestDoctorCogProject(t *testing.T) {
	_, dir := sickbed(t)
	writeFile(t, filepath.Join(dir, "cog.yaml"), "build:\n  gpu: true\npredict: \"predict.py:Predictor\"\ntrain: \"train.py:train\"\n", 0o644)
	program := `from cog import BasePredictor, Input

class Predictor(BasePredictor):
    def predict(
        self,
        prompt: str = Input(description="what to draw"),
        hf_token: str = Input(description="of Hugging Face, (read)", default=None),  # optional
        style_key: str = Input(choices=["C", "D"]),
    ) -> str:
        return prompt
`
	writeFile(t, filepath.Join(dir, "predict.py"), program, 0o644)
	writeFile(t, filepath.Join(dir, "train.py"), "import cog\ndef train(data: cog.Path, wandb_api_key: cog.Secret): pass\n", 0o644)
	code, out := diagnose(t, nil)
	wantAll(t, out, "warning  predict.py:7: the input hf_token looks secret, and is typed str",
		`fix: write hf_token: Secret = Input(description="of Hugging Face, (read)", default=None); and from cog import BasePredictor, Input, Secret; read it with hf_token.get_secret_value()`,
		"ok       train.py: the secret inputs of train are typed Secret: wandb_api_key")
	if code != exitFound || strings.Contains(out, "style_key") { // REPLICATE_API_TOKEN is not set
		t.Errorf("exit %d: %s", code, out)
	}
	fixed := strings.Replace(program, "hf_token: str", "hf_token: Secret", 1)
	fixed = strings.Replace(fixed, "import BasePredictor, Input", "import BasePredictor, Input, Secret", 1)
	writeFile(t, filepath.Join(dir, "predict.py"), fixed, 0o644)
	_, out = diagnose(t, nil)
	wantAll(t, out, "ok       predict.py: the secret inputs of Predictor are typed Secret: hf_token")
	writeFile(t, filepath.Join(dir, "predict.py"), strings.Replace(program, "default=None", `default="hf_secret"`, 1), 0o644)
	_, out = diagnose(t, nil)
	wantAll(t, out, "warning  predict.py:7: the input hf_token takes a secret, and has a default", "with default=None or none")
	if strings.Contains(out, "hf_secret") {
		t.Errorf("it shows a secret: %s", out)
	}
}

// TestDoctorCogProjectErrors makes sure that what cannot be read is one clear line, and
// that nothing outside of the folder is read.
func TestDoctorCogProjectErrors(t *testing.T) {
	home, dir := sickbed(t)
	outside := filepath.Join(home, "predict.py")
	writeFile(t, outside, "def predict(hf_token: str): pass\n", 0o644)
	for _, c := range []struct{ config, program, want string }{
		{"predict: [", "", "warning  cog.yaml: was not read: it is not valid YAML"},
		{"predict: predict.py", "", "warning  cog.yaml: was not read: its predict does not name a Python file"},
		{"build: {}", "", "ok       cog.yaml: names no run, predict or train"},
		{"predict: predict.py:Predictor", "", "warning  cog.yaml: names predict.py, which does not exist"},
		{"predict: predict.py:Predictor", "x = 1", "warning  predict.py: was not read: it has no class or function Predictor"},
		{"predict: predict.py:predict", "def predict(", "have no end"},
		{"predict: predict.py:predict", strings.Repeat("#", 2<<20), "warning  predict.py: was not read: it is too large"},
		{"predict: predict.py:predict", "link", "warning  predict.py: was not read: it is outside of this folder"},
		{"predict: ../../predict.py:predict", "", "was not read: it is outside of this folder"},
		{"predict: " + filepath.ToSlash(outside) + ":predict", "", "was not read: it is outside of this folder"},
		{"predict: \"predict\\x1b.py:predict\"", "", "which does not exist"},
		{strings.Repeat("# x\n", 1<<19), "", "warning  cog.yaml: was not read: it is too large"},
	} {
		path := filepath.Join(dir, "predict.py")
		_ = os.Remove(path)
		switch c.program {
		case "":
		case "link":
			if err := os.Symlink(outside, path); err != nil {
				t.Skip(err)
			}
		default:
			writeFile(t, path, c.program, 0o644)
		}
		writeFile(t, filepath.Join(dir, "cog.yaml"), c.config, 0o644)
		_, out := diagnose(t, nil)
		wantAll(t, out, c.want)
		if strings.Contains(out, "hf_token") || strings.Contains(out, "\x1b") {
			t.Errorf("%.60s: %s", c.config, out)
		}
	}
}
