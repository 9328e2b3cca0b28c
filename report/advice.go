package report

import (
	"strings"

	advise "r8scan/internal/advice"
	"r8scan/result"
	"r8scan/rules"
)

// exposureIn says in words people use where a token stands, as far as the run has
// looked.
func exposureIn(run Run, f Finding) string {
	words := string(f.Exposure)
	switch f.Exposure {
	case result.ExposureHistory:
		switch h := f.History; {
		case h != nil && stillThere(f):
			words = "committed, and still there"
		case h != nil && h.Removed != nil:
			words = "committed, removed later"
		default:
			words = "committed"
		}
	case result.ExposurePosted:
		words = "posted on its server"
	case result.ExposureImage:
		words = "in an image"
	case result.ExposureTracked:
		if words = "changed, not committed"; filesOnly(run) {
			words = "in a tracked file"
		}
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
		FilesOnly: filesOnly(run),
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

// advice returns the steps for a finding as lines of text, where nothing is known
// of the run: so nothing is said to be in this clone only.
func advice(f Finding) []string {
	var lines []string
	for _, s := range steps(Run{Target: result.Target{Bare: true}}, f) {
		lines = append(lines, strings.TrimSpace(s.Text+" "+s.Command))
	}
	return lines
}
