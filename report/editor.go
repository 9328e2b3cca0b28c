package report

import (
	"fmt"
	"strings"

	"r8scan/result"
	"r8scan/rules"
)

// Mark is what an editor says of a finding, in the words of the reports.
type Mark struct {
	Level string   // of an annotation: error, warning or notice
	Text  string   // what it is and what to do, in a few sentences
	Steps []string // what to do, in order, as in a report
}

// MarkOf returns the mark of a finding in one file, of which nothing is known but
// that file. set is what was searched for.
func MarkOf(found result.Finding, set *rules.Set) Mark {
	f := newFinding(found, set)
	m := Mark{Level: annotationLevels[severityOf(f)], Text: whatIs(f) + " " + messageAdvice(f)}
	for _, s := range steps(Run{Target: result.Target{Kind: "files"}}, f) {
		m.Steps = append(m.Steps, strings.TrimSpace(s.Text+" "+s.Command))
	}
	return m
}

// whatIs is a sentence that names a finding.
func whatIs(f Finding) string {
	lead := "This is a"
	if f.Confidence == rules.Low && f.Verification.Status != StatusLive {
		lead = "This may be a"
	}
	return fmt.Sprintf("%s %s, '%s' with the token id '%s'.", lead, messageText(ruleTitle(f)), messageText(f.Token), f.TokenID)
}
