package main

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"r8scan/internal/ask"
	"r8scan/internal/doctor"
)

// cure is a mistake that doctor has to find and to cure.
type cure struct {
	prepare string            // as shell: what is exported
	files   map[string]string // in the folder, or in the home folder with ~
	want    string            // a part of what doctor says first
}

var hasSpaces = ask.TokenVariable + " = "

// cures are the mistakes. @1 stands for a token, @2 for another.
var cures = map[string]cure{
	"not set":              {want: "REPLICATE_API_TOKEN: is not set"},
	"empty":                {prepare: "export REPLICATE_API_TOKEN=", want: "is set, but empty A client"},
	"white space":          {prepare: "export REPLICATE_API_TOKEN='  '", want: "only white space"},
	"line break":           {prepare: "export REPLICATE_API_TOKEN='@1\n\n'", want: "there is a line break around it"},
	"spaces":               {prepare: "export REPLICATE_API_TOKEN=' @1 '", want: "there is a space around it"},
	"quotes":               {prepare: `export REPLICATE_API_TOKEN='"@1"'`, want: "there are quotes around it"},
	"name":                 {prepare: "export REPLICATE_API_TOKEN='REPLICATE_API_TOKEN=@1'", want: "there is the name of a variable before it"},
	"Bearer":               {prepare: "export REPLICATE_API_TOKEN='Bearer @1'", want: `there is "Bearer" before it`},
	"Markdown":             {prepare: `export REPLICATE_API_TOKEN="$(echo @1 | sed 's/_/\\_/')"`, want: "a backslash"},
	"placeholder":          {prepare: "export REPLICATE_API_TOKEN=your_valid_token_here", want: "it looks like a placeholder"},
	"long placeholder":     {prepare: "export REPLICATE_API_TOKEN=r8_" + strings.Repeat("x", 37), want: "it looks like a placeholder"},
	"not expanded":         {prepare: "export REPLICATE_API_TOKEN='${TOKEN}'", want: "it is the name of a variable"},
	"look-alike":           {prepare: "export REPLICATE_API_KEY=@1", want: "REPLICATE_API_KEY is set"},
	"small letters":        {prepare: "export replicate_api_token=@1", want: "only the name in capitals"},
	"public name":          {prepare: "export REPLICATE_API_TOKEN=@1 NEXT_PUBLIC_REPLICATE_API_TOKEN=@2", want: "the token is public"},
	"proxy":                {prepare: "export REPLICATE_API_TOKEN=@1 HTTPS_PROXY=http://", want: "is not the address of a proxy"},
	"hosts for everyone":   {prepare: "export REPLICATE_API_TOKEN=@1", files: map[string]string{"~/.config/replicate/hosts": "token: @1\n"}, want: "others on this machine can read it"},
	".env not loaded":      {files: map[string]string{".env": "A=b c\nREPLICATE_API_TOKEN=@1\n"}, want: "but the environment does not"},
	".env differs":         {prepare: "export REPLICATE_API_TOKEN=@2", files: map[string]string{".env": "export REPLICATE_API_TOKEN='@1' # mine\n"}, want: "to another token"},
	".env and empty":       {prepare: "export REPLICATE_API_TOKEN=", files: map[string]string{".env": "REPLICATE_API_TOKEN=@1\n"}, want: "is set, but empty"},
	".env with spaces":     {files: map[string]string{".env": hasSpaces + "@1\n"}, want: "has a space beside the ="},
	".env with CRLF":       {files: map[string]string{".env": "A=b\r\nREPLICATE_API_TOKEN=@1\r\n"}, want: "has the line ends of Windows"},
	".env with a mark":     {files: map[string]string{".env": "\ufeffREPLICATE_API_TOKEN=@1\n"}, want: "UTF-8 with a byte order mark"},
	".env in UTF-16":       {files: map[string]string{".env": wide("\ufeffREPLICATE_API_TOKEN=@1\r\n", false)}, want: "is written as UTF-16, little-endian"},
	".env, no mark":        {files: map[string]string{".env": wide("REPLICATE_API_TOKEN=@1\n", false)}, want: "is written as UTF-16, little-endian"},
	".env is empty":        {files: map[string]string{".env": "REPLICATE_API_TOKEN=\n"}, want: "sets REPLICATE_API_TOKEN to nothing"},
	".env has Bearer":      {files: map[string]string{".env": "REPLICATE_API_TOKEN=\"Bearer @1\"\n"}, want: `there is "Bearer" before it`},
	".env has a template":  {files: map[string]string{".env": "REPLICATE_API_TOKEN=<your token>\n"}, want: "it looks like a placeholder"},
	".env has a look-like": {files: map[string]string{".env": "export REPLICATE_TOKEN=@1\n"}, want: ".env: REPLICATE_TOKEN is set"},
	".env has all":         {files: map[string]string{".env": wide("\ufeffreplicate_api_token = \"@1\"\r\n", false)}, want: "only the name in capitals"},
	".env is public":       {prepare: "export REPLICATE_API_TOKEN=@1", files: map[string]string{".env": "VITE_REPLICATE_KEY=@2\n"}, want: "the token is public"},
	".env not ignored": {
		prepare: "export REPLICATE_API_TOKEN=@1 && git init -q .. && printf x >../.gitignore",
		files:   map[string]string{"../.env": "REPLICATE_API_TOKEN=@1\n"}, want: "git does not ignore it",
	},
	".env tracked": {
		prepare: "export REPLICATE_API_TOKEN=@1 && git init -q . && git add .env",
		files:   map[string]string{".env": "REPLICATE_API_TOKEN=@1\n"}, want: "git tracks it",
	},
	"compose, in git": {
		prepare: "export REPLICATE_API_TOKEN=@1\ngit init -q && git add compose.yml",
		files:   map[string]string{"compose.yml": "services:\n  a:\n    environment:\n      REPLICATE_API_TOKEN: @1\n"}, want: "r8scan fix --write compose.yml; git add compose.yml; then disable",
	},
	"compose": {
		files: map[string]string{"compose.yaml": "services: {a: {environment: {REPLICATE_API_TOKEN: 'your-token'}}}\n"}, want: "for the containers of Compose: it looks like a placeholder",
	},
	"compose, list": {
		files: map[string]string{"docker-compose.yml": "services:\n  a:\n    environment:\n    - REPLICATE_API_TOKEN\n    - REPLICATE_KEY=x\n"}, want: "passes REPLICATE_API_TOKEN on to the containers of Compose, but here",
	},
	"compose, file": {
		files: map[string]string{"compose.yml": "services:\n  a:\n    env_file: [{path: ./app.env}]\n"}, want: "names app.env, which does not exist",
	},
	"compose, file of its own": {
		prepare: "export REPLICATE_API_TOKEN=@2", files: map[string]string{"compose.yml": "services: {a: {env_file: app.env}}\n", "app.env": hasSpaces + "@1\n"}, want: "app.env: has a space beside",
	},
	"unit": {
		prepare: "export REPLICATE_API_TOKEN=@1",
		files:   map[string]string{"~/.config/systemd/user/a.service": "[Service]\nEnvironment=\"A=b\" 'REPLICATE_API_TOKEN=Bearer @2'\n"}, want: "for a systemd unit: there is",
	},
	"start file":            {files: map[string]string{"~/.bashrc": "[ -z \"$PS1\" ] && return\nexport REPLICATE_API_TOKEN=\"@1\"\n"}, want: "~/.bashrc: sets REPLICATE_API_TOKEN, but the environment does not"},
	"start file, no export": {files: map[string]string{"~/.zshrc": "REPLICATE_API_TOKEN=@1\n"}, want: "without export"},
	"VS Code":               {files: map[string]string{".vscode/launch.json": "// x\n{\"configurations\": [{\"env\": {\"REPLICATE_API_TOKEN\": \"\",}}],}\n"}, want: "for Visual Studio Code to nothing"},
	"VS Code, name":         {files: map[string]string{".vscode/settings.json": `{"terminal.integrated.env.linux": {"REPLICATE_API_KEY": "${env:X}"}}`}, want: ".vscode/settings.json: REPLICATE_API_KEY is set"},
	"JetBrains":             {files: map[string]string{".run/a.run.xml": `<c><envs><env name="REPLICATE_API_TOKEN" value="r8_..." /></envs></c>`}, want: "for a JetBrains IDE: it looks like a placeholder"},
	"MCP":                   {files: map[string]string{".mcp.json": `{"mcpServers": {"r": {"env": {"REPLICATE_API_TOKEN": "your-token"}}}}`}, want: "for MCP servers of Claude Code: it looks like a placeholder"},
	"kernel":                {files: map[string]string{"~/.local/share/jupyter/kernels/a/kernel.json": `{"env": {"REPLICATE_API_TOKEN": "x"}}`}, want: "for notebooks: it does not begin with r8_"},
	"netrc":                 {prepare: "export REPLICATE_API_TOKEN=@1", files: map[string]string{"~/.netrc": "machine api.replicate.com login x password y\n"}, want: "has a password for api.replicate.com"},
	"alpha":                 {prepare: "export REPLICATE_API_TOKEN=@1", files: map[string]string{".venv/lib/python3.12/site-packages/replicate-2.0.0a3.dist-info/METADATA": ""}, want: "This alpha reads REPLICATE_CLIENT_BEARER_TOKEN"},
	"old Python client": {
		prepare: "export REPLICATE_API_TOKEN=@1", files: map[string]string{".venv/lib/python3.12/site-packages/replicate-0.25.1.dist-info/METADATA": ""}, want: "Python client: version 0.25.1",
	},
	"old Node client": {
		prepare: "export REPLICATE_API_TOKEN=@1", files: map[string]string{"node_modules/replicate/package.json": `{"version": "0.9.0"}`, "package.json": `{"dependencies": {"replicate": "^0.9.0"}}`}, want: "Node client: version 0.9.0",
	},
	"CLI without a token":    {prepare: "export REPLICATE_API_TOKEN=@1", files: map[string]string{"~/.config/replicate/hosts": ""}, want: "The CLI is not logged in."},
	"CLI with another token": {prepare: "export REPLICATE_API_TOKEN=@1 && chmod 600 ~/.config/replicate/hosts", files: map[string]string{"~/.config/replicate/hosts": "token: @2\n"}, want: "holds another token than REPLICATE_API_TOKEN"},
	"cog with an API token":  {prepare: "export REPLICATE_API_TOKEN=@1", files: map[string]string{"~/.docker/config.json": `{"auths": {"r8.im": {"auth": "` + base64.StdEncoding.EncodeToString([]byte("ada:"+seededToken(2))) + `"}}}`}, want: "holds an API token for r8.im"},
	"Docker's file damaged":  {prepare: "export REPLICATE_API_TOKEN=@1", files: map[string]string{"~/.docker/config.json": "{"}, want: "is not valid JSON"},
	"requirements":           {prepare: "export REPLICATE_API_TOKEN=@1", files: map[string]string{"requirements.txt": "replicate==0.25.1\n"}, want: "asked for: version 0.25.1"},
}

// TestDoctorCures makes each mistake, follows what doctor says, word for word, and asks
// again until it has nothing to say. A client then finds a token.
func TestDoctorCures(t *testing.T) {
	needShell(t)
	if raceDetector {
		t.Skip("it starts some 500 programs, and .ci/doctor runs it without the race detector")
	}
	for name, c := range cures {
		t.Run(name, func(t *testing.T) {
			p := newPatient(t)
			for path, text := range c.files {
				if rest, ok := strings.CutPrefix(path, "~/"); ok {
					path = filepath.Join(filepath.Dir(p.exports), rest)
				} else {
					path = filepath.Join(p.dir, path)
				}
				writeFile(t, path, withTokens(text), 0o644)
			}
			p.run(t, fakeTools)
			if c.prepare != "" {
				p.run(t, withTokens(c.prepare))
			}
			checks := p.checks(t)
			wantAll(t, flat(checks), c.want)
			if asked, refused := p.callAPI(t); !p.hasToken() && asked > 0 && refused == nil { // Node's client removes white space at the end
				t.Error("both clients authenticate with the mistake")
			}
			for round := 0; troubled(checks); round++ {
				if round == 3 {
					t.Fatalf("after three rounds:\n%s", flat(checks))
				}
				for _, ch := range checks {
					if ch.Fix != "" {
						p.follow(t, ch.Fix)
					}
				}
				checks = p.checks(t)
			}
			if !p.hasToken() {
				t.Error("the variable is not a token in the end")
			}
			if _, refused := p.callAPI(t); refused != nil {
				t.Errorf("clients that do not authenticate in the end: %v", refused)
			}
		})
	}
}

// hasToken reports whether a program here finds a token.
func (p *patient) hasToken() bool {
	out, err := p.command("printenv REPLICATE_API_TOKEN").Output()
	token := strings.TrimSuffix(string(out), "\n")
	return err == nil && (token == seededToken(1) || token == seededToken(2))
}

// apiClients are programs that ask Replicate's API with its own clients, by the variable
// that names the folder of the client.
var apiClients = map[string]string{
	"R8SCAN_PYTHON_CLIENT": `"$R8SCAN_PYTHON_CLIENT/bin/python" -c 'import replicate; replicate.Client().accounts.current()'`,
	"R8SCAN_NODE_CLIENT": `NODE_PATH="$R8SCAN_NODE_CLIENT/node_modules" node -e 'const R = require("replicate")
new R({baseUrl: process.env.REPLICATE_BASE_URL + "/v1"}).accounts.current().catch(() => process.exit(1))'`,
}

// callAPI calls the API with the clients that the variables name. It returns how many
// there are, and which do not authenticate. .ci/doctor brings the clients.
func (p *patient) callAPI(t *testing.T) (asked int, refused []string) {
	t.Helper()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if token != seededToken(1) && token != seededToken(2) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(liveAnswer.body)) // a client that is gone fails
	}))
	defer api.Close()
	for variable, program := range apiClients {
		if os.Getenv(variable) == "" {
			continue
		}
		asked++
		if p.command(program, "REPLICATE_BASE_URL="+api.URL).Run() != nil {
			refused = append(refused, variable)
		}
	}
	return asked, refused
}

// fakeTools puts programs on PATH that change what Replicate's tools, pip and npm do.
const fakeTools = `bin=$HOME/bin && mkdir -p "$bin" && export PATH="$bin:$PATH"
fake() { { echo '#!/bin/sh'; cat; } >"$bin/$1" && chmod +x "$bin/$1"; }
fake pip <<'END'
cd .venv/lib/python*/site-packages && mv replicate-0*.dist-info replicate-1.0.7.dist-info
END
fake npm <<'END'
echo '{"version": "1.4.0"}' >node_modules/replicate/package.json
echo '{"dependencies": {"replicate": "^1.4.0"}}' >package.json
END
fake replicate <<'END'
echo "token: $REPLICATE_API_TOKEN" >~/.config/replicate/hosts && chmod 600 ~/.config/replicate/hosts
END
fake cog <<'END'
echo '{"auths": {"r8.im": {"auth": "YTpi"}}}' >~/.docker/config.json
END`

// TestDoctorDirenv allows a folder's .envrc, as doctor says.
func TestDoctorDirenv(t *testing.T) {
	needShell(t)
	if _, err := exec.LookPath("direnv"); err != nil {
		t.Skip("no direnv, which sets the variables of .envrc")
	}
	p := newPatient(t)
	for _, text := range []string{"export REPLICATE_API_TOKEN=@1\n", "REPLICATE_API_TOKEN=@1\n"} {
		writeFile(t, filepath.Join(p.dir, ".envrc"), withTokens(text), 0o600)
		for range 2 {
			out, _ := p.command("if direnv exec . true; then exec direnv exec . r8scan doctor --offline -f json; fi\nr8scan doctor --offline -f json").Output()
			for _, ch := range readChecks(t, out) {
				if strings.HasPrefix(ch.About, ".envrc") && ch.Fix != "" {
					p.follow(t, ch.Fix)
				}
			}
		}
		out, err := p.command("direnv exec . r8scan doctor --offline").Output()
		if err != nil {
			t.Errorf("%v: %s", err, out)
		}
		wantAll(t, string(out), ".envrc: sets REPLICATE_API_TOKEN as the environment does")
	}
}

// withTokens puts tokens into a text, which may be UTF-16.
func withTokens(text string) string {
	one, two := seededToken(1), seededToken(2)
	return strings.NewReplacer("@1", one, "@2", two, wide("@1", false), wide(one, false)).Replace(text)
}

func troubled(checks doctor.Checks) bool {
	for _, ch := range checks {
		if ch.Level != "ok" {
			return true
		}
	}
	return false
}

// The steps that a person does in an editor.
var (
	writeLine  = regexp.MustCompile(`^write this line in (\S+): (.*)$`)
	giveValue  = regexp.MustCompile(`^in (\S+), give REPLICATE_API_TOKEN the value (.*)$`)
	renameIt   = regexp.MustCompile(`^in (\S+), rename (\S+) to (\S+)$`)
	removeHost = regexp.MustCompile(`^remove the lines of machine (\S+) from (\S+)$`)
	askFor     = regexp.MustCompile(`^in (\S+), ask for (\S+); then install it again$`)
	valueOf    = regexp.MustCompile(`(REPLICATE_API_TOKEN(?:": "|=|: '|" value="))[^"'\n]*`)
	blank      = regexp.MustCompile(`<a token from [^>]*>`)
	onTheWeb   = regexp.MustCompile(`; then disable the token at .*$`)
)

// follow does what a fix says.
func (p *patient) follow(t *testing.T, fix string) {
	t.Helper()
	fix = onTheWeb.ReplaceAllString(blank.ReplaceAllString(fix, seededToken(1)), "")
	edit := func(path string, change func(string) string) {
		t.Helper()
		if rest, ok := strings.CutPrefix(path, "~/"); ok {
			path = filepath.Join(filepath.Dir(p.exports), rest)
		} else {
			path = filepath.Join(p.dir, path)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(change(string(text))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if m := writeLine.FindStringSubmatch(fix); m != nil {
		edit(m[1], func(string) string { return m[2] + "\n" })
	} else if m := giveValue.FindStringSubmatch(fix); m != nil {
		edit(m[1], func(text string) string {
			return valueOf.ReplaceAllString(text, "${1}"+strings.ReplaceAll(m[2], "$", "$$"))
		})
	} else if m := renameIt.FindStringSubmatch(fix); m != nil {
		edit(m[1], func(text string) string { return strings.ReplaceAll(text, m[2], m[3]) })
	} else if m := removeHost.FindStringSubmatch(fix); m != nil {
		edit(m[2], func(string) string { return "" })
	} else if m := askFor.FindStringSubmatch(fix); m != nil {
		edit(m[1], func(string) string { return m[2] + "\n" })
	} else {
		p.run(t, fix)
	}
}

// TestDoctorCI makes sure that an empty secret is called so where CI leaves it empty.
func TestDoctorCI(t *testing.T) {
	_, dir := sickbed(t)
	t.Setenv(ask.TokenVariable, "")
	event := filepath.Join(dir, "event.json")
	writeFile(t, event, `{"pull_request": {"head": {"repo": {"full_name": "them/app"}}}}`, 0o600)
	for _, c := range []struct {
		env  string
		want string
	}{
		{"GITHUB_ACTIONS=true", "fix: gh secret set REPLICATE_API_TOKEN; and in the workflow, give the step env: {REPLICATE_API_TOKEN: ${{ secrets.REPLICATE_API_TOKEN }}}"},
		{"GITHUB_ACTIONS=true GITHUB_REPOSITORY=me/app GITHUB_EVENT_PATH=" + event, "GitHub gives no secrets to a workflow that runs for a pull request from a fork."},
		{"GITHUB_ACTIONS=true GITHUB_REPOSITORY=them/app GITHUB_EVENT_PATH=" + event, "a secret that does not exist"},
		{"GITLAB_CI=true", "clear Protect variable, or protect this branch"},
		{"GITLAB_CI=true CI_COMMIT_REF_PROTECTED=true", "for all environments"},
	} {
		for _, name := range []string{"GITHUB_ACTIONS", "GITHUB_REPOSITORY", "GITHUB_EVENT_PATH", "GITLAB_CI", "CI_COMMIT_REF_PROTECTED"} {
			t.Setenv(name, "")
		}
		for pair := range strings.FieldsSeq(c.env) {
			name, value, _ := strings.Cut(pair, "=")
			t.Setenv(name, value)
		}
		_, out := diagnose(t, nil)
		wantAll(t, out, "is set, but empty", c.want)
	}
}

// TestDoctorDamaged makes sure that a damaged, huge or unreadable file is named, and
// that doctor changes nothing.
func TestDoctorDamaged(t *testing.T) {
	home, dir := sickbed(t)
	files := map[string]string{
		".mcp.json": `{"mcpServers": {"env": {"REPLICATE_API_TOKEN": `, ".vscode/mcp.json": `{"servers": nothing of concern`,
		"compose.yaml": "services: {REPLICATE: [", ".idea/workspace.xml": `<a REPLICATE <`, ".vscode/settings.json": strings.Repeat(" ", 65<<20),
	}
	for name, text := range files {
		writeFile(t, filepath.Join(dir, name), text, 0o600)
	}
	if err := os.MkdirAll(filepath.Join(home, ".claude.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, out := diagnose(t, nil)
	wantAll(t, out, "warning  .mcp.json: was not read: it is not valid JSON, even with comments", "warning  compose.yaml: was not read: it is not valid YAML",
		"workspace.xml: was not read: it is not valid XML", "settings.json: was not read: it is too large")
	if strings.Contains(out, ".vscode/mcp.json") || strings.Contains(out, ".claude.json") {
		t.Errorf("what is no concern is named:\n%s", out)
	}
	for name, text := range files {
		if got, err := os.ReadFile(filepath.Join(dir, name)); string(got) != text || err != nil {
			t.Errorf("%s was changed: %v", name, err)
		}
	}
}
