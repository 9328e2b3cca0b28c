package report

import (
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
	"r8scan/result"
	"r8scan/rules"
)

// TestMarkOf: an editor says of a token what an annotation says, at its level.
func TestMarkOf(t *testing.T) {
	for _, c := range []struct {
		confidence  rules.Confidence
		exposure    result.Exposure
		level, text string
	}{
		{rules.High, "", "error", "Move it into an environment variable"},
		{rules.Medium, result.ExposureTracked, "warning", "Move it into an environment variable"},
		{rules.Low, result.ExposureUntracked, "notice", "This may be a"},
		{rules.High, result.ExposureIgnored, "notice", "No action needed: git ignores the file."},
	} {
		m := MarkOf(result.Finding{Rule: "replicate-api-token", Secret: rules.NewSecret(gittest.Token(1), 5), Confidence: c.confidence, Exposure: c.exposure,
			Locations: []result.Location{{Kind: result.KindFile, Path: "a.py", Line: 1}}}, nil)
		if m.Level != c.level || !strings.Contains(m.Text, c.text) || strings.Contains(m.Text, "stands in") || len(m.Steps) == 0 {
			t.Errorf("%s, %q: %+v", c.confidence, c.exposure, m)
		}
	}
}
