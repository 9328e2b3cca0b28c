package search

import (
	"cmp"

	"r8scan/rules"
)

// Hit is a match and the place in the text where it stands.
type Hit struct {
	Match    rules.Match
	From, To Position // To is behind the match
	Member   string   // path of the member in a container; "" for the text's own bytes
}

// Key tells credentials apart.
type Key struct{ rule, secret string }

// Key returns the key of the credential that was found.
func (h *Hit) Key() Key { return KeyOf(&h.Match) }

// KeyOf returns the key of a match's credential.
func KeyOf(m *rules.Match) Key { return Key{m.Rule.ID, m.Secret.Reveal()} }

// Compare orders keys.
func (k Key) Compare(other Key) int {
	return cmp.Or(cmp.Compare(k.rule, other.rule), cmp.Compare(k.secret, other.secret))
}

// String masks: a key holds a credential.
func (k Key) String() string { return k.rule }
