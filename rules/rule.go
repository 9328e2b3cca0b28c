// Package rules knows what a Replicate credential looks like: the rules, their
// confidences, and Secret, which holds a credential without showing it.
package rules

import "fmt"

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
}

// APIToken is the rule for Replicate API tokens.
var APIToken = &Rule{
	ID:          "replicate-api-token",
	Name:        "ReplicateApiToken",
	Title:       "Replicate API token",
	Description: "A Replicate API token: r8_ and 37 letters or digits. Who has it can run models and spend money on the owner's account.",
	Example:     "REPLICATE_API_TOKEN=r8_Hw***********************************",
	Severity:    "9.1",
}

// All returns every rule, in the order of their ids.
func All() []*Rule { return []*Rule{APIToken, CogToken, LegacyToken, SecretInput, WebhookSecret} }
