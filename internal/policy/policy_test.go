package policy

import (
	"os"
	"path/filepath"
	"testing"

	"r8scan/internal/git/gittest"
	"r8scan/result"
	"r8scan/rules"
)

// TestPolicy lists who allows a finding.
func TestPolicy(t *testing.T) {
	token := rules.NewSecret(gittest.Token(1), 5)
	base, err := ParseBaseline([]byte(token.ID() + " replicate-api-token known\n"))
	if err != nil {
		t.Fatal(err)
	}
	line := func(path string) result.Location { return result.Location{Path: path, AllowedBy: result.AllowedByLine} }
	at := func(path string) result.Location { return result.Location{Path: path} }
	allow := func(expires string) *Config {
		return &Config{Allow: []Allowance{{ID: token.ID(), Reason: "why", Expires: expires}}}
	}
	for _, tt := range []struct {
		name       string
		p          Policy
		places     []result.Location
		by, reason string
	}{
		{"nobody", Policy{}, []result.Location{at("a")}, "", ""},
		{"every line", Policy{}, []result.Location{line("a"), line("b")}, result.AllowedByLine, ""},
		{"one line", Policy{}, []result.Location{line("a"), at("b")}, "", ""},
		{"places", Policy{exclude: compile("a")}, []result.Location{at("a/b"), at("c/a")}, result.AllowedByOwn, "exclude"},
		{"a place and a line", Policy{exclude: compile("a")}, []result.Location{line("b"), at("a")}, result.AllowedByOwn, "exclude"},
		{"a place of two", Policy{exclude: compile("a")}, []result.Location{at("a"), at("b")}, "", ""},
		{"what has no path", Policy{exclude: compile("**")}, []result.Location{at("")}, "", ""},
		{"what the user named", Policy{exclude: compile("dir"), top: "dir"}, []result.Location{at("dir/a")}, "", ""},
		{"its id", Policy{config: allow("")}, []result.Location{at("a")}, result.AllowedByOwn, "why"},
		{"its id, today", Policy{config: allow("2026-05-01")}, []result.Location{at("a")}, result.AllowedByOwn, "why"},
		{"its id, until yesterday", Policy{config: allow("2026-04-30")}, []result.Location{at("a")}, "", ""},
		{"its rule", Policy{config: &Config{Off: []string{rules.APIToken.ID}}}, []result.Location{at("a")}, result.AllowedByOwn, "the rule is off"},
		{"another rule", Policy{config: &Config{Off: []string{"other"}}}, []result.Location{at("a")}, "", ""},
		{"a baseline", Policy{baseline: base}, []result.Location{at("a")}, result.AllowedByBaseline, "known"},
		{"a baseline, and expired", Policy{baseline: base, config: allow("2026-04-30")}, []result.Location{at("a")}, result.AllowedByBaseline, "known"},
	} {
		p := tt.p
		p.today, p.by = "2026-05-01", result.AllowedByOwn
		if p.config == nil {
			p.config = &Config{}
		}
		if p.baseline == nil {
			p.baseline = &Baseline{}
		}
		f := result.Finding{Rule: rules.APIToken.ID, Secret: token, Locations: tt.places}
		a, ok := p.Allows(&f)
		if a.By != tt.by || a.Reason != tt.reason || ok != (tt.by != "") {
			t.Errorf("%s: %+v, %v", tt.name, a, ok)
		}
	}
}

// TestReasonIsMasked makes sure that a token in a reason is masked.
func TestReasonIsMasked(t *testing.T) {
	token := rules.NewSecret(gittest.Token(1), 5)
	p := Policy{by: result.AllowedByOwn, config: &Config{Allow: []Allowance{{ID: token.ID(), Reason: "it is " + token.Reveal()}}}}
	a, _ := p.Allows(&result.Finding{Secret: token, Locations: []result.Location{{}}})
	if want := "it is " + token.Mask(); a.Reason != want {
		t.Errorf("%q, want %q", a.Reason, want)
	}
}

// TestClone: what a tree says of itself is allowed in the scan of that tree only.
func TestClone(t *testing.T) {
	token, root := rules.NewSecret(gittest.Token(1), 5), t.TempDir()
	own := "allow:\n  - id: " + token.ID() + "\n    reason: known\n"
	if err := os.WriteFile(filepath.Join(root, OwnConfig), []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := Load("", "", rules.Default())
	if err != nil {
		t.Fatal(err)
	}
	c := p.Clone()
	if _, err := c.ReadOwn(root, ""); err != nil {
		t.Fatal(err)
	}
	for want, p := range map[bool]*Policy{true: c, false: p} {
		f := result.Finding{Rule: rules.APIToken.ID, Secret: token, Locations: []result.Location{{Path: "a"}}}
		if _, ok := p.Allows(&f); ok != want {
			t.Errorf("allowed: %v, want %v", ok, want)
		}
	}
}
