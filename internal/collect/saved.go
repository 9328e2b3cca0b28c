package collect

import (
	"errors"

	"r8scan/internal/git/wire"
	"r8scan/internal/search"
	"r8scan/result"
	"r8scan/rules"
)

// SavedHit is a Hit as it can be written to a file: without the credential, and with
// its texts masked.
type SavedHit struct {
	Rule       string
	Mask, ID   string // of the credential
	Confidence rules.Confidence
	Encoding   []string `json:",omitempty"`
	Why        string   `json:",omitempty"`
	Allowed    bool     `json:",omitempty"`
	Variable   string   `json:",omitempty"`

	From, To search.Position
	Kind     string
	Path     string `json:",omitempty"`
	Member   string `json:",omitempty"`
	Object   string `json:",omitempty"` // in hex; of a Hit in a repository, the caller sets it
	Name     string `json:",omitempty"`
	Header   string `json:",omitempty"`
	URL      string `json:",omitempty"`
	Part     string `json:",omitempty"`
}

var errSaved = errors.New("the saved match is damaged")

// Hit returns the hit that was saved, with a remembered secret. If it is in an object
// of a repository, the caller sets Repo, and what belongs to it.
func (s *SavedHit) Hit(set *rules.Set) (Hit, error) {
	rule := set.ByID(s.Rule)
	secret, err := rules.Remembered(s.Mask, s.ID)
	switch {
	case rule == nil || err != nil || !result.KnownKind(s.Kind) || s.Object != "" && !wire.IsHex(s.Object),
		s.Confidence < rules.Low || s.Confidence > rules.High:
		return Hit{}, errSaved
	}
	m := rules.Match{Rule: rule, Secret: secret, Confidence: s.Confidence, Encoding: s.Encoding, Why: s.Why, Allowed: s.Allowed, Variable: s.Variable}
	return Hit{Hit: search.Hit{Match: m, From: s.From, To: s.To, Member: s.Member}, Kind: s.Kind, Path: s.Path, ID: s.Object,
		Name: s.Name, Header: s.Header, URL: s.URL, Part: s.Part}, nil
}
