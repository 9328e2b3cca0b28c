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

// Secret holds a credential. It prints and encodes as a mask in every way. Only
// Reveal returns the credential.
//
// The value is in a closure because fmt calls no methods on unexported fields.
// If a struct has a Secret in such a field, fmt prints the closure's address.
// With a pointer instead of a closure it would show the value, because fmt
// follows pointers for verbs that do not fit, such as %s.
type Secret struct {
	value func() (text string, shown int)
	id    func() string // nil if it is computed each time, as a million secrets need memory
	mask  func() string // of a remembered one, which has no value; else nil
}

// NewSecret returns a Secret with text. Its mask keeps the first shown bytes and
// replaces each other byte by an asterisk. It never keeps more than 11 bytes, or
// more than a quarter of the text, so no mask gives a short credential away.
func NewSecret(text string, shown int) Secret {
	shown = max(0, min(shown, maxShown, len(text)/4))
	s := Secret{value: func() (string, int) { return text, shown }}
	if len(text) < guessable { // the only ids that take long
		s.id = sync.OnceValue(func() string { return tokenID(text) })
	}
	return s
}

// maxShown is the length of github_pat_, the longest prefix with which a service
// marks its keys. A saved result whose masks show more is rejected.
const maxShown = 11

// Reveal returns the credential. The verifier sends it to Replicate's API, and
// other code compares it. Nothing may print or store it.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	text, _ := s.value()
	return text
}

// Mask returns the form that is safe to show. For a token it is "r8_Hw" and 35
// asterisks, as on Replicate's own pages.
func (s Secret) Mask() string {
	if s.mask != nil {
		return s.mask()
	}
	if s.value == nil {
		return ""
	}
	text, shown := s.value()
	return text[:shown] + strings.Repeat("*", len(text)-shown)
}

// ID returns the token id: the first 16 hex digits of the SHA-256 of the
// credential. A token has 220 random bits, so its id gives nothing away. A
// credential of fewer than 20 bytes may be a password, which somebody can guess
// and compare with the id. So its id is a slow hash. That slows guessing down,
// but does not protect a common password.
func (s Secret) ID() string {
	if s.id == nil {
		return tokenID(s.Reveal())
	}
	return s.id()
}

const (
	guessable = 20      // bytes; a shorter credential may be guessed
	idWork    = 1 << 15 // rounds; they take a few milliseconds, and a scan cannot spend more
)

func tokenID(text string) string {
	if 0 < len(text) && len(text) < guessable {
		key, err := pbkdf2.Key(sha256.New, text, []byte("r8scan token id"), idWork, 8)
		if err == nil { // it fails only if FIPS mode rejects the parameters
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

// Format writes the mask for every verb. For %q it adds quotes.
func (s Secret) Format(f fmt.State, verb rune) {
	mask := s.Mask()
	if verb == 'q' {
		mask = `"` + mask + `"`
	}
	_, _ = f.Write([]byte(mask)) // Format cannot return an error
}

// MarshalText returns the mask.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.Mask()), nil }

// MarshalJSON returns the mask as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.jsonSafeMask() + `"`), nil }

// jsonSafeMask replaces characters that JSON would have to escape. The masks of
// this package's rules have none.
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
