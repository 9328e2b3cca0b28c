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

// githubEvent is the part of a GitHub Actions event's payload that says which
// commits the event is about.
type githubEvent struct {
	PullRequest *struct {
		Base, Head struct{ SHA string }
	} `json:"pull_request"`
	MergeGroup *struct {
		Base string `json:"base_sha"`
		Head string `json:"head_sha"`
	} `json:"merge_group"`

	// A push has these; Before is all zeros for a new ref, After for a deleted one.
	Before, After string
	Ref           string
	Repository    struct {
		DefaultBranch string `json:"default_branch"`
	}
}

// maxEvent is far above the 25 MB that GitHub limits a payload to.
const maxEvent = 64 << 20

// fullClone is what mends a commit that is not there.
const fullClone = "give actions/checkout fetch-depth: 0"

// readEvent reads the payload that the runner names by GITHUB_EVENT_PATH.
func readEvent() (githubEvent, error) {
	var e githubEvent
	path := os.Getenv("GITHUB_EVENT_PATH")
	if path == "" {
		return e, errors.New("GITHUB_EVENT_PATH is not set, as it is in a GitHub workflow: use --range elsewhere")
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

// span returns the range of what the event's commits add in the repository at
// repo, and what the user should know about it, "" if nothing.
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
	return "", "", errors.New("the event names no commits, as a push, a pull request or a merge group does: use audit")
}

func between(repo, what, base, head string) (string, error) {
	if !isCommitID(base) || !isCommitID(head) {
		return "", fmt.Errorf("the event does not say which commits %s has: use audit", what)
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

// pushed returns the range of a push. Of a new ref, and of one whose old commit
// is gone with a forced push, it is what the default branch does not have.
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
	if !has[to] && strings.HasPrefix(e.Ref, "refs/tags/") { // it is the tag's own id, and the commit was fetched alone
		to = e.Ref
	}
	switch {
	case !has[to]:
		return "", "", fmt.Errorf("commit %s of the push is not in this clone: %s", e.After, fullClone)
	case has[e.Before] && isCommitID(e.Before):
		return e.Before + ".." + to, "", nil
	case isCommitID(e.Before):
		note = fmt.Sprintf("commit %s, which the push replaced, is not in this clone (it was forced, or checkout lacks fetch-depth: 0): ", e.Before)
	default:
		note = "the push made a new ref: "
	}
	if has[main] && e.Ref != "refs/heads/"+e.Repository.DefaultBranch {
		return "^" + main + " " + to, note + "scanning what " + main + " does not have", nil
	}
	return to, note + "scanning all that led to " + to, nil
}

// isCommitID reports whether s is a whole id in hex, and not the zeros that
// stand for none.
func isCommitID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == "" && strings.Trim(s, "0") != ""
}
