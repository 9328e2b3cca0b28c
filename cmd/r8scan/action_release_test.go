package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// runs is a program for a release that is not r8scan. Where it has run there is a file
// of this name.
const runs = "#!/bin/sh\necho ran >>\"$RUNNER_TEMP/ran\"\necho r8scan 1.2.3\n"

// tarball returns a release's archive for Linux and macOS.
func tarball(t *testing.T, name, program string) string {
	t.Helper()
	var b bytes.Buffer
	packed := gzip.NewWriter(&b)
	w := tar.NewWriter(packed)
	for _, f := range []struct{ name, text string }{{"LICENSE", "MIT"}, {name, program}} {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: 0o755, Size: int64(len(f.text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f.text)); err != nil {
			t.Fatal(err)
		}
	}
	if w.Close() != nil || packed.Close() != nil {
		t.Fatal("the archive is not written")
	}
	return b.String()
}

// zipped returns the one for Windows.
func zipped(t *testing.T, program string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: "r8scan.exe", Method: zip.Deflate}
	h.SetMode(0o755)
	f, err := w.CreateHeader(h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(program)); err != nil || w.Close() != nil {
		t.Fatal("the archive is not written")
	}
	return b.String()
}

// releaseServer serves the files of the release v1.2.3 as GitHub does. A text that ends
// with "…" breaks off there.
func releaseServer(t *testing.T, files map[string]string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := files[strings.TrimPrefix(r.URL.Path, "/ann/r8scan/releases/download/v1.2.3/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if cut, ok := strings.CutSuffix(text, "…"); ok {
			w.Header().Set("Content-Length", fmt.Sprint(len(cut)+1000))
			text = cut
		}
		_, _ = w.Write([]byte(text)) // the client may be gone
	}))
	t.Cleanup(server.Close)
	return server
}

// sumLine is the line of a file in action.checksums.
func sumLine(name, text string) string {
	return fmt.Sprintf("%x  %s\n", sha256.Sum256([]byte(text)), name)
}

// fakeGH is a gh that knows attestations, and ends with code for each.
func fakeGH(code int) string {
	return fmt.Sprintf("#!/bin/sh\n[ \"$4\" != '' ] || exit 0\necho \"$GH_HOST $*\" >\"$RUNNER_TEMP/asked\"\necho '::error::x'\nexit %d\n", code)
}

const oldGH = "#!/bin/sh\nexit 1\n" // one that does not know attestations

// released returns a runner of the action at a commit that pins a release.
func (r *runner) released(t *testing.T, sums, gh string, files map[string]string) *runner {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "action.checksums"), sums, 0o600)
	writeFile(t, filepath.Join(dir, "go.sum"), "", 0o600)
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "bin", "gh"), gh, 0o755)
	next := *r
	next.path = dir
	next.github = map[string]string{"action_repository": "ann/r8scan", "server_url": releaseServer(t, files).URL}
	next.env = append(slices.Clone(r.env), "PATH="+filepath.Join(dir, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"), "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	return &next
}

// testActionRelease runs the action where a release is pinned: with a release that is
// right, and with each that is not, where it has to use what it builds.
func testActionRelease(t *testing.T, r *runner, c *checkout) {
	for _, program := range []string{"curl", "tar", "unzip"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("there is no %s, which GitHub's runners have", program)
		}
	}
	const linux, windows = "r8scan_1.2.3_linux_amd64.tar.gz", "r8scan_1.2.3_windows_amd64.zip"
	right, other, exe := tarball(t, "r8scan", runs), tarball(t, "r8scan", runs+"# another\n"), zipped(t, runs)
	unnamed, broken := tarball(t, "other", runs), tarball(t, "r8scan", "\x7fELF no program")
	all := sumLine(windows, exe) + sumLine("r8scan_1.2.3_linux_arm64.tar.gz", other) + sumLine(linux, right) + sumLine("r8scan_1.2.3_linux_amd64.deb", other)
	served := map[string]string{linux: right, windows: exe}
	for _, tt := range []struct {
		name, sums, gh string
		files          map[string]string
		env            []string
		log            string // what the log has
		ok             bool   // the release is used
	}{
		{"a release", all, oldGH, served, nil, "its attestation is not checked", true},
		{"attested", all, fakeGH(0), served, nil, "attested by ann/r8scan", true},
		{"for Windows", all, oldGH, served, []string{"RUNNER_OS=Windows"}, "r8scan 1.2.3", true},
		{"checksums with CRLF", strings.ReplaceAll(all, "\n", "\r\n"), oldGH, served, nil, "r8scan 1.2.3", true},
		{"not attested", all, fakeGH(1), served, nil, "has no valid attestation of ann/r8scan", false},
		{"a wrong checksum", all, oldGH, map[string]string{linux: other}, nil, "does not have the checksum of the release", false},
		{"a login page", all, oldGH, map[string]string{linux: "<html>"}, nil, "does not have the checksum of the release", false},
		{"not there", all, oldGH, nil, nil, "could not be downloaded", false},
		{"a connection that breaks", all, oldGH, map[string]string{linux: right + "…"}, nil, "could not be downloaded", false},
		{"truncated", all, oldGH, map[string]string{linux: right[:len(right)/2]}, nil, "does not have the checksum of the release", false},
		{"an unknown system", all, oldGH, served, []string{"RUNNER_OS=Plan9"}, "There is no release for Plan9-X64", false},
		{"an unknown processor", all, oldGH, served, []string{"RUNNER_ARCH=X86"}, "There is no release for Linux-X86", false},
		{"a system without a file", sumLine(windows, exe), oldGH, served, nil, "The release has nothing for Linux-X64", false},
		{"an empty list", "", oldGH, served, nil, "The release has nothing for Linux-X64", false},
		{"a short checksum", strings.ReplaceAll(all, fmt.Sprintf("%x", sha256.Sum256([]byte(right))), "00"), oldGH, served, nil, "The release has nothing for Linux-X64", false},
		{"two versions", all + sumLine("r8scan_1.2.4_linux_amd64.tar.gz", right), oldGH, served, nil, "several files for Linux-X64", false},
		{"an archive without r8scan", sumLine(linux, unnamed), oldGH, map[string]string{linux: unnamed}, nil, "cannot be unpacked", false},
		{"a program that does not run", sumLine(linux, broken), oldGH, map[string]string{linux: broken}, nil, "does not run", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := r.released(t, tt.sums, tt.gh, tt.files).with(t, "schedule", "{}")
			r.env = append(r.env, tt.env...)
			var got ran
			if code := r.runStep(t, r.action.Runs.Steps[0], &got); code != 0 || !strings.Contains(got.log, tt.log) {
				t.Errorf("exit code %d\n%s", code, got.log)
			}
			if r.outputs["release"]["r8scan"] != "" != tt.ok || (len(got.annotations) == 1 && got.annotations[0].level == "warning") == tt.ok {
				t.Errorf("the outputs are %q, the annotations %q", r.outputs["release"], got.annotations)
			}
			if _, err := os.Stat(filepath.Join(r.temp, "ran")); (err == nil) != tt.ok {
				t.Errorf("whether the release's program was run: %v", err)
			}
			if tt.gh == fakeGH(0) {
				asked, _ := os.ReadFile(filepath.Join(r.temp, "asked"))
				if got, want := string(asked), strings.TrimPrefix(r.github["server_url"], "http://")+" attestation verify "+linux+" --repo ann/r8scan\n"; got != want {
					t.Errorf("gh was asked %q, not %q", got, want)
				}
			}
		})
	}
	testActionReleaseScans(t, r, c)
}

// testActionReleaseScans runs the whole action with a release, and with one that is not
// there.
func testActionReleaseScans(t *testing.T, r *runner, c *checkout) {
	program, err := os.ReadFile(r.outputs["build"]["r8scan"])
	if err != nil {
		t.Fatal(err)
	}
	const name = "r8scan_1.2.3_linux_amd64.tar.gz"
	archive := tarball(t, "r8scan", string(program))
	for used, files := range map[string]map[string]string{"": {name: archive}, "actions/setup-go actions/cache": nil} {
		got := r.released(t, sumLine(name, archive), fakeGH(0), files).with(t, "schedule", "{}").run(t)
		want{1, "1", "0", "true"}.check(t, got)
		if strings.Join(got.used, " ") != used {
			t.Errorf("used %q, want %q", got.used, used)
		}
	}
}

// TestActionPinsNothing: no branch may have the checksums of a release, which is of an
// older commit.
func TestActionPinsNothing(t *testing.T) {
	if _, err := os.Stat(filepath.Join(top, "action.checksums")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("action.checksums: %v: it belongs to the commit of a release's action only", err)
	}
}
