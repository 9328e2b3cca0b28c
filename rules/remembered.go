package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
)

// Remembered returns the Secret of an earlier scan, whose value was not kept: it has
// that mask and that id, and Reveal returns "". It takes only what Memorable secrets
// have, so that a damaged file cannot make anything else of it.
func Remembered(mask, id string) (Secret, error) {
	shown := strings.TrimRight(mask, "*")
	raw, err := hex.DecodeString(id)
	switch {
	case len(mask) < guessable || len(shown) > min(maxShown, len(mask)/4) || strings.Contains(shown, "*"),
		strings.ContainsFunc(shown, func(r rune) bool { return r <= ' ' || r > '~' }):
		return Secret{}, errors.New("this is no mask of a remembered credential")
	case err != nil || len(raw) != idLen || strings.ToLower(id) != id:
		return Secret{}, errors.New("this is no id of a remembered credential")
	}
	return Secret{id: func() string { return id }, mask: func() string { return mask }}, nil
}

// IsRemembered reports whether the secret is one of an earlier scan, so that its value
// is not known.
func (s Secret) IsRemembered() bool { return s.mask != nil }

// Memorable reports whether mask and id of the secret may be written to a file for a
// later scan. Those of a credential that somebody may guess are not, and its mask may
// end in asterisks of its own.
func (s Secret) Memorable() bool {
	_, err := Remembered(s.Mask(), s.ID())
	return err == nil && !s.IsRemembered()
}

// idLen is how many bytes of its SHA-256 are a credential's id.
const idLen = 8

// Digest returns what credentials are compared by: equal ones have the same, also if
// one of them is remembered. It is for memory only. That of a short credential must
// not be stored, because it would tell whether a guess is right.
func (s Secret) Digest() (sum [sha256.Size]byte) {
	text := s.Reveal()
	if s.IsRemembered() {
		_, _ = hex.Decode(sum[:], []byte(s.ID())) // Remembered has checked it
		return sum
	}
	sum = sha256.Sum256([]byte(text))
	if len(text) >= guessable { // as much as the id has
		clear(sum[idLen:])
	}
	return sum
}
