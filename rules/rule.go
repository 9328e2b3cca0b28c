// Package rules knows what a Replicate credential looks like: the rules, their
// confidences, and Secret, which holds a credential without showing it.
package rules

import (
	"fmt"
	"strings"
)

// Version changes with everything that changes what is found. What was found
// under another version says nothing.
const Version = 5

// Confidence says how sure a match is a real credential.
type Confidence int

// The confidences, lowest first.
const (
	Low Confidence = iota
	Medium
	High
)

var confidenceNames = [...]string{Low: "low", Medium: "medium", High: "high"}

// String returns low, medium or high.
func (c Confidence) String() string { return confidenceNames[c] }

// MarshalText returns low, medium or high.
func (c Confidence) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText takes low, medium or high.
func (c *Confidence) UnmarshalText(text []byte) error {
	for i, name := range confidenceNames {
		if name == string(text) {
			*c = Confidence(i)
			return nil
		}
	}
	return fmt.Errorf("unknown confidence %q: use high, medium or low", text)
}

// Rule describes one kind of credential.
type Rule struct {
	ID          string // stable: it stands in results and baselines
	Name        string // CamelCase, for SARIF
	Title       string // a few words without a period
	Description string // what is matched, in full sentences
	Example     string // masked
	Severity    string // SARIF security-severity, "0.0" to "10.0"
	Context     bool   // it is told by what is around it, and so is less sure than a form of its own
	Askable     bool   // Replicate's API says whether one is live
	Remedy      Remedy
}

// Remedy is what makes a leaked credential of one kind worthless, in words that
// fit behind each other. All of it is text of our own.
type Remedy struct {
	It      string // what the credential is called: "the token"
	Page    string // where to read or do more
	Disable string // an order without its period
	Effect  string // what that does, a sentence or ""
	Renew   string // a sentence
	Another string // the end of a sentence that Disable starts
	Short   string // Disable, with "it"
	Harm    string // what whoever has it can do: the end of a sentence
	Read    string // how a program gets it instead: an order without its period
}

// Noun is It without the article.
func (r Remedy) Noun() string { return strings.TrimPrefix(r.It, "the ") }

// TokensPage is where the owner of an API token disables it and makes a new one.
const TokensPage = "https://replicate.com/account/api-tokens"

// APIToken is the rule for Replicate API tokens.
var APIToken = &Rule{
	ID:          "replicate-api-token",
	Name:        "ReplicateApiToken",
	Title:       "Replicate API token",
	Description: "A Replicate API token: r8_ and 37 letters or digits. Who has it can run models and spend money on the owner's account.",
	Example:     "REPLICATE_API_TOKEN=r8_Hw***********************************",
	Severity:    "9.1",
	Askable:     true,
	Remedy: Remedy{
		It:      "the token",
		Page:    TokensPage,
		Disable: "disable the token at " + TokensPage,
		Effect:  "Programs that use it stop working at once.",
		Renew:   "Create a new token there. Keep the new token in an environment variable or a secret manager, not in a file that git tracks.",
		Another: " and create a new one.",
		Short:   "disable it at " + TokensPage,
		Harm:    "run models at your expense and read your data",
		Read:    "set REPLICATE_API_TOKEN, which Replicate's clients read",
	},
}

// All returns every rule, in the order of their ids.
func All() []*Rule { return []*Rule{APIToken, CogToken, LegacyToken, SecretInput, WebhookSecret} }

// ByID returns the rule with an id, nil if this version has none.
func ByID(id string) *Rule {
	for _, r := range All() {
		if r.ID == id {
			return r
		}
	}
	return nil
}
