package rules

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestRemembered: a remembered secret is shown and compared like the one that it was
// made from, and has no value.
func TestRemembered(t *testing.T) {
	was := NewSecret(testToken(1), shown)
	s, err := Remembered(was.Mask(), was.ID())
	if err != nil {
		t.Fatal(err)
	}
	if s.Mask() != was.Mask() || s.ID() != was.ID() || s.Digest() != was.Digest() {
		t.Errorf("%s %s is not %s %s", s.Mask(), s.ID(), was.Mask(), was.ID())
	}
	if s.Reveal() != "" || !s.IsRemembered() || was.IsRemembered() || !was.Memorable() || s.Memorable() {
		t.Error("a remembered secret passes for one with a value, or the other way round")
	}
	text, err := json.Marshal(s)
	if err != nil || string(text) != `"`+was.Mask()+`"` || fmt.Sprintf("%v %+v %#v", s, &s, s) != strings.Repeat(was.Mask()+" ", 2)+was.Mask() {
		t.Errorf("it is shown as %s and %#v, %v", text, s, err)
	}
	var zero Secret
	if zero.IsRemembered() || zero.Memorable() || zero.Digest() == s.Digest() {
		t.Error("it passes for the empty credential")
	}
	if other := NewSecret(testToken(2), shown); other.Digest() == s.Digest() {
		t.Error("it passes for another one")
	}
}

// TestRememberedRefuses: neither a value nor a guessable credential gets in by the way
// of what is remembered.
func TestRememberedRefuses(t *testing.T) {
	good := NewSecret(testToken(1), shown)
	for _, mask := range []string{"", testToken(1), good.Mask() + "a", "a*b" + good.Mask(), "a\n" + good.Mask()[2:], strings.Repeat("*", guessable-1), "abcdefghijkl" + strings.Repeat("*", 60)} {
		if _, err := Remembered(mask, good.ID()); err == nil || mask != "" && strings.Contains(err.Error(), mask) {
			t.Errorf("the mask %q is taken, or shown: %v", NewSecret(mask, 3), err)
		}
	}
	for _, id := range []string{"", good.ID()[1:], strings.ToUpper(good.ID()[:15]) + "A", strings.Repeat("g", 16)} {
		if _, err := Remembered(good.Mask(), id); err == nil {
			t.Errorf("the id %q is taken", id)
		}
	}
	for _, text := range []string{"", "short", strings.Repeat("a", guessable-1), "abc**" + strings.Repeat("x", 40)} {
		if s := NewSecret(text, 11); s.Memorable() {
			t.Errorf("%v may be written to a file", s)
		}
	}
}
