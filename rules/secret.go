package rules

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"sync"
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
	id    func() string // computes once
}

// NewSecret wraps text. Its mask keeps the first shown bytes and replaces each
// further byte by an asterisk; shown is cut down to 11 and to a quarter of the
// text, so that no mask gives a short credential away.
func NewSecret(text string, shown int) Secret {
	shown = max(0, min(shown, maxShown, len(text)/4))
	return Secret{
		value: func() (string, int) { return text, shown },
		id:    sync.OnceValue(func() string { return tokenID(text) }),
	}
}

// maxShown is enough for the longest prefix by which a service marks its keys,
// github_pat_. A saved result with masks that show more is refused.
const maxShown = 11

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
// Shorter credentials may be passwords, which can be guessed and compared with
// an id, so theirs takes more work: that slows guessing down and does not stop
// it for a password from a list.
func (s Secret) ID() string {
	if s.id == nil {
		return tokenID("")
	}
	return s.id()
}

const (
	guessable = 20      // bytes: a credential that is shorter may be guessed
	idWork    = 1 << 15 // some milliseconds, of which a scan has few to spend
)

func tokenID(text string) string {
	if 0 < len(text) && len(text) < guessable {
		key, err := pbkdf2.Key(sha256.New, text, []byte("r8scan token id"), idWork, 8)
		if err == nil { // it fails only where FIPS rules refuse the parameters
			return hex.EncodeToString(key)
		}
		return strings.Repeat("0", 16)
	}
	sum := sha256.Sum256([]byte(text))
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
