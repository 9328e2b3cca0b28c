package search

import (
	"bytes"
	"cmp"
	"crypto/sha256"

	"r8scan/rules"
)

// Hit is a match and its place in the text.
type Hit struct {
	Match    rules.Match
	From, To Position // To is behind the match
	Member   string   // path of the member in a container; "" for the text's own bytes
}

// Key identifies a credential. It does not hold the credential.
type Key struct {
	rule string
	sum  [sha256.Size]byte // the credential's digest
}

// Key returns the key of the credential that was found.
func (h *Hit) Key() Key { return KeyOf(&h.Match) }

// KeyOf returns the key of a match's credential.
func KeyOf(m *rules.Match) Key { return Key{m.Rule.ID, m.Secret.Digest()} }

// Compare orders keys.
func (k Key) Compare(other Key) int {
	return cmp.Or(cmp.Compare(k.rule, other.rule), bytes.Compare(k.sum[:], other.sum[:]))
}
