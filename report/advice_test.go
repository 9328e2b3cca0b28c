package report

import (
	"strings"
	"testing"
	"time"

	"r8scan/result"
	"r8scan/rules"
)

func TestAdvice(t *testing.T) {
	for _, tt := range []struct {
		exposure result.Exposure
		status   Status
		first    string
	}{
		{result.ExposureHistory, StatusUnchecked, "Disable the token at https://replicate.com/account/api-tokens first"},
		{result.ExposureHistory, StatusLive, "Disable the token"},
		{result.ExposureHistory, StatusRevoked, "Nobody can use this token"},
		{result.ExposureStaged, StatusUnchecked, "Unstage it"},
		{result.ExposureTracked, StatusUnknown, "If this was ever shared"},
		{result.ExposureUntracked, StatusUnchecked, "If this was ever shared"},
		{result.ExposureIgnored, StatusUnchecked, "No action needed"},
	} {
		f := Finding{Exposure: tt.exposure, Confidence: rules.High, Verification: Verification{Status: tt.status}}
		got := advice(f)
		if !strings.HasPrefix(got[0], tt.first) {
			t.Errorf("%s, %s: got %q", tt.exposure, tt.status, got)
		}
		f.Confidence = rules.Low
		if tt.status == StatusLive {
			if low := advice(f); len(low) != len(got) {
				t.Errorf("a live token that looks like a placeholder: got %q", low)
			}
			continue
		}
		if low := advice(f); len(low) != len(got)+1 || !strings.HasPrefix(low[0], "Look at it first") {
			t.Errorf("%s, low confidence: got %q", tt.exposure, low)
		}
	}
}

// Findings in a group have the same steps, whatever their paths; what differs for
// a file is in its own line.
func TestAdviceGroups(t *testing.T) {
	run := Run{Target: result.Target{Kind: "repository", Head: commit("e")}, StartedAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	pushed := func(path, ref string) Finding {
		return Finding{Rule: rules.APIToken.ID, Confidence: rules.High, Exposure: result.ExposureHistory,
			Locations: []result.Location{{Path: path, Kind: result.KindBlob}},
			History: &result.History{Reachable: true, Refs: []string{"refs/heads/main", ref},
				Introduced: &result.Event{Commit: commit("a"), Date: day("2023-04-05T10:00:00Z")}}}
	}
	a, b, c := pushed("a.py", "refs/remotes/origin/main"), pushed("b.js", "refs/remotes/origin/dev"), pushed("c.go", "refs/heads/dev")
	if groupOf(run, a) != groupOf(run, b) {
		t.Error("two that were pushed to the same remote are in different groups")
	}
	if groupOf(run, a) == groupOf(run, c) {
		t.Error("one that was pushed and one that was not are in the same group")
	}
	if text := steps(run, a, b)[0].Text; !strings.Contains(text, "it was pushed to origin") {
		t.Errorf("got %q", text)
	}
	for f, want := range map[*Finding]string{
		&a: `Write os.environ["REPLICATE_API_TOKEN"] instead (it needs import os).`,
		&b: "Write process.env.REPLICATE_API_TOKEN instead.",
		&c: `Write os.Getenv("REPLICATE_API_TOKEN") instead (it needs import "os").`,
	} {
		if got := instead(*f, f.Locations[0]).String(); got != want {
			t.Errorf("%s: got %q, want %q", f.Locations[0].Path, got, want)
		}
	}
	if got := old(run, a, b, c); !strings.Contains(got, "the oldest on 2023-04-05") {
		t.Errorf("got %q", got)
	}
}

// Only what nobody carries away may stay.
func TestMayStay(t *testing.T) {
	f := Finding{Exposure: result.ExposureIgnored, Confidence: rules.High}
	if !mayStay(f) {
		t.Error("an ignored file counts")
	}
	f.CopiedBy = "Dockerfile"
	if mayStay(f) || !strings.Contains(advice(f)[0], ".dockerignore") {
		t.Errorf("an image carries it: %q", advice(f))
	}
}
