package collect

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"r8scan/internal/search"
	"r8scan/result"
	"r8scan/rules"
)

// TestSavedHit: a hit that was written to a file is the same token at the same place,
// and the file has no token.
func TestSavedHit(t *testing.T) {
	token := "r8_" + strings.Repeat("aB3xY9kLm2", 4)[:37]
	matches := rules.Default().Find(nil, []byte(token), 0, len(token))
	if len(matches) != 1 {
		t.Fatal(matches)
	}
	m := matches[0]
	m.Encoding, m.Variable, m.Allowed, m.Why = []string{"base64"}, "KEY", true, "for a reason"
	h := Hit{Hit: search.Hit{Match: m, From: search.Position{Line: 3, Column: 4}, To: search.Position{Line: 3, Column: 44}, Member: "a/" + token},
		Kind: result.KindBlob, Path: "p/" + token, ID: "ab12", Name: token, Header: "author"}
	saved, ok := h.Save(nil)
	text, err := json.Marshal(saved)
	if !ok || err != nil || strings.Contains(string(text), token[5:15]) {
		t.Fatalf("%v, %v, %v", saved, ok, err)
	}
	var read SavedHit
	if err := json.Unmarshal(text, &read); err != nil || !reflect.DeepEqual(read, saved) {
		t.Fatalf("%+v is read as %+v, %v", saved, read, err)
	}
	got, err := read.Hit(nil)
	if err != nil || got.Key() != h.Key() || got.Match.Secret.Reveal() != "" {
		t.Fatalf("%+v, %v", got, err)
	}
	h.Path, h.Name, h.Member = rules.Redact(h.Path), rules.Redact(h.Name), rules.Redact(h.Member)
	h.Match.Start, h.Match.End = 0, 0
	h.Match.Secret, got.Match.Secret = rules.Secret{}, rules.Secret{}
	if !reflect.DeepEqual(got, h) {
		t.Errorf("%+v, want %+v", got, h)
	}
	for _, change := range []func(s *SavedHit){
		func(s *SavedHit) { s.Rule = "no-such-rule" },
		func(s *SavedHit) { s.Mask = token },
		func(s *SavedHit) { s.ID = "" },
		func(s *SavedHit) { s.Kind = "other" },
		func(s *SavedHit) { s.Object = "../x" },
		func(s *SavedHit) { s.Confidence = 7 },
	} {
		bad := saved
		change(&bad)
		if _, err := bad.Hit(nil); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

// TestNotSaved: what somebody may guess, and what is in files here, is not for a file.
func TestNotSaved(t *testing.T) {
	long := rules.NewSecret(strings.Repeat("a1", 20), 0)
	for name, h := range map[string]Hit{
		"guessable": {Hit: search.Hit{Match: rules.Match{Rule: rules.All()[0], Secret: rules.NewSecret("short", 0)}}},
		"a file":    {Hit: search.Hit{Match: rules.Match{Rule: rules.All()[0], Secret: long}}, Root: &Root{}},
	} {
		if s, ok := h.Save(nil); ok {
			t.Errorf("%s: %+v", name, s)
		}
	}
}
