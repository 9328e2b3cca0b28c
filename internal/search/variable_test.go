package search

import (
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
	"r8scan/rules"
)

// TestVariable reads the name of a token's variable from its line.
func TestVariable(t *testing.T) {
	token := gittest.Token(1)
	for line, want := range map[string]string{
		"REPLICATE_API_TOKEN=%s":                        "REPLICATE_API_TOKEN",
		"export NEXT_PUBLIC_REPLICATE_API_TOKEN=\"%s\"": "NEXT_PUBLIC_REPLICATE_API_TOKEN",
		"other=1\nVITE_KEY = '%s'":                      "VITE_KEY",
		"client = replicate.Client(api_token=\"%s\")":   "api_token",
		"new Replicate({ auth: `%s` })":                 "auth",
		`{"env": {"REPLICATE_API_TOKEN": "%s"}}`:        "REPLICATE_API_TOKEN",
		`{\"api-key\": \"%s\"}`:                         "api-key",
		"'token' => '%s'":                               "token",
		"os.environ['REPLICATE_API_TOKEN'] = '%s'":      "REPLICATE_API_TOKEN",
		"Authorization: Bearer %s":                      "Authorization",
		"-H \"Authorization: Token %s\"":                "Authorization",
		"<string name=\"replicate_key\">%s</string>":    "replicate_key",
		"key := \"%s\"":                                 "key",
		"%s":                                            "",
		"the key is %s":                                 "",
		"f(\"%s\")":                                     "",
		"12: %s":                                        "",
		"NAME=\n%s":                                     "",
		token + "=%s":                                   "",
		strings.Repeat("a", 65) + "=%s":                 "",
		strings.Repeat("a", 200) + "=%s":                "",
	} {
		text := []byte(strings.Replace(line, "%s", token, 1))
		matches := rules.Find(nil, text, 0, len(text))
		MarkLines(text, matches)
		if n := len(matches); n == 0 || matches[n-1].Variable != want {
			t.Errorf("%q: got %+v, want %q", line, matches, want)
		}
	}
}
