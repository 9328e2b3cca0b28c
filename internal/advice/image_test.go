package advice

import (
	"strings"
	"testing"

	"r8scan/result"
	"r8scan/rules"
)

// TestStepsOfImage: an image is built again, and no history is rewritten.
func TestStepsOfImage(t *testing.T) {
	for _, verdict := range []Verdict{Unknown, Live} {
		var all strings.Builder
		for _, s := range Steps(Case{Remedy: rules.APIToken.Remedy, Verdict: verdict, Exposure: result.ExposureImage, Locations: []result.Location{{Kind: result.KindLayer, Path: "oci:x"}}}) {
			all.WriteString(s.Text + s.Command + "\n")
		}
		for _, want := range []string{"build secret", "Delete the tags"} {
			if !strings.Contains(all.String(), want) {
				t.Errorf("%q is missing in:\n%s", want, all.String())
			}
		}
		for _, bad := range []string{"rewrite", "is in git"} {
			if strings.Contains(all.String(), bad) {
				t.Errorf("%q is in:\n%s", bad, all.String())
			}
		}
	}
}
