package rules

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestSecretShowsNothing prints and encodes a Secret with every verb and encoder,
// alone and inside other values.
func TestSecretShowsNothing(t *testing.T) {
	token := testToken(1)
	secret := NewSecret(token, shown)
	type exported struct{ S Secret }
	type hidden struct {
		s  Secret
		ps *Secret
	}
	values := map[string]any{
		"value": secret, "pointer": &secret, "exported": exported{secret}, "hidden": hidden{secret, &secret},
		"pointer to hidden": &hidden{secret, &secret}, "slice": []Secret{secret}, "map": map[string]Secret{"k": secret},
		"any": []any{secret, hidden{s: secret}}, "match": Match{Secret: secret}, "error": fmt.Errorf("with %v", secret),
	}
	verbs := []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%t", "%p", "%T", "%o", "%c", "%U", "%b", "%e", "%100v", "%-3s", "%.60s"}
	var out bytes.Buffer
	for name, v := range values {
		for _, verb := range verbs {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		fmt.Fprintln(&out, v)
		if b, err := json.Marshal(v); err == nil {
			out.Write(b)
		} else if name != "hidden" {
			t.Errorf("json of %s: %v", name, err)
		}
		if b, err := xml.Marshal(v); err == nil { // maps cannot be encoded
			out.Write(b)
		}
		_ = gob.NewEncoder(&out).Encode(v) // refuses types without exported fields
		slog.New(slog.NewJSONHandler(&out, nil)).Info("log", "v", v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("log", "v", v)
	}
	assertHidden(t, out.String(), token)
	if !strings.Contains(out.String(), secret.Mask()) {
		t.Error("the mask was never printed, so the test proves nothing")
	}
}

// assertHidden fails the test if text contains a part of the token that its mask
// hides, plain or in hex.
func assertHidden(t *testing.T, text, token string) {
	t.Helper()
	for i := shown; i+6 <= len(token); i++ {
		part := token[i : i+6]
		for _, form := range []string{part, fmt.Sprintf("%x", part), fmt.Sprintf("%X", part), fmt.Sprintf("% x", part)} {
			if strings.Contains(text, form) {
				t.Fatalf("the output has bytes %d to %d of the token", i, i+6)
			}
		}
	}
}

// TestSecretMaskAndID checks masks and ids of long, short and zero Secrets.
func TestSecretMaskAndID(t *testing.T) {
	s := NewSecret("r8_Hw"+strings.Repeat("a", 35), shown)
	if got, want := s.Mask(), "r8_Hw"+strings.Repeat("*", 35); got != want {
		t.Errorf("mask %q, want %q", got, want)
	}
	if got := NewSecret("abcd", 5).Mask(); got != "a***" {
		t.Errorf("a short credential's mask is %q", got)
	}
	// printf 'a%.0s' {1..40} | sha256sum
	if got, want := NewSecret(strings.Repeat("a", 40), 0).ID(), "e33cdf9c7f7120b9"; got != want {
		t.Errorf("id %s, want %s", got, want)
	}
	// echo -n abc | sha256sum
	if got := NewSecret("abc", 0).ID(); len(got) != 16 || got == "ba7816bf8f01cfea" || got != NewSecret("abc", 1).ID() {
		t.Errorf("the id of a short credential is %s", got)
	}
	var zero Secret
	if zero.Mask() != "" || zero.Reveal() != "" {
		t.Error("the zero Secret is not empty")
	}
	if got := fmt.Sprintf("%q", s); got != `"`+s.Mask()+`"` {
		t.Errorf("%%q printed %s", got)
	}
}
