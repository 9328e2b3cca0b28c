package report

import (
	"strings"

	advise "r8scan/internal/advice"
	"r8scan/result"
	"r8scan/rules"
)

// exposureWords says in words people use where a token stands.
func exposureWords(f Finding) string {
	words := string(f.Exposure)
	switch f.Exposure {
	case result.ExposureHistory:
		switch h := f.History; {
		case h != nil && h.AtHead:
			words = "committed, and still there"
		case h != nil && h.Removed != nil:
			words = "committed, removed later"
		default:
			words = "committed"
		}
	case result.ExposureTracked:
		words = "in a tracked file" // r8scan files does not look whether it was committed
	case result.ExposureStaged:
		words = "staged, not committed"
	case result.ExposureUntracked:
		words = "not in git"
	case result.ExposureIgnored:
		words = "ignored by git"
	}
	if f.CopiedBy != "" {
		words += ", copied into images"
	}
	return words
}

// exposureIn is exposureWords where more is known: whether objects were read, in
// which a committed token would have been found.
func exposureIn(run Run, f Finding) string {
	if f.Exposure == result.ExposureTracked && run.Target.Kind != "files" {
		return strings.Replace(exposureWords(f), "in a tracked file", "changed, not committed", 1)
	}
	return exposureWords(f)
}

// remedyOf returns the remedy for a finding; of a rule that this version does
// not know it is that for an API token.
func remedyOf(f Finding) rules.Remedy {
	if r := f.ruleValue(); r != nil {
		return r.Remedy
	}
	return rules.APIToken.Remedy
}

// caseOf returns a finding as advice takes it.
func caseOf(run Run, f Finding) advise.Case {
	c := advise.Case{
		Remedy:    remedyOf(f),
		Doubt:     f.Confidence == rules.Low,
		Exposure:  f.Exposure,
		CopiedBy:  f.CopiedBy,
		Locations: f.Locations,
		History:   f.History,
		Head:      run.Target.Head,
		FilesOnly: run.Target.Kind == "files",
		Bare:      run.Target.Bare,
	}
	switch f.Verification.Status {
	case StatusLive:
		c.Verdict = advise.Live
	case StatusRevoked:
		c.Verdict = advise.Revoked
	}
	return c
}

// groupOf returns what findings with the same steps have in common. It may be the
// key of a map.
func groupOf(run Run, f Finding) advise.Group { return advise.GroupOf(caseOf(run, f)) }

// steps returns what to do about findings of one group, in order.
func steps(run Run, of ...Finding) []advise.Step {
	return advise.Steps(casesOf(run, of)...)
}

func casesOf(run Run, of []Finding) []advise.Case {
	cases := make([]advise.Case, len(of))
	for i, f := range of {
		cases[i] = caseOf(run, f)
	}
	return cases
}

// instead says what to write in a place of a finding.
func instead(f Finding, at result.Location) advise.Line {
	row := advise.Of(advise.Place{Path: at.Path, Member: at.Member, Kind: at.Kind, Text: at.Variable})
	return row.Instead(advise.Variable(f.Rule, at.Variable))
}

// old says that findings of one group are old, "" if they are not.
func old(run Run, of ...Finding) string { return advise.Old(run.StartedAt, casesOf(run, of)...) }

// mayStay reports whether a finding is where a token may live. It does not fail a
// run.
func mayStay(f Finding) bool { return f.Exposure == result.ExposureIgnored && f.CopiedBy == "" }

// advice returns the steps for a finding as lines of text, where nothing is known
// of the run: so nothing is said to be in this clone only.
func advice(f Finding) []string {
	var lines []string
	for _, s := range steps(Run{Target: result.Target{Bare: true}}, f) {
		lines = append(lines, strings.TrimSpace(s.Text+" "+s.Command))
	}
	return lines
}
