package hooks

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"r8scan/internal/plain"
	"r8scan/internal/regular"
	"r8scan/scanner"
)

// githubEvent is the part of a GitHub Actions event's payload that names the
// commits.
type githubEvent struct {
	PullRequest *struct {
		Base, Head struct{ SHA string }
	} `json:"pull_request"`
	MergeGroup *struct {
		Base string `json:"base_sha"`
		Head string `json:"head_sha"`
	} `json:"merge_group"`

	// Of a push. Before is all zeros for a new ref, After for a deleted one.
	Before, After string
	Ref           string
	Repository    struct {
		DefaultBranch string `json:"default_branch"`
	}
}

// maxEvent is far above the 25 MB that GitHub limits a payload to.
const maxEvent = 64 << 20

// fullClone says how to get a missing commit.
const fullClone = "give actions/checkout fetch-depth: 0"

// readEvent reads the payload in the file GITHUB_EVENT_PATH.
func readEvent() (githubEvent, error) {
	var e githubEvent
	path := os.Getenv("GITHUB_EVENT_PATH")
	if path == "" {
		return e, errors.New("GITHUB_EVENT_PATH is not set: outside a GitHub workflow, use --range")
	}
	f, _, err := regular.Follow(path)
	if err != nil {
		return e, fmt.Errorf("read the event: %w", err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	if err := json.NewDecoder(plain.NewReader(io.LimitReader(f, maxEvent))).Decode(&e); err != nil {
		return e, fmt.Errorf("read the event in %s: %w", path, err)
	}
	return e, nil
}

// span returns the range of the event's commits in the repository at repo, and a
// note for the user, which may be "".
func (e githubEvent) span(repo string) (span, note string, err error) {
	switch {
	case e.PullRequest != nil:
		span, err = between(repo, "the pull request", e.PullRequest.Base.SHA, e.PullRequest.Head.SHA)
		return span, "", err
	case e.MergeGroup != nil:
		span, err = between(repo, "the merge group", e.MergeGroup.Base, e.MergeGroup.Head)
		return span, "", err
	case isCommitID(e.After):
		return e.pushed(repo)
	}
	return "", "", errors.New("the event is no push, pull request or merge group, so it names no commits: use r8scan audit")
}

func between(repo, what, base, head string) (string, error) {
	if !isCommitID(base) || !isCommitID(head) {
		return "", fmt.Errorf("the event does not say which commits %s has: use r8scan audit", what)
	}
	missing, err := scanner.MissingRevisions(repo, base, head)
	if err != nil {
		return "", err
	}
	if len(missing) > 0 {
		return "", fmt.Errorf("commit %s of %s is not in this clone: %s", missing[0], what, fullClone)
	}
	return base + ".." + head, nil
}

// pushed returns the range of a push. For a new ref, and after a force push whose
// old commit is gone, it is what the default branch does not have.
func (e githubEvent) pushed(repo string) (span, note string, err error) {
	main := "refs/remotes/origin/" + e.Repository.DefaultBranch
	missing, err := scanner.MissingRevisions(repo, e.Before, e.After, e.Ref, main)
	if err != nil {
		return "", "", err
	}
	has := map[string]bool{e.Before: true, e.After: true, e.Ref: true, main: true}
	for _, name := range missing {
		has[name] = false
	}
	to := e.After
	if !has[to] && strings.HasPrefix(e.Ref, "refs/tags/") { // After is the tag's id; checkout fetches the commit only
		to = e.Ref
	}
	switch {
	case !has[to]:
		return "", "", fmt.Errorf("commit %s of the push is not in this clone: %s", e.After, fullClone)
	case has[e.Before] && isCommitID(e.Before):
		return e.Before + ".." + to, "", nil
	case isCommitID(e.Before):
		note = fmt.Sprintf("commit %s, which the push replaced, is not in this clone (a force push, or checkout without fetch-depth: 0): ", e.Before)
	default:
		note = "the push created a ref: "
	}
	if has[main] && e.Ref != "refs/heads/"+e.Repository.DefaultBranch {
		return "^" + main + " " + to, note + "scanning what " + main + " does not have", nil
	}
	return to, note + "scanning " + to + " and all its ancestors", nil
}

// isCommitID reports whether s is a complete id in hex, and not all zeros.
func isCommitID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == "" && strings.Trim(s, "0") != ""
}
