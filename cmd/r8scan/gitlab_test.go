package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// component is the part of templates/r8scan.yml that a runner needs.
type component struct {
	R8scan struct {
		Variables map[string]string
		Script    []string
		Artifacts struct{ Reports map[string]string }
	}
}

// readComponent reads the component for an archive: its header, its job, and the
// values of the inputs in it.
func readComponent(t *testing.T, archive, sum string) component {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(top, "templates", "r8scan.yml"))
	if err != nil {
		t.Fatal(err)
	}
	header, job, ok := strings.Cut(string(text), "\n---\n")
	var spec struct {
		Spec struct {
			Inputs map[string]struct {
				Description string
				Default     *string
			}
		}
	}
	if err := yaml.Unmarshal([]byte(header), &spec); err != nil || !ok {
		t.Fatalf("its header: %v", err)
	}
	given := map[string]string{"archive": archive, "sha256": sum}
	for name, in := range spec.Spec.Inputs {
		value, isGiven := given[name]
		if in.Description == "" || isGiven == (in.Default != nil) {
			t.Errorf("input %s has no description, or a wrong default", name)
		}
		if !isGiven {
			value = *in.Default
		}
		job = strings.ReplaceAll(job, "$[[ inputs."+name+" ]]", value)
	}
	var c component
	if err := yaml.Unmarshal([]byte(job), &c); err != nil || strings.Contains(job, "$[[") || len(c.R8scan.Script) == 0 {
		t.Fatalf("its job: %v\n%s", err, job)
	}
	return c
}

// TestGitLab runs the component's script as GitLab's runner does, in a clone.
func TestGitLab(t *testing.T) {
	for _, program := range []string{"git", "sh", "wget", "tar", "sha256sum"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("there is no %s, which the image has", program)
		}
	}
	program, err := exec.LookPath("r8scan") // this test's binary, as scripts run it
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	const name = "r8scan_1.2.3_linux_amd64.tar.gz"
	archive := tarball(t, "r8scan", string(text))
	url := releaseServer(t, map[string]string{name: archive}).URL + "/ann/r8scan/releases/download/v1.2.3/" + name
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(archive)))
	checked := newCheckout(t, t.TempDir())
	leak := checked.commit(t, map[string]string{"new.py": "k = '" + fakeToken("b") + "'\n"})
	clean := checked.commit(t, map[string]string{"other.py": "k = 2\n"})
	for _, tt := range []struct {
		name, url, sum, target, base, head string // target is for merged results only
		code, found                        int
	}{
		{"a merge request", url, sum, "", checked.main, clean, exitFound, 1},
		{"a clean merge request", url, sum, "", leak, clean, exitClean, 0},
		{"a merge request, merged before", url, sum, leak, checked.main, clean, exitClean, 0},
		{"the default branch", url, sum, "", "", clean, exitFound, 4}, // each is in a file and in a commit
		{"a wrong checksum", url, strings.Repeat("0", 64), "", "", clean, 1, -1},
		{"no such file", url + ".none", sum, "", "", clean, 8, -1}, // what wget ends with
		{"a commit that is not here", url, sum, "", gone, clean, exitUsage, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := readComponent(t, tt.url, tt.sum)
			checked.git(t, "clean", "-fdxq")
			cmd := exec.Command("sh", "-e", "-c", strings.Join(c.R8scan.Script, "\n"))
			cmd.Dir = checked.dir
			cmd.Env = append(jobEnvironment(t.TempDir()), "CI=true", "GITLAB_CI=true", "CI_COMMIT_SHA="+tt.head, "CI_MERGE_REQUEST_DIFF_BASE_SHA="+tt.base, "CI_MERGE_REQUEST_TARGET_BRANCH_SHA="+tt.target, "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
			for name, value := range c.R8scan.Variables {
				cmd.Env = append(cmd.Env, name+"="+value)
			}
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if code := cmd.ProcessState.ExitCode(); code != tt.code {
				t.Errorf("exit code %d, want %d\n%s", code, tt.code, out)
			}
			assertNoToken(t, string(out), fakeToken("a"), fakeToken("b"))
			for kind, file := range c.R8scan.Artifacts.Reports {
				if found := inReport(t, kind, filepath.Join(checked.dir, file)); found != tt.found {
					t.Errorf("%s: %d entries, want %d\n%s", file, found, tt.found, out)
				}
			}
		})
	}
}

// inReport returns how many entries a report for GitLab has, -1 if there is none.
func inReport(t *testing.T, kind, path string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return -1
	}
	var secrets struct{ Vulnerabilities []any }
	into := any(&secrets)
	if kind != "secret_detection" {
		into = &secrets.Vulnerabilities
	}
	if err := errors.Join(err, json.Unmarshal(text, into)); err != nil {
		t.Fatal(err)
	}
	return len(secrets.Vulnerabilities)
}
