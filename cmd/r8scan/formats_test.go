package main

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"testing"

	"r8scan/internal/git/gittest"
	"r8scan/report"
)

// moments are what differs between two scans of the same: when they were made,
// and how long they took.
var moments = regexp.MustCompile(`20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?|"duration_ms": ?\d+|time="[0-9.]+"|in [0-9.]+m?s\b`)

// TestSavedResultInEveryFormat: what a scan writes, and what report makes of its
// saved result, are the same in every format, with what Replicate says and with
// names that would break out of one.
func TestSavedResultInEveryFormat(t *testing.T) {
	live, gone, page, told, set := seededToken(1), seededToken(2), seededToken(3), seededToken(4), seededToken(5)
	r := gittest.New(t)
	r.Write("app.py", live)
	r.Write("a ,;%0A](x)`.py", gone)
	if runtime.GOOS != "windows" {
		r.Write("=1\n::error::<b>\u202e", page)
		_ = os.WriteFile(filepath.Join(r.Dir, "a\xff.py"), []byte(page), 0o600) // not every file system has such names
	}
	r.Write("README.md", "x")
	r.Git("add", "-A")
	r.Git("commit", "-qm", told)
	r.Git("rm", "-q", "app.py")
	r.Git("commit", "-qm", "two")
	r.Git("config", "remote.origin.url", "git@github.com:ada/app.git")
	r.Git("config", "alias.x", "!"+set)
	newFakeAPI(t, map[string]fakeAnswer{live: liveAnswer, page: {403, "<html>"}, told: liveAnswer})
	for _, flags := range [][]string{nil, {"--verify"}, {"-v", "--include", "*.py"}} {
		scan := append([]string{"audit", r.Dir}, flags...)
		saved := filepath.Join(t.TempDir(), "saved.json")
		if code, _, errs := runCommand(t, "", append(scan, "-f", "json", "-o", saved)...); code != exitFound {
			t.Fatalf("exit %d: %s", code, errs)
		}
		for _, format := range report.Formats() {
			code, direct, errs := runCommand(t, "", append(scan, "-f", format)...)
			if code != exitFound {
				t.Fatalf("%s: exit %d: %s", format, code, errs)
			}
			shown := []string{"report", saved, "-f", format}
			if slices.Contains(flags, "-v") {
				shown = append(shown, "-v")
			}
			code, again, errs := runCommand(t, "", shown...)
			if code != exitClean || errs != "" {
				t.Fatalf("%s: exit %d: %s", format, code, errs)
			}
			if moments.ReplaceAllString(direct, "") != moments.ReplaceAllString(again, "") {
				t.Errorf("%v, %s: direct it is\n%s\nand of the saved result\n%s", flags, format, direct, again)
			}
			assertNoToken(t, direct+again, live, gone, page, told, set)
			if len(direct) < 200 {
				t.Errorf("%v, %s: there is only %q", flags, format, direct)
			}
		}
	}
}
