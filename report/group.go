package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	advise "r8scan/internal/advice"
	"r8scan/internal/terminal"
	"r8scan/result"
)

// group is what findings have in common as to what has to be done.
type group struct {
	run      Run
	reach    advise.Reach
	findings []Finding
}

// groups puts findings, which are in the order of urgent, into groups of those
// with the same steps. The groups stay in that order.
func groups(run Run, findings []Finding) []*group {
	type key struct {
		status Status
		same   advise.Group
	}
	var all []*group
	byKey := map[key]*group{}
	for _, f := range findings {
		k := key{f.Verification.Status, groupOf(run, f)}
		if k.status == StatusRevoked && k.same.Stage != advise.Pushed {
			k.same.Reach = advise.Reach{} // nothing is to be done wherever it is
		}
		g := byKey[k]
		if g == nil {
			g = &group{run: run, reach: k.same.Reach}
			byKey[k] = g
			all = append(all, g)
		}
		g.findings = append(g.findings, f)
	}
	return all
}

// steps returns what to do, in order.
func (g *group) steps() []advise.Step { return steps(g.run, g.findings...) }

// head says what Replicate says of the tokens, where they are, what follows and how
// many there are.
func (g *group) head() string {
	f := g.findings[0]
	where := whereabouts(g.run, g.reach, f)
	title := ""
	switch f.Verification.Status {
	case StatusLive:
		title = "Live, " + where
	case StatusRevoked:
		if title = "Revoked"; g.reach.Stage == advise.Pushed {
			title += ", " + where
		}
	case StatusUnknown:
		title = "Not known whether live, " + where
	default:
		title = upperFirst(where)
	}
	if doubtful(f) {
		title += ", perhaps no token at all"
	}
	return fmt.Sprintf("%s: %s (%s)", title, g.order(), terminal.Plural(int64(len(g.findings)), remedyOf(f).Noun()))
}

// The orders that the head of a group gives.
const (
	disableNow   = "disable now"
	beforePush   = "take out before it is pushed"
	beforeCommit = "take out before it is committed"
	inHistoryToo = "look into the history too"
	outOfImage   = "keep it out of images"
	noAction     = "no action needed"
	noDisabling  = "nothing to disable"
)

// order is what has to be done, in a few words.
func (g *group) order() string { return orderFor(g.run, g.reach, g.findings[0]) }

func orderFor(run Run, at advise.Reach, f Finding) string {
	switch {
	case f.Verification.Status == StatusRevoked:
		return noDisabling
	case f.MayStay():
		return noAction
	case at.Stage == advise.Ignored:
		return outOfImage
	case at.Stage == advise.Tracked && filesOnly(run):
		return inHistoryToo
	case at.Stage < advise.Dropped:
		return beforeCommit
	case f.Verification.Status == StatusLive || at.Stage >= advise.Elsewhere:
		return disableNow
	}
	return beforePush
}

// filesOnly reports whether a run read files and nothing of git: of a tracked file
// it is not known whether its token was committed.
func filesOnly(run Run) bool { return run.Target.Kind == "files" }

// whereabouts says in words people use where a token is.
func whereabouts(run Run, at advise.Reach, f Finding) string {
	switch at.Stage {
	case advise.Ignored:
		return "only in files that git ignores"
	case advise.Here:
		return "not in git"
	case advise.Tracked:
		if filesOnly(run) {
			return "in a file that git tracks"
		}
		return "changed and not committed"
	case advise.Staged:
		return "staged and not committed"
	case advise.Dropped:
		return "in git, and on no branch or tag"
	case advise.Posted:
		return "posted on its server"
	case advise.Committed:
		return "committed, on no remote branch"
	case advise.Pushed:
		where := "pushed"
		if at.Remotes != "" {
			where += " to " + at.Remotes
		}
		if at.Request != "" {
			where += ", in " + at.Request
		}
		return where
	}
	if f.Exposure != result.ExposureHistory { // of a newer version
		return terminal.Safe(string(f.Exposure))
	}
	return "committed"
}

// headline says in one line what has to be done now, over all findings.
func headline(all []*group) string {
	counts := map[string]int{}
	for _, g := range all {
		if !doubtful(g.findings[0]) {
			order := g.order()
			if order == disableNow && g.findings[0].Verification.Status != StatusLive {
				order = "perhaps"
			}
			counts[order] += len(g.findings)
		}
	}
	var parts []string
	for _, part := range []struct{ order, words string }{
		{disableNow, "to disable now: live, and others may have copies"},
		{"perhaps", "to disable now, unless revoked already"},
		{beforePush, "to take out of commits before they are pushed"},
		{beforeCommit, "to take out of files before they are committed"},
		{inHistoryToo, "to look for in the history too, as git tracks their files"},
		{outOfImage, "to keep out of images"},
	} {
		if n := counts[part.order]; n > 0 {
			parts = append(parts, terminal.Plural(int64(n), "token")+" "+part.words)
		}
	}
	if len(parts) == 0 {
		return "No token to disable now"
	}
	return strings.Join(parts, "; ")
}

// title says in a few words what was found.
func title(doc *Document) string {
	found := terminal.Plural(int64(len(doc.Findings)), "token") + " found"
	switch {
	case len(doc.Findings) == 0 && !doc.Complete:
		return "no tokens found, but the scan is incomplete"
	case len(doc.Findings) == 0:
		return "no tokens found"
	case !slices.ContainsFunc(doc.Findings, func(f Finding) bool { return sarifLevel(f) != "note" }):
		return found + ", and nothing urgent to do"
	}
	return found
}

// howToAsk says how to learn which of the tokens are live, "" if Replicate was
// asked or knows nothing of them.
func howToAsk(run Run, findings []Finding) string {
	n := 0
	for _, f := range findings {
		if r := f.ruleValue(); r != nil && r.Askable && f.Verification.Status == StatusUnchecked {
			n++
		}
	}
	switch n {
	case 0:
		return ""
	case 1:
		return "Nobody has asked Replicate whether it is live: " + cmp.Or(run.asks, "--verify") + " asks."
	}
	return fmt.Sprintf("Nobody has asked Replicate whether %s are live: %s asks.", terminal.Count(int64(n)), cmp.Or(run.asks, "--verify"))
}

// notListed says how many findings are left out of the listing, "" if none is.
func notListed(n map[Status]int) string {
	total := 0
	byName := map[string]int{}
	for status, n := range n {
		total += n
		byName[string(status)] = n
	}
	if total == 0 {
		return ""
	}
	return fmt.Sprintf("%s not listed, as --only-live asks: %s.", terminal.Plural(int64(total), "more token"), counts(byName, " "))
}
