package rules

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"
)

// likelyCogToken is how many characters a text needs to be taken for a token of cog
// login. Replicate has published no form; a shorter text may be a password.
const likelyCogToken = 20

// DiagnoseCog is Diagnose for a text that should be a token of cog login.
func DiagnoseCog(text string) Diagnosis {
	core, problems := fromDockerAuth(text)
	if core == "" {
		core, problems = unwrap(text)
	}
	d := Diagnosis{Secret: NewSecret(core, 0), Problems: problems, Wrapped: len(problems) > 0}
	problem := ""
	switch n := utf8.RuneCountInString(core); {
	case core == "":
		problem = "it is empty"
	case strings.Contains(core, "****"):
		problem = "it is masked"
	case strings.HasPrefix(core, prefix):
		d.Provider = "Replicate"
		problem = "it begins with r8_, as an API token does: test it without --cog"
	case providerOf(core) != "":
		d.Provider = providerOf(core)
		problem = fmt.Sprintf("it looks like a key of %s, not of Replicate", d.Provider)
	case isVariable(core):
		problem = "it is the name of a variable, which nothing replaced by its value"
	case strings.HasPrefix(core, "{"):
		problem = "it is JSON: of a Docker configuration, only the auth of r8.im is for the registry"
	case strings.ContainsFunc(core, func(r rune) bool { return r >= utf8.RuneSelf || !isCogByte(byte(r)) }):
		problem = "it has white space or characters that no token has"
	case n < likelyCogToken && typed(core):
		d.Placeholder, problem = true, isPlaceholder
	case n < likelyCogToken:
		problem = fmt.Sprintf("it has %d characters, and a token of cog login has more: a part is missing", n)
	default:
		d.Provider, d.Askable = "Replicate", true
		if d.Placeholder = typed(core); d.Placeholder {
			problem = isPlaceholder
		}
	}
	if problem != "" {
		d.Problems = append(d.Problems, problem)
	}
	return d
}

// fromDockerAuth returns the token in the auth of a Docker configuration, the base64 of
// user:token, "" if text is none.
func fromDockerAuth(text string) (token string, problems []string) {
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.Trim(text, " \t\r\n\"',"), "="))
	if _, value, ok := bytes.Cut(raw, []byte(":")); err == nil && ok && len(value) >= minCogToken && printable(raw) {
		return string(value), []string{"it is the auth of a Docker configuration, which has the token in base64"}
	}
	return "", nil
}
