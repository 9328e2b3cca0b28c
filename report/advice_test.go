package report

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"r8scan/internal/git/gittest"
	"r8scan/result"
	"r8scan/rules"
	"r8scan/scanner"
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

// What a scan of files has seen in a tracked file may be committed.
func TestExposureIn(t *testing.T) {
	f := Finding{Exposure: result.ExposureTracked}
	for kind, want := range map[string]string{"files": "in a tracked file", "repository": "changed, not committed"} {
		if got := exposureIn(Run{Target: result.Target{Kind: kind}}, f); got != want {
			t.Errorf("%s: got %q, want %q", kind, got, want)
		}
	}
	f = Finding{Exposure: result.ExposureIgnored, CopiedBy: "Dockerfile"}
	if got := exposureIn(Run{}, f); got != "ignored by git, copied into images" {
		t.Errorf("got %q", got)
	}
}

// Only what nobody carries away may stay.
func TestMayStay(t *testing.T) {
	f := Finding{Exposure: result.ExposureIgnored, Confidence: rules.High}
	if !f.MayStay() {
		t.Error("an ignored file counts")
	}
	f.CopiedBy = "Dockerfile"
	if f.MayStay() || !strings.Contains(advice(f)[0], ".dockerignore") {
		t.Errorf("an image carries it: %q", advice(f))
	}
}

// audited returns what an audit finds in a repository.
func audited(t *testing.T, r *gittest.Repo) *Document {
	t.Helper()
	res, err := scanner.Audit(t.Context(), r.Dir, scanner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return New(*res, Tool{Name: "r8scan", Version: "1"}, time.Now(), 0)
}

// follow runs the commands of the steps for all findings, as somebody would who
// takes the token out of the file when git asks for it.
func follow(t *testing.T, r *gittest.Repo, path string) {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no shell to run the commands with")
	}
	doc := audited(t, r)
	for _, step := range steps(doc.Run, doc.Findings...) {
		if step.Command == "" || strings.HasPrefix(step.Command, "r8scan ") {
			continue
		}
		rebase := strings.HasPrefix(step.Command, "git rebase")
		if amend := step.Command == "git commit --amend"; amend {
			r.Write(path, "clean\n")
			r.Git("add", "-A")
		}
		cmd := exec.Command("sh", "-c", step.Command)
		cmd.Dir = r.Dir
		cmd.Env = append(slices.Clone(r.Env), "GIT_EDITOR=true", "GIT_SEQUENCE_EDITOR=sed -i.bak 1s/^pick/edit/")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", step.Command, err, out)
		}
		if rebase {
			r.Write(path, "clean\n")
			r.Git("add", "-A")
			r.Git("commit", "-q", "--amend", "--no-edit")
			r.Git("-c", "core.editor=true", "rebase", "--continue")
		}
	}
}

// TestStepsWork: after the commands for a commit that was not pushed, or for what
// is staged, the token is nowhere in the repository.
func TestStepsWork(t *testing.T) {
	commit := func(r *gittest.Repo, path, text string) {
		r.Write(path, text)
		r.Git("add", "-A")
		r.Git("commit", "-qm", "change "+path)
	}
	for name, build := range map[string]func(r *gittest.Repo){
		"the last commit": func(r *gittest.Repo) { commit(r, "a.py", gittest.Token(1)) },
		"an older commit": func(r *gittest.Repo) { commit(r, "a.py", gittest.Token(1)); commit(r, "c.py", "y\n") },
		"a dropped commit": func(r *gittest.Repo) {
			commit(r, "a.py", gittest.Token(1))
			r.Git("reset", "-q", "--hard", "HEAD~1")
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := gittest.New(t)
			commit(r, "b.py", "x\n")
			build(r)
			if doc := audited(t, r); len(doc.Findings) != 1 {
				t.Fatalf("%d findings", len(doc.Findings))
			}
			follow(t, r, "a.py")
			if doc := audited(t, r); len(doc.Findings) != 0 || !doc.Complete {
				t.Errorf("findings %+v, unread %v", doc.Findings, doc.Coverage.Unread)
			}
		})
	}
}

// TestStepsKnowRemotes: what a remote has is not said to be in this clone only.
func TestStepsKnowRemotes(t *testing.T) {
	r, remote := gittest.New(t), gittest.New(t, "--bare")
	r.Write("a.py", gittest.Token(1))
	r.Git("add", "-A")
	r.Git("commit", "-qm", "one")
	r.Git("remote", "add", "upstream", remote.Dir)
	first := func(r *gittest.Repo) string {
		doc := audited(t, r)
		return steps(doc.Run, doc.Findings...)[0].Text
	}
	if got := first(r); !strings.HasPrefix(got, "No remote branch") {
		t.Errorf("not pushed: %q", got)
	}
	r.Git("push", "-q", "upstream", "HEAD:refs/heads/main")
	if got := first(r); !strings.Contains(got, "first: it was pushed to upstream, and rewriting") {
		t.Errorf("pushed: %q", got)
	}
	if got := first(remote); !strings.Contains(got, "first: deleting it is not enough") {
		t.Errorf("on the remote: %q", got)
	}
	r.Git("update-ref", "-d", "refs/remotes/upstream/main")
	r.Git("update-ref", "refs/remotes/pull/7/merge", "HEAD") // as the checkout of a pull request has it
	if got := first(r); !strings.Contains(got, "first: it is in pull request 7, and rewriting") {
		t.Errorf("in a pull request: %q", got)
	}
}
