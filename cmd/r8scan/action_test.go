package main

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/ask"
	"r8scan/rules"
)

const (
	zeros = "0000000000000000000000000000000000000000"
	gone  = "1111111111111111111111111111111111111111"
)

// checkout is a repository as actions/checkout leaves it with fetch-depth 0: HEAD is
// detached, and the branches are origin's. main has an old leak; topic starts there
// and has none yet.
type checkout struct {
	dir  string
	main string // ids
}

func (c *checkout) git(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "init.defaultBranch=topic", "-c", "core.autocrlf=false"}, args...)...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_COUNT=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %q: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit commits files, and returns the commit's id.
func (c *checkout) commit(t *testing.T, files map[string]string) string {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(c.dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		writeFile(t, path, text, 0o600)
	}
	c.git(t, "add", "--all")
	c.git(t, "commit", "--quiet", "--allow-empty", "--message", "a commit")
	return c.git(t, "rev-parse", "HEAD")
}

func newCheckout(t *testing.T, dir string) *checkout {
	t.Helper()
	c := &checkout{dir: dir}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	c.git(t, "init", "--quiet")
	c.main = c.commit(t, map[string]string{"old.py": "k = '" + fakeToken("a") + "'\n"})
	c.git(t, "update-ref", "refs/remotes/origin/main", "HEAD")
	return c
}

// TestAction runs the steps of action.yml as a runner does, under bash.
func TestAction(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git to make a repository with")
	}
	a, bash := readAction(t), findBash(t)
	built := newRunner(t, a, bash)
	built.build(t)
	for name, test := range map[string]func(*testing.T, *runner, *checkout){
		"events": testActionEvents, "reports": testActionReports, "upload": testActionUpload,
		"shallow": testActionShallow, "inputs": testActionInputs, "hostile": testActionHostile,
		"release": testActionRelease,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRunner(t, a, bash)
			r.outputs = built.outputs
			test(t, r, newCheckout(t, r.dir))
		})
	}
}

// newRunner returns a runner with new folders.
func newRunner(t *testing.T, a action, bash string) *runner {
	t.Helper()
	dir := t.TempDir()
	source, err := filepath.Abs(filepath.FromSlash(top))
	if err != nil {
		t.Fatal(err)
	}
	r := &runner{action: a, bash: bash, path: source, dir: filepath.Join(dir, "work space"), temp: filepath.Join(dir, "temp's"),
		inputs: map[string]string{}, github: map[string]string{}, outputs: map[string]map[string]string{}, env: jobEnvironment(dir)}
	for _, dir := range []string{r.dir, r.temp} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// with returns a runner for another run in the same checkout.
func (r *runner) with(t *testing.T, event, payload string, inputs ...string) *runner {
	t.Helper()
	next := *r
	next.temp = filepath.Join(t.TempDir(), "temp's")
	next.inputs = map[string]string{}
	next.github = map[string]string{"event_name": event, "ref": "refs/heads/topic", "token": "", "action_repository": r.github["action_repository"], "server_url": r.github["server_url"]}
	next.outputs = map[string]map[string]string{"build": r.outputs["build"]}
	for i := 0; i < len(inputs); i += 2 {
		next.inputs[inputs[i]] = inputs[i+1]
	}
	if err := os.Mkdir(next.temp, 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(next.temp, "event.json"), payload, 0o600)
	return &next
}

// build runs the build step, once for all runs, with this machine's caches.
func (r *runner) build(t *testing.T) {
	t.Helper()
	out, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	caches := strings.Fields(string(out))
	if err != nil || len(caches) != 2 {
		t.Fatalf("go env: %v: %s", err, out)
	}
	r.outputs["go"] = map[string]string{"built": caches[0], "modules": caches[1]}
	for _, step := range r.action.Runs.Steps {
		if step.ID == "build" {
			var got ran
			if code := r.runStep(t, step, &got); code != 0 {
				t.Fatalf("the build ends with %d: %s", code, got.log)
			}
		}
	}
}

func pullRequest(base, head string) string {
	return payload(map[string]any{"pull_request": map[string]any{"base": map[string]string{"sha": base}, "head": map[string]string{"sha": head}}})
}

func push(ref, before, after string) string {
	return payload(map[string]any{"ref": ref, "before": before, "after": after, "repository": map[string]string{"default_branch": "main"}})
}

func payload(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// want is the expected result of a run: its exit code, and the outputs findings, live
// and complete.
type want struct {
	code                     int
	findings, live, complete string
}

func (w want) check(t *testing.T, got ran) {
	t.Helper()
	o := got.outputs
	if got.code != w.code || o["findings"] != w.findings || o["live"] != w.live || o["complete"] != w.complete {
		t.Errorf("exit code %d, findings %q, live %q, complete %q; want %+v\n%s", got.code, o["findings"], o["live"], o["complete"], w, got.log)
	}
	for _, name := range tokenNames {
		assertNoToken(t, got.log+got.summary, fakeToken(name))
	}
}

// testActionEvents runs the action for each kind of event.
func testActionEvents(t *testing.T, r *runner, c *checkout) {
	clean := c.commit(t, map[string]string{"new.py": "k = 1\n"})
	leak := c.commit(t, map[string]string{"new.py": "import os\nk = '" + fakeToken("b") + "'\n"})
	after := c.commit(t, map[string]string{"other.py": "k = 2\n"})
	c.git(t, "update-ref", "refs/remotes/origin/topic", after)
	c.git(t, "checkout", "--quiet", "--detach")
	mergeGroup := payload(map[string]any{"merge_group": map[string]string{"base_sha": c.main, "head_sha": leak}})
	one, two, none := want{1, "1", "0", "true"}, want{1, "2", "0", "true"}, want{0, "0", "0", "true"}
	for _, tt := range []struct {
		name, event, payload string
		inputs               []string
		want                 want
	}{
		{"pull request", "pull_request", pullRequest(c.main, after), nil, one},
		{"pull request that is clean", "pull_request", pullRequest(c.main, clean), nil, none},
		{"pull request after the leak", "pull_request", pullRequest(leak, after), nil, none},
		{"pull request of a target", "pull_request_target", pullRequest(c.main, after), nil, one},
		{"merge group", "merge_group", mergeGroup, nil, one},
		{"push", "push", push("refs/heads/topic", clean, after), nil, one},
		{"push that is clean", "push", push("refs/heads/topic", leak, after), nil, none},
		{"push of a new branch", "push", push("refs/heads/topic", zeros, after), nil, one},
		{"forced push", "push", push("refs/heads/topic", gone, after), nil, one},
		{"forced push to the default branch", "push", push("refs/heads/main", gone, c.main), nil, one},
		{"first push of all", "push", push("refs/heads/main", zeros, after), nil, two},
		{"schedule", "schedule", `{"schedule":"0 0 * * *"}`, nil, two},
		{"by hand", "workflow_dispatch", "{}", nil, two},
		{"push with an audit", "push", push("refs/heads/topic", leak, after), []string{"scan", "audit"}, two},
		{"range, and an event with none", "schedule", "{}", []string{"scan", "range"}, want{2, "", "", "false"}},
		{"pull request whose head is missing", "pull_request", pullRequest(c.main, gone), nil, want{2, "", "", "false"}},
		{"push whose commits are missing", "push", push("refs/heads/topic", zeros, gone), nil, want{2, "", "", "false"}},
		{"no event", "pull_request", "", nil, want{2, "", "", "false"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := r.with(t, tt.event, tt.payload, tt.inputs...).run(t)
			tt.want.check(t, got)
			failed := slices.ContainsFunc(got.annotations, func(a annotatedLine) bool { return a.level == "error" })
			if failed != (tt.want.code != 0) {
				t.Errorf("exit code %d with the annotations %q", got.code, got.annotations)
			}
		})
	}
}

// testActionReports checks everything that a run writes.
func testActionReports(t *testing.T, r *runner, c *checkout) {
	head := c.commit(t, map[string]string{"app/a b.py": "\n\nk = '" + fakeToken("b") + "'\n"})
	own := filepath.Join(r.dir, "out.sarif")
	got := r.with(t, "pull_request", pullRequest(c.main, head), "sarif-file", own).run(t)
	want{1, "1", "0", "true"}.check(t, got)
	if a := got.annotations; len(a) != 1 || a[0].level != "error" || a[0].properties != "file=app/a b.py,line=3,col=6,endColumn=46,title=Replicate API token" {
		t.Errorf("annotations: %q", a)
	}
	if !strings.HasPrefix(got.summary, "## r8scan: 1 token found\n") || !strings.Contains(got.summary, "`app/a b.py:3:6`") {
		t.Errorf("summary: %s", got.summary)
	}
	sarif, err := os.ReadFile(own)
	if err != nil || got.outputs["sarif-file"] != own {
		t.Fatalf("%v, and the output is %q", err, got.outputs["sarif-file"])
	}
	if s := string(sarif); !strings.Contains(s, `"uri": "app/a%20b.py"`) || !strings.Contains(s, `"id": "r8scan/range/"`) {
		t.Errorf("SARIF: %s", s)
	}
	quiet := r.with(t, "pull_request", pullRequest(c.main, head), "annotations", "false", "summary", "false").run(t)
	want{1, "1", "0", "true"}.check(t, quiet)
	if quiet.summary != "" || len(quiet.annotations) > 0 {
		t.Errorf("annotations %q, summary %s", quiet.annotations, quiet.summary)
	}
	if _, err := os.Stat(quiet.outputs["sarif-file"]); err != nil {
		t.Error(err)
	}
}

// testActionUpload makes sure that only an audit and a pull request are uploaded,
// because an upload replaces the one before, and that a failed upload does not fail
// the job.
func testActionUpload(t *testing.T, r *runner, c *checkout) {
	const upload = "github/codeql-action/upload-sarif"
	head := c.commit(t, nil)
	for _, tt := range []struct {
		event, payload, upload string
		code                   int
		want                   bool
	}{
		{"schedule", "{}", "true", 1, true},
		{"schedule", "{}", "false", 1, false},
		{"pull_request", pullRequest(c.main, head), "true", 0, true},
		{"pull_request", pullRequest(c.main, gone), "true", 2, false},
		{"push", push("refs/heads/topic", c.main, head), "true", 0, false},
	} {
		got := r.with(t, tt.event, tt.payload, "upload", tt.upload).run(t)
		if used := slices.Contains(got.used, upload); used != tt.want || got.code != tt.code {
			t.Errorf("%s: uploaded is %v, exit code %d", tt.event, used, got.code)
		}
		if tt.want && (got.with[upload]["sarif_file"] != got.outputs["sarif-file"] || got.with[upload]["checkout_path"] != ".") {
			t.Errorf("%s: uploaded is %q", tt.event, got.with[upload])
		}
	}
	for _, step := range r.action.Runs.Steps {
		if strings.HasPrefix(step.Uses, upload+"@") != step.ContinueOnError {
			t.Errorf("step %q: continue-on-error is %v", step.Name, step.ContinueOnError)
		}
	}
}

// testActionShallow makes sure that a run on a default clone, which has too few
// commits, says what to do.
func testActionShallow(t *testing.T, r *runner, c *checkout) {
	head := c.commit(t, map[string]string{"old.py": "clean\n"})
	shallow := filepath.Join(t.TempDir(), "shallow")
	c.git(t, "clone", "--quiet", "--depth=1", "file:///"+strings.TrimPrefix(filepath.ToSlash(c.dir), "/"), shallow)
	r.dir = shallow
	for _, tt := range []struct {
		event, payload string
		want           want
	}{
		{"pull_request", pullRequest(c.main, head), want{2, "", "", "false"}},
		{"push", push("refs/heads/topic", c.main, head), want{3, "0", "0", "false"}},
		{"push", push("refs/heads/topic", zeros, head), want{3, "0", "0", "false"}},
		{"schedule", "{}", want{3, "0", "0", "false"}},
	} {
		got := r.with(t, tt.event, tt.payload).run(t)
		tt.want.check(t, got)
		if !slices.ContainsFunc(got.annotations, func(a annotatedLine) bool { return strings.Contains(a.message, "fetch-depth: 0") }) {
			t.Errorf("%s: annotations %q", tt.event, got.annotations)
		}
	}
}

// testActionInputs tests the inputs, and makes sure that wrong ones never pass.
func testActionInputs(t *testing.T, r *runner, c *checkout) {
	api := newFakeAPI(t, map[string]fakeAnswer{fakeToken("a"): liveAnswer, fakeToken("c"): {403, "<html>no</html>"}})
	r.env = append(r.env, ask.URLVariable+"="+api.URL)
	live := c.main
	revoked := c.commit(t, map[string]string{"b.py": "k = '" + fakeToken("b") + "'\n"})
	unclear := c.commit(t, map[string]string{"c.py": "k = '" + fakeToken("c") + "'\n"})
	excused := c.commit(t, map[string]string{"excused/d.py": "k = '" + fakeToken("d") + "'\n", ".r8scan.yaml": "exclude: [excused]\n"})
	empty := filepath.Join(t.TempDir(), "empty.yaml")
	writeFile(t, empty, "", 0o600)
	baseline := filepath.Join(r.dir, "base line's")
	writeFile(t, baseline, rules.NewSecret(fakeToken("b"), 0).ID()+"\n", 0o600)
	all := push("refs/heads/main", zeros, live)
	for _, tt := range []struct {
		name, payload string
		inputs        []string
		want          want
	}{
		{"live", all, []string{"verify", "true", "fail-on", "live"}, want{1, "1", "1", "true"}},
		{"any", push("refs/heads/main", live, revoked), []string{"verify", "true"}, want{1, "1", "0", "true"}},
		{"revoked", push("refs/heads/main", live, revoked), []string{"verify", "true", "fail-on", "live"}, want{0, "1", "0", "true"}},
		{"no clear answer", push("refs/heads/main", revoked, unclear), []string{"verify", "true", "fail-on", "live"}, want{3, "1", "0", "true"}},
		{"none", all, []string{"fail-on", "none"}, want{0, "1", "0", "true"}},
		{"baseline", push("refs/heads/main", live, revoked), []string{"baseline", "base line's"}, want{0, "0", "0", "true"}},
		{"path", all, []string{"path", r.dir}, want{1, "1", "0", "true"}},
		{"a configuration in the commits", push("refs/heads/main", unclear, excused), nil, want{1, "1", "0", "true"}},
		{"a configuration in the commits that is trusted", push("refs/heads/main", unclear, excused), []string{"trust-change", "all"}, want{0, "0", "0", "true"}},
		{"a wrong trust-change", all, []string{"trust-change", "some"}, want{2, "", "", "false"}},
		{"a configuration from elsewhere", push("refs/heads/main", unclear, excused), []string{"args", "--config=" + empty}, want{1, "1", "0", "true"}},
		{"arguments", all, []string{"args", "--exclude\nol?.py\n\n-v"}, want{0, "0", "0", "true"}},
		{"an invalid argument", all, []string{"args", "--exclude 'old.py'"}, want{2, "", "", "false"}},
		{"arguments that the action sets itself", all, []string{"args", "--fail-on=none\n--output=/dev/null\n--format=text"}, want{1, "1", "0", "true"}},
		{"help instead of a scan", all, []string{"args", "--help"}, want{2, "", "", "false"}},
		{"a wrong scan", all, []string{"scan", "all"}, want{2, "", "", "false"}},
		{"a wrong verify", all, []string{"verify", "maybe"}, want{2, "", "", "false"}},
		{"a wrong fail-on", all, []string{"fail-on", "some"}, want{2, "", "", "false"}},
		{"live without verify", all, []string{"fail-on", "live"}, want{2, "", "", "false"}},
		{"no such path", all, []string{"path", "nowhere"}, want{2, "", "", "false"}},
		{"no such baseline", all, []string{"baseline", "nowhere"}, want{2, "", "", "false"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := r.with(t, "push", tt.payload, tt.inputs...).run(t)
			tt.want.check(t, got)
			if tt.want.code == 2 && (len(got.annotations) != 1 || got.annotations[0].level != "error") {
				t.Errorf("annotations: %q", got.annotations)
			}
		})
	}
}

// testActionHostile makes sure that the shell runs nothing from an input, a branch or
// a file's name, and that the runner takes none of it for a command or an output.
func testActionHostile(t *testing.T, r *runner, _ *checkout) {
	if runtime.GOOS == "windows" {
		t.Skip("this system does not allow such names")
	}
	touch := "$(touch pwned)`touch pwned`;touch${IFS}pwned;'\"&"
	dir := "::add-mask::x " + touch + "\nfindings=7"
	r.dir = filepath.Join(t.TempDir(), "w"+touch)
	c := newCheckout(t, filepath.Join(r.dir, dir))
	branch := "refs/heads/$(touch${IFS}pwned)`touch${IFS}pwned`;'\""
	head := c.commit(t, map[string]string{
		"::error::" + touch:            "k = '" + fakeToken("b") + "'\n",
		"a\n::add-mask::x\nfindings=9": "k = '" + fakeToken("c") + "'\n",
		"##[add-mask]x":                "k = '" + fakeToken("d") + "'\n",
		"\n::stop-commands::x":         "k = '" + fakeToken("e") + "'\n",
	})
	c.git(t, "update-ref", branch, head)
	// What cannot be read is named in the log.
	writeFile(t, filepath.Join(c.dir, "\n::set-output name=x::y.zip"), "PK\x03\x04 broken", 0o600)
	writeFile(t, filepath.Join(c.dir, "::add-mask::x.gz"), "\x1f\x8b\x08\x00 broken", 0o600)
	for _, tt := range []struct {
		event, payload string
		inputs         []string
		want           want
	}{
		{"push", push(branch, c.main, head), nil, want{1, "4", "0", "true"}},
		{"push", push(branch, zeros, head), []string{"args", "-v\n--exclude=" + touch + "\n"}, want{1, "4", "0", "true"}},
		{"schedule", "{}", nil, want{1, "5", "0", "false"}},
		{"schedule", "{}", []string{"sarif-file", touch + "\nfindings=8"}, want{1, "5", "0", "false"}},
		{"schedule", "{}", []string{"args", touch}, want{2, "", "", "false"}},
		{"schedule", "{}", []string{"scan", touch}, want{2, "", "", "false"}},
		{"schedule", "{}", []string{"baseline", touch}, want{2, "", "", "false"}},
		{"schedule", "{}", []string{"verify", "x\n::add-mask::x\n\n" + touch}, want{2, "", "", "false"}},
	} {
		got := r.with(t, tt.event, tt.payload, append([]string{"path", dir}, tt.inputs...)...)
		got.github["ref"] = branch
		result := got.run(t)
		tt.want.check(t, result)
		if strings.Contains(result.summary, "\n::") {
			t.Errorf("summary: %s", result.summary)
		}
	}
	for _, in := range []string{r.dir, c.dir, "."} {
		if _, err := os.Lstat(filepath.Join(in, "pwned")); err == nil {
			t.Errorf("a name was run in %s", in)
		}
	}
}

// pinned is a step's action at a commit.
var pinned = regexp.MustCompile(`^\s*(?:- )?uses: [a-z-]+/[a-z/-]+@[0-9a-f]{40} # v[0-9.]+$`)

// TestActionForm makes sure that scripts in action.yml have no expressions, that
// other actions are pinned by commit, and that docs/action.md names each input.
func TestActionForm(t *testing.T) {
	a := readAction(t)
	inputs := []string{"annotations", "args", "baseline", "fail-on", "path", "sarif-file", "scan", "summary", "trust-change", "upload", "verify"}
	if got := slices.Sorted(maps.Keys(a.Inputs)); !slices.Equal(got, inputs) || a.Runs.Using != "composite" {
		t.Errorf("inputs %q", got)
	}
	if got := slices.Sorted(maps.Keys(a.Outputs)); !slices.Equal(got, []string{"complete", "findings", "live", "sarif-file"}) {
		t.Errorf("outputs %q", got)
	}
	for name, in := range a.Inputs {
		if in.Description == "" || in.Default == nil {
			t.Errorf("input %s has no description or no default", name)
		}
	}
	for _, step := range a.Runs.Steps {
		if strings.Contains(step.Run, "${{") || strings.Contains(step.Run, "eval") {
			t.Errorf("step %q: its script has an expression or an eval", step.Name)
		}
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimRight(line, "\n"); strings.Contains(line, "uses:") && !pinned.MatchString(line) {
			t.Errorf("not pinned by a commit, with the version in a comment: %s", line)
		}
	}
	mod, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	goes := slices.IndexFunc(a.Runs.Steps, func(s actionStep) bool { return strings.HasPrefix(s.Uses, "actions/setup-go@") })
	if version := a.Runs.Steps[goes].With["go-version"]; version == "" || !strings.Contains(string(mod), "\ngo "+version+".") {
		t.Errorf("it builds with Go %q, and go.mod needs another", version)
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "action.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(inputs, "findings", "live", "complete") {
		if !strings.Contains(string(page), "| `"+name+"`") {
			t.Errorf("docs/action.md has no row for %s", name)
		}
	}
}
