package advice

import (
	"slices"
	"strings"

	"r8scan/internal/pattern"
	"r8scan/result"
	"r8scan/rules"
)

// Stage is how far a token got, as far as a scan can know.
type Stage int

// The stages, the nearest first.
const (
	Ignored   Stage = iota // in a file that git ignores
	Here                   // in a file that git does not know
	Tracked                // in a file that git tracks
	Staged                 // in the index, not committed
	Dropped                // in git, and no ref reaches it
	Committed              // in git, and no ref says that it was pushed
	Elsewhere              // in git, in a way that says nothing about where else it is
	Pushed                 // on a remote
	Posted                 // in no file or object, but in a text beside a repository on its server
)

// Reach is where a token got to. It is comparable.
type Reach struct {
	Stage   Stage
	Remotes string // of Pushed: names of remotes, as in "origin and upstream"; "" if none can be named
	Request string // of Pushed: "pull request 7"; "" if it is in none
}

// reachOf tells where a token got to by its places and its story. A remote's name
// is from the repository, and left out unless it is plain. That nothing was pushed
// is said only of what a branch of a work tree's repository has: tags, and the
// branches of a bare repository, mostly come from elsewhere.
func reachOf(c Case) Reach {
	switch c.Exposure {
	case result.ExposureIgnored:
		return Reach{Stage: Ignored}
	case result.ExposureTracked:
		if slices.ContainsFunc(c.Locations, func(l result.Location) bool { return l.Kind == result.KindIndex }) {
			return Reach{Stage: Staged}
		}
		return Reach{Stage: Tracked}
	case result.ExposureStaged:
		return Reach{Stage: Staged}
	case result.ExposurePosted:
		return Reach{Stage: Posted}
	case result.ExposureUntracked:
		return Reach{Stage: Here}
	}
	refs := refsOf(c.History, c.Locations)
	var remotes, requests []string
	pushed := false
	for _, ref := range refs {
		request, remote, there := remoteOf(ref)
		pushed = pushed || there
		requests, remotes = appendNew(requests, request), appendNew(remotes, remote)
	}
	local := slices.ContainsFunc(refs, func(ref string) bool { return !strings.HasPrefix(ref, "refs/tags/") })
	switch {
	case pushed:
		return Reach{Stage: Pushed, Remotes: listed(remotes), Request: listed(requests)}
	case c.Bare:
	case c.History != nil && !c.History.Reachable:
		return Reach{Stage: Dropped}
	case c.History != nil && local:
		return Reach{Stage: Committed}
	}
	return Reach{Stage: Elsewhere}
}

// refsOf returns the refs that reach a token, and those whose names or logs hold
// it.
func refsOf(history *result.History, places []result.Location) []string {
	var refs []string
	if history != nil {
		refs = append(refs, history.Refs...)
	}
	for _, l := range places {
		if l.Kind == result.KindRef || l.Kind == result.KindReflog {
			if _, name, ok := strings.Cut("/"+l.Path, "/refs/"); ok {
				refs = append(refs, "refs/"+name)
			}
		}
	}
	return refs
}

// requestRefs are how hosts and clones of theirs call what a pull or merge
// request brings.
var requestRefs = []struct {
	what string
	ref  pattern.Pattern // its first group is the number
}{
	{"pull request", pattern.Of(`^refs/(?:remotes/(?:[^/]+/)?)?pull/([0-9]{1,9})(?:/|$)`)}, // GitHub, Azure
	{"pull request", pattern.Of(`^refs/pull-requests/([0-9]{1,9})/`)},                      // Bitbucket
	{"merge request", pattern.Of(`^refs/(?:remotes/[^/]+/)?merge-requests/([0-9]{1,9})(?:/|$)`)},
}

// remoteOf returns what a ref says: in which request a commit is, on which remote,
// and whether it is on one at all.
func remoteOf(ref string) (request, remote string, there bool) {
	for _, r := range requestRefs {
		if m := r.ref().FindStringSubmatch(ref); m != nil {
			return r.what + " " + m[1], "", true
		}
	}
	for _, hosted := range []string{"refs/changes/", "refs/pipelines/", "refs/keep-around/", "refs/environments/"} { // Gerrit, GitLab
		if strings.HasPrefix(ref, hosted) {
			return "", "", true
		}
	}
	name, ok := strings.CutPrefix(ref, "refs/remotes/")
	if !ok {
		return "", "", false
	}
	name, _, _ = strings.Cut(name, "/")
	if !plainName().MatchString(name) || rules.Redact(name) != name {
		name = ""
	}
	return "", name, true
}

// plainName is a name that is no markup and no link, whatever shows it.
var plainName = pattern.Of(`^[A-Za-z0-9]([A-Za-z0-9_-]{0,38}[A-Za-z0-9])?$`)

func appendNew(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// listed returns up to three things as in "a, b and c", and how many more.
func listed(list []string) string {
	slices.Sort(list)
	const shown = 3
	if len(list) > shown {
		return strings.Join(list[:shown], ", ") + " and others"
	}
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}
