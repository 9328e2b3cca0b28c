package scanner

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"r8scan/result"
)

func TestExposure(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git to make a repository with")
	}
	dir := t.TempDir()
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	git := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("git", append([]string{"-C", filepath.Join(dir, "repo")}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	write("outside", "")
	for _, name := range []string{"repo/tracked", "repo/a/untracked", "repo/ignored", "repo/a/.env", "repo/b/.env", "repo/b/forced"} {
		write(name, "x")
	}
	git("init", "-q")
	check := func(want map[string]result.Exposure) {
		t.Helper()
		for name, exposure := range want {
			if got := Exposure(filepath.Join(dir, name)); got != exposure {
				t.Errorf("%s: %q, want %q", name, got, exposure)
			}
		}
	}
	check(map[string]result.Exposure{"repo/tracked": result.ExposureUntracked, "outside": "", "missing/folder/x": ""})
	write("repo/.gitignore", "/ignored\n")
	write("repo/a/.gitignore", ".env\n")
	write("repo/b/.gitignore", "*\n")
	git("add", "tracked")
	git("add", "-f", "b/forced")
	want := map[string]result.Exposure{
		"repo/tracked": result.ExposureTracked, "repo/a/untracked": result.ExposureUntracked, "repo/ignored": result.ExposureIgnored,
		"repo/a/.env": result.ExposureIgnored, "repo/b/.env": result.ExposureIgnored, "repo/b/forced": result.ExposureTracked,
	}
	check(want)
	t.Chdir(filepath.Join(dir, "repo", "a"))
	if got := Exposure("../tracked"); got != result.ExposureTracked {
		t.Errorf("by a relative path: %q", got)
	}
	write("repo/.git/index", "damaged")
	check(map[string]result.Exposure{"repo/tracked": ""})
}
