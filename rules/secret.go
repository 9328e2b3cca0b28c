package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
)

// Secret holds a credential and shows only its mask, whichever way it is
// printed or encoded. Reveal is the one way to the bytes.
//
// The value sits in a closure because fmt calls no methods on unexported
// fields: of a struct that holds a Secret in one it prints an address. Behind
// a pointer the value would show: fmt follows pointers for verbs that do not
// fit, such as %s.
type Secret struct {
	value func() (text string, shown int)
}

// NewSecret wraps text. Its mask keeps the first shown bytes and replaces each
// further byte by an asterisk; shown is cut down to a quarter of the text, so
// that no mask gives a short credential away.
func NewSecret(text string, shown int) Secret {
	shown = max(0, min(shown, len(text)/4))
	return Secret{func() (string, int) { return text, shown }}
}

// Reveal returns the credential itself. It is for the verifier, which sends it
// to Replicate's API, and for comparing; nothing may print or store it.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	text, _ := s.value()
	return text
}

// Mask returns the form that is safe to show: "r8_Hw" and 35 asterisks, as
// Replicate's own pages show a token.
func (s Secret) Mask() string {
	if s.value == nil {
		return ""
	}
	text, shown := s.value()
	return text[:shown] + strings.Repeat("*", len(text)-shown)
}

// ID returns the token id: the first 16 hex digits of the SHA-256 of the
// credential. A token has 220 random bits, so its id gives nothing away.
func (s Secret) ID() string {
	sum := sha256.Sum256([]byte(s.Reveal()))
	return hex.EncodeToString(sum[:8])
}

// String returns the mask.
func (s Secret) String() string { return s.Mask() }

// GoString returns the mask.
func (s Secret) GoString() string { return s.Mask() }

// Format writes the mask for every verb; %q quotes it.
func (s Secret) Format(f fmt.State, verb rune) {
	mask := s.Mask()
	if verb == 'q' {
		mask = `"` + mask + `"`
	}
	_, _ = f.Write([]byte(mask)) // fmt.State has nowhere to report an error
}

// MarshalText returns the mask.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.Mask()), nil }

// MarshalJSON returns the mask as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.jsonSafeMask() + `"`), nil }

// jsonSafeMask replaces what would need escaping in JSON; a mask's shown bytes
// are printable ASCII for every rule, so this changes nothing in practice.
func (s Secret) jsonSafeMask() string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '*'
		}
		return r
	}, s.Mask())
}

// LogValue returns the mask, for log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.Mask()) }
