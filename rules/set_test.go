package rules

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// ownRule returns a rule as a caller may write it. Its credentials are key- and
// twelve digits, with the anchor "acme" in the middle.
func ownRule() *Rule {
	return &Rule{
		ID: "acme-key", Name: "AcmeKey", Title: "Acme key", Description: "A key of Acme's.", Example: "key-123456acme******", Severity: "5.0",
		Remedy: Remedy{It: "the key", Page: "https://acme.test/keys", Disable: "delete the key", Renew: "Make another.", Another: ".", Short: "delete it",
			Harm: "order anvils", Read: "read it from a file"},
		Anchors: []Anchor{{Text: "acme", Find: findOwn}},
		Shown:   keeps(4),
	}
}

func findOwn(view []byte, at int) []Found {
	start, end := at-len("key-123456"), at+len("acme123456")
	if start < 0 || end > len(view) || !bytes.HasPrefix(view[start:], []byte("key-")) {
		return nil
	}
	f := Found{Start: start, End: end, Confidence: High}
	for _, c := range slices.Concat(view[start+len("key-"):at], view[at+len("acme"):end]) {
		if c < '0' || c > '9' {
			f.Why = "letters in it"
		}
	}
	return []Found{f}
}

const ownKey = "key-482913acme775120"

func ownSet(t *testing.T, list ...*Rule) *Set {
	t.Helper()
	s, err := NewSet(list...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestOwnRule adds a rule to those of the package. Its credentials must be found,
// judged and masked like others, and the Default set must not change.
func TestOwnRule(t *testing.T) {
	own := ownRule()
	s := ownSet(t, append(All(), own)...)
	if Default().ByID(own.ID) != nil || s.ByID(own.ID) != own || len(s.All()) != len(All())+1 || s.All()[0] != own {
		t.Errorf("the set has %d rules, and the default one %d", len(s.All()), len(All()))
	}
	text := "x = " + ownKey + "\ny = " + testToken(40)
	ms := s.Find(nil, []byte(text), 0, len(text))
	if len(ms) != 2 || ms[0].Rule != own || ms[0].Start != 4 || ms[0].Secret.Reveal() != ownKey || ms[0].Confidence != High || ms[1].Rule != APIToken {
		t.Fatal(summary(ms))
	}
	if got := ms[0].Secret.Mask(); got != "key-"+strings.Repeat("*", len(ownKey)-4) {
		t.Errorf("masked as %s", got)
	}
	if ms := findAll("x = " + ownKey); len(ms) != 0 {
		t.Error("the default set has the rule")
	}
	if got := s.Redact(text); strings.Contains(got, ownKey) || len(got) != len(text) {
		t.Errorf("redacted to %q", got)
	}
	long := ownRule()
	long.Shown = func(credential string) int { return len(credential) }
	long.Anchors[0].Find = func(view []byte, _ int) []Found { return []Found{{End: len(view)}} }
	many := strings.Repeat("acme", 15)
	if ms := ownSet(t, long).Find(nil, []byte(many), 0, len(many)); len(ms) == 0 || len(strings.TrimRight(ms[0].Secret.Mask(), "*")) != maxShown {
		t.Errorf("%d matches, or a mask that shows too much", len(ms))
	}
	low := strings.Replace(ownKey, "9", "n", 1)
	if ms := s.Find(nil, []byte(low), 0, len(low)); len(ms) != 1 || ms[0].Confidence != Low || ms[0].Why != "letters in it" {
		t.Errorf("a credential with a Why: %s", summary(ms))
	}
}

// TestOwnRuleInWindows cuts texts anywhere. The same must be found, and each match
// must have a hint.
func TestOwnRuleInWindows(t *testing.T) {
	s := ownSet(t, append(All(), ownRule())...)
	r := rand.New(rand.NewPCG(3, 15))
	for range 40 {
		var text []byte
		for range 40 {
			text = append(append(text, []string{ownKey, "acme", ownKey[:15], testToken(41), "REPLICATE_API_TOKEN=" + fakeHex}[r.IntN(5)]...), filler[:r.IntN(300)]...)
		}
		found := s.Find(nil, text, 0, len(text))
		want := describe(found)
		for range 60 {
			if split := r.IntN(len(text)); describe(inTwo(s.Find, text, split, Behind, Ahead)) != want {
				t.Fatalf("cut at %d: other matches are found", split)
			}
		}
		for _, m := range found {
			if m.Rule.ID == "acme-key" && !s.Hint(text, m.Start, m.End) {
				t.Fatal("a match without a hint")
			}
		}
	}
}

// TestSubset finds only the rules of a set.
func TestSubset(t *testing.T) {
	text := "REPLICATE_API_TOKEN=" + testToken(42) + "\nREPLICATE_TOKEN=" + fakeHex + "\nCOG_TOKEN=" + fakeCog + "\n"
	for _, list := range [][]*Rule{{APIToken}, {LegacyToken}, {CogToken, LegacyToken}, {WebhookSecret}, {}} {
		s := ownSet(t, list...)
		var got []*Rule
		for _, m := range s.Find(nil, []byte(text), 0, len(text)) {
			got = append(got, m.Rule)
		}
		slices.SortFunc(got, func(a, b *Rule) int { return strings.Compare(a.ID, b.ID) })
		want := slices.DeleteFunc(slices.Clone(list), func(r *Rule) bool { return r == WebhookSecret })
		if !slices.Equal(got, want) {
			t.Errorf("a set of %d rules found %d matches", len(list), len(got))
		}
	}
}

// TestRulesForNames searches a name, where only rules for names apply.
func TestRulesForNames(t *testing.T) {
	contents, names, both := ownRule(), ownRule(), ownRule()
	contents.In, names.In = Contents, Names
	for _, c := range []struct {
		rule           *Rule
		inText, inName int
	}{{contents, 1, 0}, {names, 0, 1}, {both, 1, 1}} {
		s := ownSet(t, APIToken, LegacyToken, c.rule)
		name := []byte(ownKey + ".txt")
		if n := len(s.FindName(nil, name)); n != c.inName || s.HintName(name, 0, len(name)) != (n > 0) {
			t.Errorf("in %d: %d in a name", c.rule.In, n)
		}
		if n := len(s.Find(nil, name, 0, len(name))); n != c.inText {
			t.Errorf("in %d: %d in a text", c.rule.In, n)
		}
	}
	text := []byte("REPLICATE_API_TOKEN=" + fakeHex)
	if ms := Default().FindName(nil, text); len(ms) != 0 || Default().HintName(text, 0, len(text)) {
		t.Errorf("a rule for contents found %s in a name", summary(ms))
	}
	if ms := Default().FindName(nil, []byte(testToken(43)+".txt")); len(ms) != 1 || ms[0].Rule != APIToken {
		t.Errorf("in a name: %s", summary(ms))
	}
}

// TestNilSet uses a nil set, which must be the Default one.
func TestNilSet(t *testing.T) {
	var s *Set
	text := testToken(44)
	if !slices.Equal(s.All(), All()) || s.ByID(APIToken.ID) != APIToken || !s.Holds(text) || s.Redact(text) == text ||
		len(s.Find(nil, []byte(text), 0, len(text))) != 1 || len(s.FindName(nil, []byte(text))) != 1 || !s.Hint([]byte("r8.im"), 0, 5) {
		t.Error("a nil set is not the default one")
	}
}

// TestInvalidFound returns positions from Find that it must not return. They are
// ignored, and nothing panics.
func TestInvalidFound(t *testing.T) {
	for _, f := range []Found{{Start: -1, End: 4}, {Start: 4, End: 4}, {Start: 6, End: 4}, {Start: 0, End: 1 << 20}, {Start: 1 << 20, End: 1<<20 + 1},
		{Start: 400, End: 404}, {Start: 512 + anchorReach + 1, End: 512 + anchorReach + 2}} {
		r := ownRule()
		r.Anchors[0].Find = func([]byte, int) []Found { return []Found{f} }
		text := []byte(filler + "acme" + filler)
		if ms := ownSet(t, r).Find(nil, text, 0, len(text)); len(ms) != 0 {
			t.Errorf("%d to %d was not ignored", f.Start, f.End)
		}
	}
}

// TestNewSetErrors spoils a rule in each way. The error must say what is wrong.
func TestNewSetErrors(t *testing.T) {
	for want, spoil := range map[string]func(*Rule){
		"its id needs":           func(r *Rule) { r.ID = "Acme Key" },
		"two rules have the id":  func(r *Rule) { r.ID = APIToken.ID },
		"no Title":               func(r *Rule) { r.Title = "" },
		"no Remedy.Disable":      func(r *Rule) { r.Remedy.Disable = "" },
		"severity":               func(r *Rule) { r.Severity = "high" },
		"use 0.0 to 10.0":        func(r *Rule) { r.Severity = "NaN" },
		"no anchors":             func(r *Rule) { r.Anchors = nil },
		"use 3 to 64 bytes":      func(r *Rule) { r.Anchors[0].Text = "ab" },
		"without a Find":         func(r *Rule) { r.Anchors[0].Find = nil },
		"text that does not exi": func(r *Rule) { r.In = 8 },
	} {
		r := ownRule()
		spoil(r)
		if _, err := NewSet(append(All(), r)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestSetOfOneRule makes a set of each rule alone. It must find the rule's
// credentials, and their hints.
func TestSetOfOneRule(t *testing.T) {
	texts := acceptTexts()
	for _, r := range All() {
		s := ownSet(t, r)
		for _, text := range texts[r] {
			if ms := s.Find(nil, []byte(text), 0, len(text)); len(ms) != 1 || ms[0].Rule != r {
				t.Errorf("%s: %s", Redact(text), summary(ms))
			}
			if r != APIToken && !s.Hint([]byte(text), 0, len(text)) {
				t.Errorf("%s: no hint", Redact(text))
			}
		}
	}
}
