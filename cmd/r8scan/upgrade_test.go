package main

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
	"r8scan/report"
)

// oldLeaks makes the repository that the results in testdata/results are of: the token
// a is only in its first commit, b is in a file at HEAD, c in a file that git does not
// know. All ids are the same in every run.
func oldLeaks(t *testing.T) string {
	t.Helper()
	r := gittest.New(t)
	r.Write("app.py", "import replicate\nTOKEN = \""+fakeToken("a")+"\"\n")
	r.Git("add", ".")
	r.Git("commit", "-qm", "first")
	r.Write("app.py", "import replicate\n")
	r.Write("deploy/run.sh", "export REPLICATE_API_TOKEN="+fakeToken("b")+"\n")
	r.Git("add", ".")
	r.Git("commit", "-qm", "second")
	r.Write("notes.txt", fakeToken("c")+"\n")
	return r.Dir
}

// saving is a released r8scan whose result of oldLeaks is to be kept.
var saving = flag.String("released", "", "save what this r8scan `binary` writes in testdata/results, under its version")

// save keeps the result of a released version for TestUpgrade.
func save(t *testing.T, binary, dir string) {
	t.Helper()
	cmd := exec.Command(binary, "audit", "-f", "json", "--no-cache")
	cmd.Dir = dir
	out, err := cmd.Output()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != exitFound {
		t.Fatalf("%s: %v", binary, err)
	}
	doc, err := report.Read(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(top, "testdata", "results", doc.Tool.Version+".json"), string(out), 0o644)
}

// TestUpgrade: a result that an older version saved is rendered in every format, and
// its tokens are found again.
func TestUpgrade(t *testing.T) {
	dir := oldLeaks(t)
	if *saving != "" {
		save(t, *saving, dir)
	}
	files, err := filepath.Glob(filepath.Join(top, "testdata", "results", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d results, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			old, err := filepath.Abs(file)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = sickbed(t)
			for _, format := range report.Formats() {
				code, out, errs := runCommand(t, "", "report", old, "-f", format)
				if code != exitClean || errs != "" || format != "github" && !strings.Contains(out, "deploy/run.sh") {
					t.Errorf("%s: exit %d: %s%s", format, code, out, errs)
				}
			}
			newFakeAPI(t, map[string]fakeAnswer{fakeToken("a"): liveAnswer})
			code, out, errs := runCommand(t, "", "recheck", old, "--dir", dir, "-f", "json")
			if code != exitFound {
				t.Fatalf("exit %d: %s", code, errs)
			}
			got := rechecks(t, out)
			for name, want := range map[string]string{"a": "live there", "b": "revoked there", "c": "revoked there"} {
				if got[fakeToken(name)[:5]] != want {
					t.Errorf("%s is %q, want %q", name, got[fakeToken(name)[:5]], want)
				}
				assertNoToken(t, out+errs, fakeToken(name))
			}
		})
	}
}

// released are the versions that the changelog names.
var released = regexp.MustCompile(`(?m)^## \[?v?(\d+\.\d+\.\d+[^\s\]]*)`)

// TestUpgradeHasAll: each released version has a result in testdata/results.
func TestUpgradeHasAll(t *testing.T) {
	for _, m := range released.FindAllStringSubmatch(pages(t)["CHANGELOG.md"], -1) {
		if _, err := os.Stat(filepath.Join(top, "testdata", "results", m[1]+".json")); err != nil {
			t.Errorf("no result of the released version %s: see testdata/README.md", m[1])
		}
	}
}
