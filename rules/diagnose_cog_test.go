package rules

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
)

// TestDiagnoseCog diagnoses texts that should be tokens of cog login.
func TestDiagnoseCog(t *testing.T) {
	const (
		space  = "there is a space around it"
		named  = "there is the name of a variable before it"
		quoted = "there are quotes around it"
		auth   = "it is the auth of a Docker configuration, which has the token in base64"
		short  = "it has 12 characters, and a token of cog login has more: a part is missing"
	)
	base64Of := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, c := range []struct {
		text     string
		problems []string
		token    string // "" if it is not Askable
	}{
		{fakeCog, nil, fakeCog},
		{fakeHex, nil, fakeHex},
		{" " + fakeCog, []string{space}, fakeCog},
		{"COG_TOKEN=" + fakeCog, []string{named}, fakeCog},
		{`export COG_TOKEN="` + fakeCog + `"`, []string{named, quoted}, fakeCog},
		{base64Of("ada:" + fakeCog), []string{auth}, fakeCog},
		{base64Of("ada:"+fakeCog+"x") + "\n", []string{auth}, fakeCog + "x"},
		{`"` + base64Of("ada-l:"+fakeCog) + `"`, []string{auth}, fakeCog},
		{base64Of("ada:" + testToken(1)), []string{auth, "it begins with r8_, as an API token does: test it without --cog"}, ""},
		{"", []string{"it is empty"}, ""},
		{testToken(1), []string{"it begins with r8_, as an API token does: test it without --cog"}, ""},
		{"sk-" + fakeCog, []string{"it looks like a key of OpenAI, not of Replicate"}, ""},
		{"${COG_TOKEN}", []string{"it is the name of a variable, which nothing replaced by its value"}, ""},
		{strings.Repeat("*", 40), []string{"it is masked"}, ""},
		{fakeCog[:12], []string{short}, ""},
		{"changeme", []string{isPlaceholder}, ""},
		{"your-cog-token-goes-here", []string{isPlaceholder}, "your-cog-token-goes-here"},
		{fakeCog[:20] + " " + fakeCog[20:], []string{"it has white space or characters that no token has"}, ""},
		{`{"auths":{"ghcr.io":{"auth":"` + base64Of("ada:"+fakeHex) + `"},"r8.im":{"auth":"` + base64Of("ada:"+fakeCog) + `"}}}`,
			[]string{"it is JSON: of a Docker configuration, only the auth of r8.im is for the registry"}, ""},
		{`"auths":{"ghcr.io":{"auth":"` + base64Of("ada:"+fakeHex) + `"}}`, []string{named, "it is JSON: of a Docker configuration, only the auth of r8.im is for the registry"}, ""},
		{fakeCog + `","x":"y`, []string{"it has white space or characters that no token has"}, ""},
		{"é" + fakeCog, []string{"it has white space or characters that no token has"}, ""},
	} {
		d := DiagnoseCog(c.text)
		if !slices.Equal(d.Problems, c.problems) || d.Askable != (c.token != "") {
			t.Errorf("%q: %q, askable %v", c.text, d.Problems, d.Askable)
		}
		if d.Askable && d.Secret.Reveal() != c.token {
			t.Errorf("%q: another token", c.text)
		}
		if mask := d.Secret.Mask(); strings.Trim(mask, "*") != "" {
			t.Errorf("%q: its mask is %q", c.text, mask)
		}
	}
}
