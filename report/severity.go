package report

import (
	"r8scan/rules"
)

// severity ranks a finding for the formats that have levels. Each has words of
// its own for them; the rank is the same in all.
type severity int

const (
	severityInfo     severity = iota // only where a token may live: in files that git ignores
	severityLow                      // nobody can use it, or it may be no token
	severityMedium                   // the context says that it is one
	severityHigh                     // it is one, and may work
	severityCritical                 // it works
)

// severityOf goes by where the token is, then by what Replicate says, then by
// what it looks like: an ignored file may hold a live token, and a live token is
// one whatever it looks like.
func severityOf(f Finding) severity {
	switch {
	case f.MayStay():
		return severityInfo
	case f.Verification.Status == StatusLive:
		return severityCritical
	case f.Verification.Status == StatusRevoked || f.Confidence == rules.Low:
		return severityLow
	case f.Confidence == rules.Medium:
		return severityMedium
	}
	return severityHigh
}

// The words of the formats, by severity.
var (
	sarifLevels       = [...]string{"note", "note", "warning", "error", "error"}
	annotationLevels  = [...]string{"notice", "notice", "warning", "error", "error"}
	gitlabSeverities  = [...]string{"Info", "Low", "Medium", "High", "Critical"}
	qualitySeverities = [...]string{"info", "minor", "major", "critical", "blocker"}
)

func sarifLevel(f Finding) string { return sarifLevels[severityOf(f)] }
