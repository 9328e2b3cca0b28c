package ask

import (
	"cmp"
	"fmt"
	"net/http"
	"os"

	"r8scan/report"
	"r8scan/rules"
	"r8scan/verifier"
)

// Kind is a kind of token that a user can have tested.
type Kind struct {
	rule     *rules.Rule
	variable string // that programs read it from
	noun     string // as the prompt calls it
	rate     int    // how many are asked about in a minute
	connect  func(verifier.Config) (*verifier.Verifier, error)
	diagnose func(text string) rules.Diagnosis
	advise   func(t tested) (meaning, next string)
}

// APITokens are the tokens of Replicate's API, CogTokens those of cog login.
var (
	APITokens = &Kind{rules.APIToken, TokenVariable, "Replicate API token", verifier.DefaultRate, verifier.New, rules.Diagnose, tested.advise}
	CogTokens = &Kind{rules.CogToken, "COG_TOKEN", "token of cog login", verifier.RegistryRate, verifier.NewRegistry, rules.DiagnoseCog, adviseCog}
)

// NewVerifier returns a verifier of tokens of a kind that asks the server at url or, if
// that is empty, at URLVariable. version is r8scan's, for the User-Agent.
func (k *Kind) NewVerifier(url, version string, cfg verifier.Config) (*verifier.Verifier, error) {
	cfg.BaseURL, cfg.UserAgent = cmp.Or(url, os.Getenv(URLVariable)), "r8scan/"+version
	return k.connect(cfg)
}

// adviseCog is tested.advise for a token of cog login.
func adviseCog(t tested) (meaning, next string) {
	v, page := t.verdict, rules.CogToken.Remedy.Page
	switch {
	case t.status == StatusMalformed:
		return "This cannot be a token of cog login, so it was not sent.", "Copy the whole token again from " + page + "."
	case t.status == report.StatusRevoked:
		return "Replicate's registry knows no user with this token (HTTP 404): it was disabled, or never existed.", "Run cog login, with a token from " + page + "."
	case t.status == report.StatusLive && t.Wrapped:
		return "The token works, but this text is more than the token: what sends it fails.", "Use the token alone."
	case t.status == report.StatusLive:
		return "The token works: who has it can " + rules.CogToken.Remedy.Harm + ".", "If somebody else may have seen it, " + rules.CogToken.Remedy.Disable + "."
	case v.HTTP == http.StatusNotFound:
		return "Something other than Replicate's registry answered (HTTP 404), which says nothing about the token.", "Check for a proxy, a firewall, or a network with a login page."
	case v.HTTP == http.StatusUnauthorized || v.HTTP == http.StatusForbidden:
		return fmt.Sprintf("This is no answer that Replicate's registry is known to give (HTTP %d), and says nothing about the token.", v.HTTP), "Check for a proxy or a firewall, and test again later."
	}
	return t.advise()
}
