package rules

import (
	"strings"
	"testing"
)

// TestHiddenProbes: each word has two probes in its base64, at each alignment,
// which a line break cannot both break.
func TestHiddenProbes(t *testing.T) {
	for _, w := range []string{"replicate", "Replicate", "REPLICATE", "r8.im", "cog_token", "COG_TOKEN"} {
		for lead := range 3 {
			code := encode("x=,"[:lead]+w, "base64")
			last := -1
			for at := range len(code) - 2 {
				kind := wordProbes.at([]byte(code[at:]))
				if kind >= formCode0 && kind <= formCode3 && int(kind-formCode0) == at%4 && (last < 0 || at >= last+probeLen-1) {
					if last >= 0 {
						last = len(code)
						break
					}
					last = at
				}
			}
			if last != len(code) {
				t.Errorf("%s behind %d bytes, %s: probes are missing", w, lead, code)
			}
		}
	}
}

var _ = strings.Repeat
