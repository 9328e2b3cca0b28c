package report

import (
	"fmt"
	"io"

	"r8scan/internal/door"
	"r8scan/internal/terminal"
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
// each place. One that is in no file of the repository is shown at
// Target.Anchor, and left out if there is none. It has no form for what was not
// read: see the exit code.
func writeCodeQuality(w io.Writer, doc *Document, _ Options) error {
	issues := []qualityIssue{}
	for _, f := range doc.Findings {
		for _, l := range f.Locations {
			issue := qualityIssue{
				Description: fmt.Sprintf("%s %s (id %s): %s", terminal.Safe(ruleTitle(f)), terminal.Safe(f.Token), f.TokenID, exposureIn(doc.Run, f)),
				CheckName:   f.Rule,
				Fingerprint: placeID(f, l),
				Severity:    qualitySeverities[severityOf(f)],
				Location:    qualityLocation{l.Path, qualityLines{max(1, l.Line)}},
			}
			switch inFile := isInRepository(l); {
			case l.Repository != "":
				issue.Location.Path = fileIn(l)
			case !inFile && doc.Target.Anchor != "":
				issue.Description += ", at " + placeAndPage(l)
				issue.Location = qualityLocation{doc.Target.Anchor, qualityLines{1}}
			case l.Path == "":
				continue
			case l.Member != "": // the line is that of the member
				issue.Description += ", at " + placeAndPage(l)
				issue.Location.Lines.Begin = 1
			}
			issues = append(issues, issue)
		}
	}
	return door.EncodeMasked(w, issues, door.Indent)
}
