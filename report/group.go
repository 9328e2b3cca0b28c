package report

import (
	"fmt"
	"strings"

	"r8scan/internal/terminal"
	"r8scan/result"
)

// group is what findings have in common as to what has to be done.
type group struct {
	title    string // of our own words
	steps    []string
	findings []Finding
}

// groups puts findings, which are in the order of urgent, into groups of those
// with the same steps. The groups stay in that order.
func groups(findings []Finding) []*group {
	var all []*group
	byTitle := map[string]*group{}
	for _, f := range findings {
		title, steps := groupTitle(f), advice(f)
		key := title + "\x00" + strings.Join(steps, "\x00")
		g := byTitle[key]
		if g == nil {
			g = &group{title: title, steps: steps}
			byTitle[key] = g
			all = append(all, g)
		}
		g.findings = append(g.findings, f)
	}
	return all
}

// head is the title and how many findings there are.
func (g *group) head() string {
	noun := remedyOf(g.findings[0]).Noun()
	return g.title + " (" + plural(int64(len(g.findings)), noun) + ")"
}

// acts reports whether somebody has to act because of the group.
func (g *group) acts() bool { return acts(g.findings[0]) }

// groupTitle says what Replicate says, where the tokens are, and what follows.
func groupTitle(f Finding) string {
	where := exposureWord(f.Exposure)
	title := ""
	switch f.Verification.Status {
	case StatusLive:
		title = "Live, " + where
	case StatusRevoked:
		return "Revoked, " + where + ": nothing to disable"
	case StatusUnknown:
		title = "Not known whether live, " + where
	default:
		title = upperFirst(where)
	}
	if doubtful(f) {
		title += ", perhaps no token at all"
	}
	switch f.Exposure {
	case result.ExposureHistory:
		return title + ": disable now"
	case result.ExposureIgnored:
		return title + ": no action needed"
	}
	return title + ": take out before it is committed"
}

// exposureWord says where the worst place of a token is.
func exposureWord(e result.Exposure) string {
	switch e {
	case result.ExposureHistory:
		return "committed"
	case result.ExposureTracked:
		return "changed and not committed"
	case result.ExposureStaged:
		return "staged and not committed"
	case result.ExposureUntracked:
		return "not in git"
	case result.ExposureIgnored:
		return "only in files that git ignores"
	}
	return terminal.Safe(string(e))
}

// headline says in one line what has to be done now.
func headline(findings []Finding) string {
	var live, open, local int
	for _, f := range findings {
		switch {
		case !acts(f) || doubtful(f):
		case f.Exposure != result.ExposureHistory:
			local++
		case f.Verification.Status == StatusLive:
			live++
		default:
			open++
		}
	}
	var parts []string
	if live > 0 {
		parts = append(parts, plural(int64(live), "token")+" to disable now: live, and others may have copies")
	}
	if open > 0 {
		parts = append(parts, plural(int64(open), "token")+" to disable now, unless revoked already")
	}
	if local > 0 {
		parts = append(parts, plural(int64(local), "token")+" to take out of files before they are committed")
	}
	if len(parts) == 0 {
		return "No token to disable now"
	}
	return strings.Join(parts, "; ")
}

// howToAsk says how to learn which of the tokens are live, "" if Replicate was
// asked or knows nothing of them.
func howToAsk(findings []Finding) string {
	n := 0
	for _, f := range findings {
		if r := f.ruleValue(); r != nil && r.Askable && f.Verification.Status == StatusUnchecked {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	if n == 1 {
		return "Nobody has asked Replicate whether it is live: --verify asks."
	}
	return fmt.Sprintf("Nobody has asked Replicate whether %s are live: --verify asks.", count(int64(n)))
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
	return fmt.Sprintf("%s not listed, as --only-live asks: %s.", plural(int64(total), "more token"), counts(byName, " "))
}
