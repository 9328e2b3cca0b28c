package report

import (
	"testing"

	"r8scan/result"
	"r8scan/rules"
)

// TestSeverity has the whole table: status, exposure, confidence.
func TestSeverity(t *testing.T) {
	byConfidence := func(f Finding) severity {
		return map[rules.Confidence]severity{rules.High: severityHigh, rules.Medium: severityMedium, rules.Low: severityLow}[f.Confidence]
	}
	want := map[Status]func(Finding) severity{
		StatusLive:      func(Finding) severity { return severityCritical },
		StatusRevoked:   func(Finding) severity { return severityLow },
		StatusUnknown:   byConfidence,
		StatusUnchecked: byConfidence,
	}
	for _, status := range statuses {
		for _, exposure := range exposures() {
			for _, confidence := range []rules.Confidence{rules.High, rules.Medium, rules.Low} {
				f := Finding{Confidence: confidence, Exposure: exposure, Verification: Verification{Status: status}}
				want := want[status](f)
				if exposure == result.ExposureIgnored {
					want = severityInfo
				}
				if got := severityOf(f); got != want {
					t.Errorf("%s, %s, %s: got %d, want %d", status, exposure, confidence, got, want)
				}
			}
		}
	}
	for _, words := range [][len(sarifLevels)]string{sarifLevels, annotationLevels, gitlabSeverities, qualitySeverities} {
		if words[severityInfo] == words[severityCritical] || words[severityCritical] == "" {
			t.Errorf("the words are %q", words)
		}
	}
}
