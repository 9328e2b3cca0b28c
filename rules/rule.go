// Package rules defines what leaked credentials look like: Replicate's API
// tokens, related credentials, and rules that a caller adds.
//
// A [Rule] describes one kind of credential: its name and description, how to
// find it, how much of it a mask may show, and what to do after a leak. A [Set]
// holds the rules of a search. Find, Redact and the other functions of this
// package use the [Default] set. A Set has the same functions as methods.
//
// A found credential is a [Secret]. It always prints as a mask, such as r8_Hw
// and 35 asterisks. Only Reveal returns the credential.
//
// A token is r8_ and 37 letters or digits. Replicate has published neither the
// alphabet nor the length: all known tokens have this form.
package rules

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Version is the version of the rules. It changes whenever the rules may find
// something else. Results of another version cannot be reused.
const Version = 8

// Confidence is how sure it is that a match is a real credential.
type Confidence int

// The confidences, lowest first.
const (
	Low    Confidence = iota // a placeholder, or a part of something else
	Medium                   // told by its surroundings, or in doubt for them
	High                     // told by its form, or beyond doubt
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

// Rule is one kind of credential. No field of a rule may change once the rule
// is in a Set.
type Rule struct {
	ID          string // letters, digits and dashes, in lower case; stable, because results and baselines contain it
	Name        string // CamelCase, for SARIF
	Title       string // a few words without a period
	Description string // what is matched, in full sentences
	Example     string // a line with a masked credential
	Severity    string // SARIF security-severity, "0.0" to "10.0"
	Context     bool   // its surroundings tell the credential, so it is less sure than one with a form of its own
	Askable     bool   // Replicate says whether one is live; r8scan asks about this package's rules only
	Remedy      Remedy

	In      Texts    // where the rule applies; 0: everywhere
	Anchors []Anchor // where the search begins

	// Shown returns how many bytes of a credential its mask keeps. A mask never
	// keeps more than 11, or more than a quarter. Nil: none.
	Shown func(credential string) int

	// find is a search of the rule's own. It appends the credentials that start
	// in text[from:to] to dst, without their Rule. Only the rule for API tokens
	// has one: it finds all encoded forms in one pass. The Anchors of such a
	// rule apply to contents only.
	find func(dst []Match, text []byte, from, to int) []Match
}

// Texts are kinds of text.
type Texts uint8

// The kinds of text that are searched.
const (
	Contents Texts = 1 << iota // files, git objects, messages, all that an archive holds
	Names                      // of files, folders and refs, each by itself, so without context; those in an archive are contents
)

// Anchor is a text that every credential of a rule contains or is near.
// Most texts contain no anchor and are not searched further.
//
// The view that Find gets begins 512 bytes before the anchor and ends 1,472
// bytes after the anchor's start, or where the text ends. The ends of a view
// count as ends of a text. A credential starts at most 64 bytes before the
// anchor and at most 768 bytes after its start. Others are ignored.
type Anchor struct {
	Text string // 3 to 64 bytes, compared as they are

	// Find returns the credentials that the anchor at view[at:] leads to. It must
	// return the same for the same view, must not change or keep the view, and is
	// called by several goroutines.
	Find func(view []byte, at int) []Found

	word   *word   // Text is one of the words, which one pass finds together
	beside *beside // Text is looked for only beside Replicate's name
}

// Found is a credential that an anchor leads to.
type Found struct {
	Start, End int        // byte offsets into the view of the text that stands for the credential; End is exclusive
	Secret     string     // the credential; "" for that text
	Confidence Confidence // Low if there is a Why
	Encoding   []string   // outermost first; nil for plain text
	Why        string     // what lowers the confidence; "" if nothing does
}

// Remedy says how to make a leaked credential worthless. Reports join its parts
// to sentences.
type Remedy struct {
	It      string // what the credential is called: "the token"
	Page    string // URL where to read or do more
	Disable string // an order without its period: "disable the token at …"
	Effect  string // what that does, a sentence or ""
	Renew   string // how to replace it and where to keep it: sentences
	Another string // the end of a sentence that Disable starts: " and create a new one."
	Short   string // Disable, with "it"
	Harm    string // what whoever has it can do: the end of a sentence
	Read    string // how a program gets it instead: an order without its period
}

// Noun is It without the article.
func (r Remedy) Noun() string { return strings.TrimPrefix(r.It, "the ") }

// in returns where the rule applies.
func (r *Rule) in() Texts { return cmp.Or(r.In, Contents|Names) }

// maxAnchor is how long an anchor may be, in bytes.
const maxAnchor = 64

// check says what is missing for a rule to be searched for and reported.
func (r *Rule) check() error {
	if r.ID == "" || strings.Trim(r.ID, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return fmt.Errorf("rule %q: its id needs letters, digits and dashes, in lower case", r.ID)
	}
	m := r.Remedy
	for _, field := range []struct{ name, text string }{
		{"Name", r.Name}, {"Title", r.Title}, {"Description", r.Description}, {"Example", r.Example},
		{"Remedy.It", m.It}, {"Remedy.Page", m.Page}, {"Remedy.Disable", m.Disable}, {"Remedy.Renew", m.Renew}, {"Remedy.Another", m.Another},
		{"Remedy.Short", m.Short}, {"Remedy.Harm", m.Harm}, {"Remedy.Read", m.Read},
	} {
		if field.text == "" {
			return fmt.Errorf("rule %s has no %s", r.ID, field.name)
		}
	}
	if n, err := strconv.ParseFloat(r.Severity, 64); err != nil || !(n >= 0 && n <= 10) {
		return fmt.Errorf("rule %s: its severity is %q: use 0.0 to 10.0", r.ID, r.Severity)
	}
	if err := r.checkSearch(); err != nil {
		return fmt.Errorf("rule %s %w", r.ID, err)
	}
	return nil
}

func (r *Rule) checkSearch() error {
	if r.In&^(Contents|Names) != 0 {
		return errors.New("is for a kind of text that does not exist")
	}
	if r.find == nil && len(r.Anchors) == 0 {
		return errors.New("has no anchors, so it would find nothing")
	}
	for _, a := range r.Anchors {
		switch {
		case len(a.Text) < probeLen || len(a.Text) > maxAnchor:
			return fmt.Errorf("has the anchor %q: use %d to %d bytes", a.Text, probeLen, maxAnchor)
		case a.Find == nil:
			return fmt.Errorf("has the anchor %q without a Find", a.Text)
		}
	}
	return nil
}

// keeps returns a Shown with the same result for all credentials.
func keeps(n int) func(string) int { return func(string) int { return n } }
