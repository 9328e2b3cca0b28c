package main

import (
	"context"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestMachineVerify asks about the tokens on this machine only with --verify.
func TestMachineVerify(t *testing.T) {
	live, gone := seededToken(1), seededToken(2)
	api := newFakeAPI(t, map[string]fakeAnswer{live: liveAnswer})
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	writeFile(t, filepath.Join(home, ".bash_history"), "x "+live+"\ny "+gone+"\n", 0o600)

	code, out, errs := runCommand(t, "", "doctor", "--machine")
	if code != exitFound || api.requests(live)+api.requests(gone) != 0 || strings.Contains(out+errs, "live") {
		t.Errorf("exit code %d, and %d requests:\n%s", code, api.requests(live)+api.requests(gone), out)
	}
	code, out, _ = runCommand(t, "", "doctor", "--machine", "--verify")
	if code != exitFound || api.requests(live) == 0 || api.requests(gone) == 0 {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	wantAll(t, out, "in 1 place, live (account ada)", "warning  "+gone[:5], "in 1 place, revoked", "2 tokens found")
	if strings.Count(out, "then: disable") != 1 {
		t.Errorf("a revoked token is to be disabled:\n%s", out)
	}
	if code, _, errs := runCommand(t, "", "doctor", "--machine", "--verify", "--offline"); code != exitUsage {
		t.Errorf("--offline: exit code %d, %s", code, errs)
	}
}

// TestMachineStopped says that the next search goes on.
func TestMachineStopped(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs strings.Builder
	code := command{strings.NewReader(""), &out, &errs}.run(ctx, []string{"doctor", "--machine"})
	if code != exitInterrupted || out.String() != "" {
		t.Errorf("exit code %d: %s", code, out.String())
	}
	wantAll(t, errs.String(), "interrupted: 0 files", "the next r8scan doctor --machine goes on from here")
	if runtime.GOOS != "linux" {
		return
	}
	t.Setenv("XDG_CACHE_HOME", "relative") // so there is no cache folder
	errs.Reset()
	command{strings.NewReader(""), &out, &errs}.run(ctx, []string{"doctor", "--machine"})
	wantAll(t, errs.String(), "the next r8scan doctor --machine begins anew: how far the search is could not be kept: there is no cache folder")
}
