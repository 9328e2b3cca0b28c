package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// action is the part of action.yml that a runner needs.
type action struct {
	Inputs map[string]struct {
		Description string
		Default     *string
	}
	Outputs map[string]struct{ Description, Value string }
	Runs    struct {
		Using string
		Steps []actionStep
	}
}

type actionStep struct {
	Name, ID, If, Shell, Run, Uses string
	Env, With                      map[string]string
	ContinueOnError                bool `yaml:"continue-on-error"`
}

func readAction(t *testing.T) action {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var a action
	if err := yaml.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// runner runs a composite action as GitHub's runner does: the steps in order, with
// their expressions evaluated, until one fails. Steps that use another action are
// only recorded.
type runner struct {
	action  action
	bash    string
	path    string            // GITHUB_ACTION_PATH
	dir     string            // GITHUB_WORKSPACE
	temp    string            // RUNNER_TEMP and the runner's own files
	inputs  map[string]string // the others have their defaults
	github  map[string]string // the github context
	env     []string          // of the job
	outputs map[string]map[string]string
}

// ran is the result of a run of the action.
type ran struct {
	code        int
	outputs     map[string]string
	log         string // both streams of all steps
	summary     string
	annotations []annotatedLine
	used        []string // the actions that were used, without their versions
	with        map[string]map[string]string
}

// annotatedLine is a workflow command for an annotation.
type annotatedLine struct{ level, properties, message string }

// findBash returns the bash that GitHub's runners use for "shell: bash".
func findBash(t *testing.T) string {
	t.Helper()
	if runtime.GOOS == "windows" { // the one in PATH may belong to WSL
		if git, err := exec.LookPath("git"); err == nil {
			bash := filepath.Join(filepath.Dir(git), "..", "bin", "bash.exe")
			if _, err := os.Stat(bash); err == nil {
				return bash
			}
		}
		t.Skip("the action's steps need the bash of Git for Windows")
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("the action's steps need bash")
	}
	return bash
}

// look returns a value of a context. A value that action.yml must not use is an
// error.
func (r *runner) look(name string) (string, error) {
	context, rest, _ := strings.Cut(name, ".")
	switch context {
	case "inputs":
		in, ok := r.action.Inputs[rest]
		if value, given := r.inputs[rest]; given && ok {
			return value, nil
		}
		if ok && in.Default != nil {
			return *in.Default, nil
		}
	case "steps":
		id, output, _ := strings.Cut(rest, ".outputs.")
		if slices.ContainsFunc(r.action.Runs.Steps, func(s actionStep) bool { return s.ID == id }) {
			return r.outputs[id][output], nil
		}
	case "github":
		if value, ok := r.github[rest]; ok {
			return value, nil
		}
	}
	return "", fmt.Errorf("no value is known for %q", name)
}

func (r *runner) run(t *testing.T) ran {
	t.Helper()
	got := ran{outputs: map[string]string{}, with: map[string]map[string]string{}}
	for _, step := range r.action.Runs.Steps {
		if step.If != "" {
			value, err := evaluateBare(step.If, r.look)
			if err != nil {
				t.Fatalf("%s: %v", step.Name, err)
			}
			if !isTrue(value) {
				continue
			}
		}
		if step.Uses != "" {
			name, _, _ := strings.Cut(step.Uses, "@")
			got.used = append(got.used, name)
			got.with[name] = r.values(t, step.With)
			continue
		}
		if step.ID == "build" && r.outputs["build"] != nil {
			continue // built once for all runs
		}
		if got.code = r.runStep(t, step, &got); got.code != 0 && !step.ContinueOnError {
			break
		}
	}
	summary, err := os.ReadFile(filepath.Join(r.temp, "summary"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	got.summary = string(summary)
	for name, output := range r.action.Outputs {
		got.outputs[name] = r.values(t, map[string]string{"": output.Value})[""]
	}
	return got
}

func (r *runner) values(t *testing.T, texts map[string]string) map[string]string {
	t.Helper()
	values := map[string]string{}
	for name, text := range texts {
		value, err := evaluate(text, r.look)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		values[name] = value
	}
	return values
}

// runStep runs the script of a step as the runner does. It records the outputs and
// annotations, and returns the exit code.
func (r *runner) runStep(t *testing.T, step actionStep, got *ran) int {
	t.Helper()
	if step.Shell != "bash" {
		t.Fatalf("%s: its shell is %q", step.Name, step.Shell)
	}
	script := filepath.Join(r.temp, "script.sh")
	outputs := filepath.Join(r.temp, "outputs")
	for path, text := range map[string]string{script: step.Run, outputs: ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), r.bash, "--noprofile", "--norc", "-eo", "pipefail", script)
	cmd.Dir = r.dir
	cmd.Env = append([]string{"RUNNER_OS=Linux", "RUNNER_ARCH=X64"}, r.env...)
	cmd.Env = append(cmd.Env, "RUNNER_TEMP="+r.temp, "GITHUB_WORKSPACE="+r.dir, "GITHUB_ACTION_PATH="+r.path,
		"GITHUB_OUTPUT="+outputs, "GITHUB_STEP_SUMMARY="+filepath.Join(r.temp, "summary"), "GITHUB_EVENT_NAME="+r.github["event_name"],
		"GITHUB_EVENT_PATH="+filepath.Join(r.temp, "event.json"), "GITHUB_REF="+r.github["ref"], "GITHUB_ACTIONS=true", "CI=true")
	for name, value := range r.values(t, step.Env) {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", step.Name, err)
	}
	got.log += out.String()
	got.annotations = append(got.annotations, commandsIn(t, out.String())...)
	if step.ID != "" {
		r.outputs[step.ID] = readOutputs(t, outputs)
	}
	return cmd.ProcessState.ExitCode()
}

// readOutputs reads what a step wrote into GITHUB_OUTPUT: name=value lines.
func readOutputs(t *testing.T, path string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "=")
		if _, twice := values[name]; !ok || twice || strings.Contains(name, "<<") {
			t.Fatalf("an unexpected output: %q", line)
		}
		values[name] = value
	}
	return values
}

// commandsIn returns the annotations in a step's output. Unless commands are
// stopped, the runner obeys ::name at the start of a line, also after spaces, and
// ##[name] anywhere; any command but an annotation is an error.
func commandsIn(t *testing.T, out string) []annotatedLine {
	t.Helper()
	var all []annotatedLine
	stopped := ""
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if stopped != "" {
			if line == "::"+stopped+"::" {
				stopped = ""
			}
			continue
		}
		rest, ok := strings.CutPrefix(line, "::")
		head, data, whole := strings.Cut(rest, "::")
		name, properties, _ := strings.Cut(head, " ")
		switch {
		case (!ok || !whole) && strings.Contains(line, "##["):
			t.Errorf("the runner would take this for a command: %q", line)
		case !ok || !whole:
		case name == "stop-commands" && len(data) > 30:
			stopped = data
		case slices.Contains([]string{"error", "warning", "notice"}, name):
			all = append(all, annotatedLine{name, properties, data})
		default:
			t.Errorf("an unexpected command: %q", line)
		}
	}
	if stopped != "" {
		t.Error("commands stay switched off")
	}
	return all
}

// jobEnvironment is this process's environment without variables that change git,
// r8scan or the runner.
func jobEnvironment(home string) []string {
	kept := map[string]string{}
	for _, kv := range os.Environ() {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, "GITHUB_") && !strings.HasPrefix(name, "GIT_") && !strings.HasPrefix(name, "R8SCAN_") && name != "REPLICATE_API_TOKEN" {
			kept[name] = value
		}
	}
	kept["XDG_CACHE_HOME"] = filepath.Join(home, "cache")
	var env []string
	for _, name := range slices.Sorted(maps.Keys(kept)) {
		env = append(env, name+"="+kept[name])
	}
	return env
}
