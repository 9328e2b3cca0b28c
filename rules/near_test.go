package rules

import (
	"fmt"
	"strings"
	"testing"
)

// TestNearMisses finds a value that is almost a token under one of Replicate's
// names, with low confidence. Elsewhere it finds nothing.
func TestNearMisses(t *testing.T) {
	token := testToken(70)
	for text, why := range map[string]string{"R8_" + token[3:]: whyCapital, token[:39]: whyShort, "R8_" + token[3:39]: whyShort, "R8_" + token[3:] + "x": whyLong, token + "x": whyLonger} {
		for _, around := range []string{"REPLICATE_API_TOKEN=%s\n", "export REPLICATE_API_KEY=\"%s\"", `os.getenv("REPLICATE_API_TOKEN", "%s")`, `replicate.Client(api_token="%s")`, `new Replicate({ auth: "%s" })`, `{"REPLICATE_API_TOKEN":"%s"}`, "- name: REPLICATE_API_TOKEN\n  value: %s\n", "NEXT_PUBLIC_REPLICATE_API_TOKEN='%s'"} {
			ms := findAll(fmt.Sprintf(around, text))
			if len(ms) != 1 || ms[0].Rule != APIToken || ms[0].Confidence != Low || ms[0].Why != why || ms[0].Secret.Reveal() != strings.TrimSuffix(text, "x") && why != whyLong {
				t.Errorf("%s as %q: %s", around, why, summary(ms))
			}
		}
		if why == whyLonger {
			continue
		}
		for _, around := range []string{"%s", "TOKEN=%s", "REPLICATE_MODEL=%s", "REPLICATE_API_TOKEN=x%s", "REPLICATE_API_TOKEN=\nOTHER=%s", "REPLICATE_API_TOKEN=%s_more", "REPLICATE_API_TOKEN=%sxyz"} {
			if ms := findAll(fmt.Sprintf(around, text)); len(ms) > 0 && ms[0].Why != whyLonger && ms[0].Why != whyJoined {
				t.Errorf("%s as %q: %s", around, why, summary(ms))
			}
		}
	}
	if ms := Default().FindName(nil, []byte("REPLICATE_API_TOKEN="+token[:39])); len(ms) != 0 {
		t.Errorf("in a name: %s", summary(ms))
	}
}
