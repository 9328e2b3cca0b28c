package scanner

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"r8scan/result"
)

// TestDamage inverts and cuts a repository's files byte by byte. Whatever
// stands in them, a scan ends, and either finds what the whole repository holds
// or says that it is incomplete.
func TestDamage(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not there to make a repository")
	}
	step := 3 // co-prime to the widths of the fields in packs and indexes
	if testing.Short() {
		step = 11
	}
	repo := t.TempDir()
	buildRepo(t, repo)
	want := scanFor(t, repo)
	if len(want.Findings) != 3 || !want.Coverage.Complete() {
		t.Fatalf("%d findings in the whole repository, complete: %v", len(want.Findings), want.Coverage.Complete())
	}
	for _, pattern := range []string{"objects/pack/*.pack", "objects/pack/*.idx", "index", "packed-refs", "HEAD"} {
		files, err := filepath.Glob(filepath.Join(repo, ".git", pattern))
		if err != nil || len(files) != 1 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		t.Run(filepath.Ext(pattern)+filepath.Base(pattern), func(t *testing.T) { damage(t, repo, files[0], step, want) })
	}
}

func damage(t *testing.T, repo, file string, step int, want *result.Result) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o600); err != nil { // git makes packs read-only
		t.Fatal(err)
	}
	defer write(t, file, text)
	for at := 0; at < len(text); at += step {
		damaged := append([]byte{}, text...)
		damaged[at] ^= 0xff
		write(t, file, damaged)
		compare(t, scanFor(t, repo), want, "byte "+strconv.Itoa(at)+" inverted")
		damaged[at] = text[at] ^ 1
		write(t, file, damaged)
		compare(t, scanFor(t, repo), want, "lowest bit of byte "+strconv.Itoa(at)+" inverted")
		write(t, file, text[:at])
		compare(t, scanFor(t, repo), want, "cut at byte "+strconv.Itoa(at))
	}
}

// compare checks that a scan lost no token in silence.
func compare(t *testing.T, got, want *result.Result, how string) {
	t.Helper()
	if !got.Coverage.Complete() {
		return
	}
	ids := map[string]bool{}
	for _, f := range got.Findings {
		ids[f.Secret.ID()] = true
	}
	for _, f := range want.Findings {
		if !ids[f.Secret.ID()] {
			t.Errorf("%s: a token in %+v is lost, and the scan says it is complete", how, f.Locations[0])
		}
	}
}

func scanFor(t *testing.T, repo string) *result.Result {
	t.Helper()
	r, err := Audit(context.Background(), repo, Options{Jobs: 1})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// buildRepo makes a repository in dir with a pack in which deltas build on each
// other: one token came and went, one stands in a message, one is staged.
func buildRepo(t *testing.T, dir string) {
	t.Helper()
	filler := strings.Repeat("a line that deltas can copy\n", 20)
	git(t, dir, "init", "-q", "-b", "main")
	for i, line := range []string{"x = " + strings.Join([]string{"r8_", "4Zt8Qw1LpXc7Vb2NmKj9Hg5Fd3Sa6PoIuYtRe"}, ""), "y", "z"} {
		write(t, filepath.Join(dir, "a.txt"), []byte(filler+line+"\n"+filler+strconv.Itoa(i)))
		git(t, dir, "add", ".")
		git(t, dir, "commit", "-q", "-m", "message "+strings.Repeat(strings.Join([]string{"r8_", "7Yh3Ug9Ij2Ok5Lp8Mn1Bv4Cx6Za0Sd7Fg2Hj4"}, ""), i%2))
	}
	write(t, filepath.Join(dir, "a.txt"), []byte(filler+"r8_"+"2Wq5Er8Ty1Ui4Op7As0Df3Gh6Jk9Lz2Xc5Vb8N"))
	git(t, dir, "add", ".")
	write(t, filepath.Join(dir, "a.txt"), []byte("clean"))
	git(t, dir, "repack", "-q", "-a", "-d", "-f")
	git(t, dir, "pack-refs", "--all")
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_AUTHOR_DATE=2024-01-02T03:04:05Z",
		"GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.com", "GIT_COMMITTER_DATE=2024-01-02T03:04:05Z")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %s: %v: %s", args, err, out)
	}
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
