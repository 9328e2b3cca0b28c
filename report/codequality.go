package report

import (
	"fmt"
	"io"

	"r8scan/internal/door"
)

type qualityIssue struct {
	Description string          `json:"description"`
	CheckName   string          `json:"check_name"`
	Fingerprint string          `json:"fingerprint"`
	Severity    string          `json:"severity"`
	Location    qualityLocation `json:"location"`
}

type qualityLocation struct {
	Path  string       `json:"path"`
	Lines qualityLines `json:"lines"`
}

type qualityLines struct {
	Begin int `json:"begin"`
}

// writeCodeQuality writes a report as GitLab's code quality reads it: an issue for
// each place that is in a file. It has no form for what has no path, nor for what
// was not read: see the exit code.
func writeCodeQuality(w io.Writer, doc *Document, _ Options) error {
	issues := []qualityIssue{}
	for _, f := range doc.Findings {
		for _, l := range f.Locations {
			if l.Path == "" {
				continue
			}
			line := l.Line
			if l.Member != "" { // it is that of the member
				line = 1
			}
			issues = append(issues, qualityIssue{
				Description: fmt.Sprintf("%s %s (id %s): %s", ruleTitle(f), f.Token, f.TokenID, exposureWords(f)),
				CheckName:   f.Rule,
				Fingerprint: placeID(f, l),
				Severity:    qualitySeverities[severityOf(f)],
				Location:    qualityLocation{l.Path, qualityLines{max(1, line)}},
			})
		}
	}
	return door.EncodeMasked(w, issues, door.Indent)
}
